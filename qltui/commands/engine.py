"""From the site's configuration to what the engine is told."""

from __future__ import annotations

from collections.abc import Callable

from qltui.config import STRONGER, Config
from qltui.config_text import to_toml
from qltui.engine.settings import EngineSettings, options_of

__all__ = ["settings_for", "starter", "workflow_options"]


def workflow_options(config: Config) -> dict[str, str | float | int | bool]:
    """Return the settings of the workflow that every worker is handed."""
    return options_of(config)


def settings_for(config: Config, *, who: str) -> EngineSettings:
    """Return the engine's settings for a configuration; `who` is in whose name it runs."""
    data, calibration = config.data_directory, config.calibration_directory
    return EngineSettings(
        data_directory=str(data or ""),
        state_directory=str(config.state_directory),
        calibration_directory=str(calibration or ""),
        instrument=config.site.instrument,
        slots=config.engine.slots,
        in_flight=config.engine.in_flight,
        settle_seconds=config.engine.settle,
        rescan_seconds=config.engine.rescan,
        max_attempts=config.engine.attempts,
        backoff_seconds=config.engine.backoff,
        cameras_off=config.cameras.off,
        limits=config.paths.limits,
        products=config.engine.products,
        options=workflow_options(config),
        newest_nights=config.engine.nights,
        nice=config.engine.nice,
        disk_warning=config.disk.warning,
        disk_alarm=config.disk.alarm,
        disk_free_warning=config.disk.free_warning,
        disk_free_alarm=config.disk.free_alarm,
        disk_data_warning=config.disk.data_warning,
        disk_data_alarm=config.disk.data_alarm,
        keep_products=config.retention.products,
        keep_previews=config.retention.previews,
        keep_spectra=config.retention.spectra,
        keep_logs=config.retention.logs,
        keep_size=config.retention.size,
        make_room=config.retention.make_room,
        log_size=config.retention.log_size,
        log_files=config.retention.log_files,
        group_access=config.paths.group,
        backup_every=config.backup.every,
        backup_keep=config.backup.keep,
        export_to=config.export.to,
        export_what=config.export.what,
        export_obstypes=config.export.obstypes,
        configuration=to_toml(config),
        fixed=tuple(key for key, origin in config.origins.items() if origin in STRONGER),
        who=who,
    )


def starter(config: Config, *, who: str) -> Callable[[], int]:
    """Return what a screen calls to start an engine: it waits for it and returns its process number.

    It raises `qltui.engine.launch.EngineStartError` with cause and action.
    """

    def start() -> int:
        from qltui.engine.launch import EngineStartError, start_engine

        directory = config.data_directory
        if directory is None:
            msg = "no data directory is set; start the viewer with --data DIR, or set paths.data"
            raise EngineStartError(msg)
        if not directory.is_dir():
            msg = f"{directory} is not a directory; give the root that holds the nights with --data DIR"
            raise EngineStartError(msg)
        return start_engine(settings_for(config, who=who))

    return start
