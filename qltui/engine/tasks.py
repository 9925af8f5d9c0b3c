"""What a worker is told of one camera: the exposure, its calibrations, and what has been made of the others."""

from __future__ import annotations

from typing import Final

from qltui.engine.runs import Run
from qltui.instruments.base import Instrument
from qltui.model import CameraTask, Exposure
from qltui.store.calibrations import frames
from qltui.store.codec import exposure_time
from qltui.store.products import left_files
from qltui.store.record import Store

__all__ = ["camera_task"]

_BEFORE_ITSELF: Final = 1e-6
"""An exposure does not calibrate itself when it is reduced again [d]."""


def camera_task(store: Store, run: Run, camera: str, attempt: int) -> CameraTask:
    """Return the task of one camera of a process in flight, with all that calibrates it at this moment.

    Parameters
    ----------
    store : Store
        Knows products and frames that were judged fit.
    run : Run
        The process.
    camera : str
        One of its cameras, or the field.
    attempt : int
        From 1.
    """
    exposure, instrument = run.queued.exposure, run.instrument
    kinds = tuple(instrument.calibration_products.values())
    before = exposure_time(exposure) / 86400.0 + 40587.0 - _BEFORE_ITSELF
    products = ""
    settings = run.settings
    if settings.products:
        place = f"{exposure.night:08d}/{exposure.expid:08d}/{run.number:06d}"
        products = str(settings.products_directory / place)
    return CameraTask(
        exposure=exposure,
        camera=camera,
        calibration_directory=settings.calibration_directory,
        night_calibrations=store.night_calibrations(
            *(exposure.instrument, camera, before, kinds),
            None if instrument.calibrations_last else exposure.night,
            program=exposure.program,
            by_program=instrument.calibrations_by_program,
        ),
        frames=_frames(store, instrument, exposure, camera) if camera != run.field else (),
        gathered=run.gathered() if camera == run.field else {},
        gathered_products=_gathered_products(store, run) if camera == run.field else {},
        products_directory=products,
        options=settings.options,
        process=run.number,
        attempt=attempt,
    )


def _frames(store: Store, instrument: Instrument, exposure: Exposure, camera: str) -> tuple[str, ...]:
    """Return the raw files that a master is made of besides the exposure itself."""
    most = instrument.combine.get(exposure.obstype, 0) - 1
    if most < 1:
        return ()
    night, kind = (exposure.instrument, exposure.night), (exposure.obstype, exposure.program)
    return store.ask(frames, *night, *kind, camera, exposure_time(exposure), most)


def _gathered_products(store: Store, run: Run) -> dict[str, dict[str, str]]:
    """Return what the cameras of a process wrote, by camera and kind."""
    found: dict[str, dict[str, str]] = {}
    for file in store.ask(left_files, run.number):
        found.setdefault(file.camera, {})[file.kind] = file.path
    return found
