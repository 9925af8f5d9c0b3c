"""What the engine is told: plain values, checked before anything is started."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Self

from qltui.config import Config

__all__ = ["FIELDS", "EngineSettings", "changed_settings", "options_of"]


FIELDS: Final[Mapping[str, str]] = {
    "paths.data": "data_directory",
    "paths.calibration": "calibration_directory",
    "paths.limits": "limits",
    "paths.group": "group_access",
    "engine.slots": "slots",
    "engine.in_flight": "in_flight",
    "engine.settle": "settle_seconds",
    "engine.rescan": "rescan_seconds",
    "engine.attempts": "max_attempts",
    "engine.backoff": "backoff_seconds",
    "engine.nights": "newest_nights",
    "engine.products": "products",
    "engine.nice": "nice",
    "cameras.off": "cameras_off",
    "disk.warning": "disk_warning",
    "disk.alarm": "disk_alarm",
    "disk.free_warning": "disk_free_warning",
    "disk.free_alarm": "disk_free_alarm",
    "disk.data_warning": "disk_data_warning",
    "disk.data_alarm": "disk_data_alarm",
    "retention.products": "keep_products",
    "retention.previews": "keep_previews",
    "retention.spectra": "keep_spectra",
    "retention.logs": "keep_logs",
    "retention.size": "keep_size",
    "retention.make_room": "make_room",
    "retention.log_size": "log_size",
    "retention.log_files": "log_files",
    "backup.every": "backup_every",
    "backup.keep": "backup_keep",
    "export.to": "export_to",
    "export.what": "export_what",
    "export.obstypes": "export_obstypes",
}
"""Fields of `EngineSettings` by the setting that they come from."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How one engine works.

    Attributes
    ----------
    data_directory : str
        Root of the raw data, ``NIGHT/EXPID`` below it. Only ever read.
    state_directory : str
        Database, lock, logs and products.
    calibration_directory : str
        The site's calibrations; empty where there are none.
    instrument : str
        Name of the instrument.
    executor : str
        ``"local"``, ``"serial"``, ``"dask"``, ``"mpi"`` or the name of an entry point.
    slots : int
        Workers; 0 for one for each processor.
    in_flight : int
        Exposures in reduction at the same time.
    settle_seconds, rescan_seconds : float
        A file is complete when it has not changed for the one; the directories are looked through every other [s].
    max_attempts : int
        How often a camera is tried.
    backoff_seconds : float
        Wait before the second attempt [s]; twice as long before the third, and so on.
    cameras_off : tuple of str
        Cameras that are not expected.
    limits : str
        The site's own limits file; empty for none.
    products : bool
        Whether products are written.
    options : mapping
        Settings of the workflow, handed to every task.
    nights : tuple of int
        Nights to watch; empty for the newest ones.
    newest_nights : int
        How many, where `nights` is empty.
    nice : int
        Courtesy of the workers.
    disk_warning, disk_alarm : float
        Used fractions of the disks of state and products at which something is said.
    disk_free_warning, disk_free_alarm : float
        Free room of those disks below which something is said [GB]; 0 for never.
    disk_data_warning, disk_data_alarm : float
        Used fractions of the data's disk at which something is said.
    keep_products, keep_previews, keep_spectra, keep_logs : int
        For how long each is kept [d]; 0 for good.
    keep_size : float
        What all products may have together [GB]; 0 for any size.
    make_room : bool
        Whether the oldest products go where the disk is at its alarm level.
    log_size, log_files : float, int
        From which size on a log is set aside [MB], and how many of the engine's are kept.
    backup_every, backup_keep : float, int
        Minutes between copies of the record, 0 for none; and how many are kept.
    export_to : str
        Where to each process is exported when it has ended; empty for nowhere.
    export_what, export_obstypes : tuple of str
        What of it, and of which types of exposures; empty for all.
    group_access : bool
        Whether the group may read a new state directory and write to the record.
    configuration : str
        The whole configuration as text, for the record.
    fixed : tuple of str
        Settings that environment or command line have set, which a version of the record does not change.
    who : str
        In whose name the engine runs.
    entry : str
        ``"module:name"`` of the function that a worker calls with a task and a listener for events.
    warm : bool
        Whether the workers' kernels are compiled and loaded before the first exposure.
    stop_grace : float
        Cameras in a worker may finish within so long [s] when the engine is told to stop.
    """

    data_directory: str
    state_directory: str
    calibration_directory: str = ""
    instrument: str = "desi"
    executor: str = "local"
    slots: int = 0
    in_flight: int = 2
    settle_seconds: float = 2.0
    rescan_seconds: float = 10.0
    max_attempts: int = 2
    backoff_seconds: float = 1.0
    cameras_off: tuple[str, ...] = ()
    limits: str = ""
    products: bool = True
    options: Mapping[str, str | float | int | bool] = field(default_factory=dict)
    nights: tuple[int, ...] = ()
    newest_nights: int = 1
    nice: int = 5
    disk_warning: float = 0.80
    disk_alarm: float = 0.92
    disk_free_warning: float = 0.0
    disk_free_alarm: float = 0.0
    disk_data_warning: float = 0.90
    disk_data_alarm: float = 0.97
    keep_products: int = 0
    keep_previews: int = 0
    keep_spectra: int = 0
    keep_logs: int = 0
    keep_size: float = 0.0
    make_room: bool = False
    log_size: float = 5.0
    log_files: int = 5
    backup_every: float = 0.0
    backup_keep: int = 2
    export_to: str = ""
    export_what: tuple[str, ...] = ()
    export_obstypes: tuple[str, ...] = ()
    group_access: bool = False
    configuration: str = ""
    fixed: tuple[str, ...] = ()
    who: str = ""
    entry: str = "qltui.instruments.run:reduce_camera"
    warm: bool = True
    stop_grace: float = 3.0

    def to_json(self) -> str:
        """Return these settings as text, for another process."""
        return json.dumps({**asdict(self), "options": dict(self.options)})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the settings that `to_json` has written."""
        values: dict[str, Any] = json.loads(text)
        for name, value in values.items():
            if isinstance(value, list):
                values[name] = tuple(value)
        return cls(**values)

    @property
    def slot_count(self) -> int:
        """Workers, with 0 resolved."""
        return self.slots or os.cpu_count() or 1

    @property
    def state(self) -> Path:
        """The state directory."""
        return Path(self.state_directory)

    @property
    def database(self) -> Path:
        """The record."""
        return self.state / "qltui.db"

    @property
    def logs(self) -> Path:
        """Where logs go."""
        return self.state / "logs"

    @property
    def products_directory(self) -> Path:
        """Root of the products, ``NIGHT/EXPID/PROCESS`` below it."""
        return self.state / "products"


def options_of(config: Config) -> dict[str, str | float | int | bool]:
    """Return the settings of the workflow that every worker is handed."""
    return asdict(config.reduction)


def changed_settings(settings: EngineSettings, config: Config, keys: Iterable[str]) -> EngineSettings:
    """Return `settings` with what some settings of the configuration are.

    Parameters
    ----------
    settings : EngineSettings
        As the engine was told.
    config : Config
        With the new values.
    keys : iterable of str
        Which of them are new, ``"engine.in_flight"``; those that are none of the engine's business change nothing.
    """
    changes: dict[str, Any] = {}
    options = dict(settings.options)
    for key in keys:
        section, _, name = key.partition(".")
        value = getattr(getattr(config, section), name)
        if section == "reduction":
            options[name] = value
        elif key in FIELDS:
            changes[FIELDS[key]] = value
    return replace(settings, options=options, **changes)
