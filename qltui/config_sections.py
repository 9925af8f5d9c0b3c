"""The sections of the site configuration: every setting with its default, meaning, unit and what is allowed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "Alarms",
    "Backup",
    "Cameras",
    "Disk",
    "Display",
    "Engine",
    "Export",
    "Keys",
    "Paths",
    "Reduction",
    "Retention",
    "Site",
]


def _setting(
    default: Any,
    doc: str,
    *,
    unit: str = "",
    choices: tuple[str, ...] = (),
    minimum: float | None = None,
    maximum: float | None = None,
) -> Any:
    """Declare one setting with everything that help, validation and the template need."""
    metadata = {"doc": doc, "unit": unit, "choices": choices, "minimum": minimum, "maximum": maximum}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Site:
    """Where we are and who looks."""

    instrument: str = _setting("desi", "The instrument that is watched.", choices=("desi", "decam"))
    name: str = _setting("", "Name of the site, shown at the top of the screen.")
    timezone: str = _setting("", "IANA name, for the local night; empty for the instrument's own.")
    observer: str = _setting("", "Who is observing; empty for the login name.")
    location: str = _setting(
        "",
        'Latitude, east longitude [deg], elevation [m]: "31.964, -111.600, 2097"; empty for the instrument\'s own.',
    )


@dataclass(frozen=True, slots=True)
class Paths:
    """Directories and files."""

    data: str = _setting("", "Root of the raw data, NIGHT/EXPID below it. Only ever read.")
    state: str = _setting("", "Database, logs and products; on a local disk. Empty for the user's state directory.")
    group: bool = _setting(False, "Let the group read a new state directory and give commands; else its owner alone.")
    calibration: str = _setting("", "Calibrations; empty for $DESI_SPECTRO_CALIB, or none.")
    limits: str = _setting("", "The site's own limits.toml, on top of the instrument's.")


@dataclass(frozen=True, slots=True)
class Engine:
    """How the engine works."""

    slots: int = _setting(0, "Worker processes; 0 for one for each processor.", minimum=0, maximum=256)
    in_flight: int = _setting(2, "Exposures in reduction at the same time.", minimum=1, maximum=8)
    settle: float = _setting(
        2.0, "A file is complete when it has not changed for so long.", unit="s", minimum=0.0, maximum=600.0
    )
    rescan: float = _setting(
        10.0,
        "The data directory is looked through this often, whatever the hints say.",
        unit="s",
        minimum=0.2,
        maximum=3600.0,
    )
    attempts: int = _setting(2, "How often a camera is tried before it is FAILED.", minimum=1, maximum=10)
    backoff: float = _setting(
        1.0, "Wait before a camera is tried again; doubled each time.", unit="s", minimum=0.0, maximum=600.0
    )
    nights: int = _setting(1, "How many of the newest nights are watched.", minimum=1, maximum=3650)
    products: bool = _setting(True, "Write per-fibre tables, spectra and previews.")
    nice: int = _setting(5, "Courtesy of the workers towards other programs.", minimum=0, maximum=19)


@dataclass(frozen=True, slots=True)
class Cameras:
    """Which cameras count."""

    off: tuple[str, ...] = _setting((), 'Cameras that are switched off and not expected, as ["z8"].')


@dataclass(frozen=True, slots=True)
class Reduction:
    """Parts of the workflow that can be switched off."""

    cosmics: bool = _setting(True, "Find cosmic rays.")
    preview: bool = _setting(True, "Write a small picture of each camera.")
    spectra: bool = _setting(True, "Write the spectra of each camera.")
    spectra_rows: int = _setting(
        4, "Rows of the detector in one bin of the spectra that are kept.", minimum=1, maximum=64
    )
    bias: bool = _setting(True, "Take off the master bias, of an imager.")
    flat: bool = _setting(True, "Divide by the master flat, of an imager.")
    sources: bool = _setting(True, "Extract sources and measure the background, of an imager.")
    qa: bool = _setting(True, "Measure width and shape of stars, of an imager.")
    consolidate: bool = _setting(True, "Consolidate what the CCDs measured over the field, of an imager.")
    reduced: bool = _setting(False, "Keep the detrended image of each CCD; takes 40 MB for one of full size.")


@dataclass(frozen=True, slots=True)
class Disk:
    """When the disk is filling up."""

    warning: float = _setting(0.80, "Used fraction of the state's disk that is a WARNING.", minimum=0.0, maximum=1.0)
    alarm: float = _setting(0.92, "Used fraction of the state's disk that is an ALARM.", minimum=0.0, maximum=1.0)
    free_warning: float = _setting(
        0.0, "Less than this free for state or products is a WARNING.", unit="GB", minimum=0.0, maximum=1e6
    )
    free_alarm: float = _setting(
        0.0, "Less than this free for state or products is an ALARM.", unit="GB", minimum=0.0, maximum=1e6
    )
    data_warning: float = _setting(
        0.90, "Used fraction of the raw data's disk that is a WARNING.", minimum=0.0, maximum=1.0
    )
    data_alarm: float = _setting(
        0.97, "Used fraction of the raw data's disk that is an ALARM.", minimum=0.0, maximum=1.0
    )


@dataclass(frozen=True, slots=True)
class Retention:
    """How long what was made is kept; `qltui clear --dry-run` says what would go, and raw data never does."""

    products: int = _setting(
        0, "Tables and all other products are kept for so long; 0 for good.", unit="d", minimum=0, maximum=36500
    )
    previews: int = _setting(0, "Pictures are kept for so long; 0 for good.", unit="d", minimum=0, maximum=36500)
    spectra: int = _setting(
        0, "Spectra and reduced images are kept for so long; 0 for good.", unit="d", minimum=0, maximum=36500
    )
    logs: int = _setting(
        0, "Log files and lines of the log are kept for so long; 0 for good.", unit="d", minimum=0, maximum=36500
    )
    size: float = _setting(
        0.0, "All products may have this size, the oldest go first; 0 for any.", unit="GB", minimum=0.0, maximum=1e6
    )
    make_room: bool = _setting(
        False, "Remove the oldest products where the disk is at its alarm level, until it is not."
    )
    log_size: float = _setting(
        5.0, "A log file of this size is set aside, and a new one begun.", unit="MB", minimum=0.1, maximum=1e4
    )
    log_files: int = _setting(5, "So many of the engine's logs that were set aside are kept.", minimum=1, maximum=99)


@dataclass(frozen=True, slots=True)
class Backup:
    """Copies of the record, below the state directory; `qltui db backup` makes one by hand."""

    every: float = _setting(
        1440.0, "A copy is made this often while the engine runs; 0 for never.", unit="min", minimum=0.0, maximum=1e6
    )
    keep: int = _setting(2, "How many are kept; a season's record has some gigabytes.", minimum=1, maximum=1000)


@dataclass(frozen=True, slots=True)
class Export:
    """What is copied out by itself after each process; `qltui export` does it by hand."""

    to: str = _setting("", "Directory to export to, on another disk; empty for none.")
    what: tuple[str, ...] = _setting(
        (),
        "Parts that are exported; all where none is named.",
        choices=("reduced", "pictures", "tables", "spectra", "calibrations", "measurements", "record"),
    )
    obstypes: tuple[str, ...] = _setting((), 'Types of exposures, as ["SCIENCE"]; all where none is named.')


@dataclass(frozen=True, slots=True)
class Alarms:
    """What calls the observer."""

    bell: bool = _setting(True, "Ring the terminal's bell for a new alarm, once for each exposure and cause.")
    levels: tuple[str, ...] = _setting(
        ("ALARM",), "Statuses that ring the bell.", choices=("WARNING", "UNKNOWN", "MISSING", "FAILED", "ALARM")
    )


@dataclass(frozen=True, slots=True)
class Display:
    """How it looks."""

    theme: str = _setting("day", "Colours of the screen.", choices=("day", "night-red", "mono"))
    charset: str = _setting("auto", "Characters of grids and charts.", choices=("auto", "braille", "block", "ascii"))
    mouse: str = _setting(
        "auto", "auto is off over SSH, so that the terminal's own copy works.", choices=("auto", "on", "off")
    )


@dataclass(frozen=True, slots=True)
class Keys:
    """Other keys than the program's own."""

    bindings: tuple[str, ...] = _setting(
        (), 'Keys by action, as ["app.theme=f6"]; docs/keys.md has the names of all actions.'
    )
