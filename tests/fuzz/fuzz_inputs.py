"""Good inputs that are spoiled: rows of the command table, command lines, settings, limits, tables."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["COMMANDS", "COMMAND_LINES", "DETECTORS", "ECSV", "LIMITS", "SETTINGS"]

COMMANDS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("reprocess", {"expid": 3578, "night": 20191001, "cameras": ["b0", "r0"]}),
    ("cancel", {"process": 1}),
    ("pause", {}),
    ("resume", {}),
    ("mode", {"mode": "manual", "catch_up": True}),
    ("observer", {"name": "ada"}),
    ("clear", {"kinds": ["products", "logs"], "days": 30}),
    ("acknowledge", {"alarm": [1, 2]}),
    ("comment", {"expid": 3578, "text": "clouds", "process": 1}),
    ("edit_comment", {"comment": 1, "text": "fog"}),
    ("delete_comment", {"comment": 1}),
    ("flag", {"expid": 3578, "value": "bad", "reason": "moon"}),
    ("mute", {"words": "b3 C", "minutes": 60}),
    ("unmute", {"words": "b3 C"}),
    ("select_cameras", {"name": "All", "cameras": ["b0"], "random": 3, "seed": 1}),
    ("save_selection", {"name": "mine", "cameras": ["b0"]}),
    ("delete_selection", {"name": "mine"}),
    ("save_configuration", {"kind": "settings", "name": "n", "content": "[engine]\nslots = 2", "reason": "r"}),
    (
        "save_configuration",
        {"kind": "limits", "name": "l", "content": '[[limit]]\nmetric = "NOISE_AMP"', "reason": "r"},
    ),
    ("select_configuration", {"kind": "settings", "version": 1}),
    ("reset_configuration", {"kind": "limits"}),
    ("default_configuration", {"kind": "settings", "version": 1}),
)
"""Name and arguments."""

COMMAND_LINES: Final = (
    "night 20191001 --filter expid>=3577 --limit 20 --json",
    "night 20191001-20191002 --statistics --csv",
    "exposure 3577 --camera b0 --metric SKYCONT --json",
    "exposure 3578 --process 5 --verdict --all-columns",
    "trend SKYCONT --against AIRMASS --cameras b0 r0 --nights 30 --json",
    "trend NOISE_AMP --elements A B --obstype SCIENCE --by camera --bins 10 --ecsv",
    "trend SKYCONT --over EXPTIME --nights 20191001-20191003 --program dark --fit",
    "log 3577 --level warning --search b0 --lines 50 --csv",
    "log --all --json",
    "status --json",
    "status --line",
)
"""Words of commands that only read the record."""

ECSV: Final = b"""# %ECSV 1.0
# ---
# datatype:
# - {name: NIGHT, datatype: int32}
# - {name: EXPID, datatype: int64}
# - {name: QA, datatype: string, description: by the morning crew}
# - {name: DEPTH, unit: mag, datatype: float64}
# meta: !!omap
# - {who: ada}
# schema: astropy-2.0
NIGHT EXPID QA DEPTH
20191001 3578 good 22.1
20191001 3579 "not good" ""
"""

SETTINGS: Final = b"""[site]
instrument = "decam"
observer = "ada"
location = "31.964, -111.600, 2097"
[paths]
data = "/data"
group = true
[engine]
slots = 4
settle = 2.5
[cameras]
off = ["z8", "b1"]
[disk]
warning = 0.8
[display]
theme = "night-red"
[keys]
bindings = ["app.theme=f6"]
"""

LIMITS: Final = b"""[[limit]]
metric = "NOISE_AMP"
camera = ["b3", "r1"]
normal = [-1, 1]
warning = [-2.5, 2]
reference = ["header", "history:20", 3.5]
valid_from = 20190901
obstype = ["SCIENCE"]

[[limit]]
metric = "NOISE_AMP"
arm = "z"
normal = [-1.5, 1.5]
warning = [-3, 3]
in_a_row = 3
valid_from = 20200101
"""

DETECTORS: Final = b"""[[fault]]
ccd = "N30"
kind = "dead"
first = 20121116
reason = "over-illuminated"
source = "the observatory"

[[fault]]
ccd = "S7"
amplifier = "B"
kind = "unstable"
first = 20120912
last = 20250101
reason = "its gain drifts"
source = "the observatory"
"""
