"""A record in a temporary directory, and the making of exposures, judgements and whole processes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qltui.model import CameraReport, Exposure, Judgement, Product, Status, StepReport, Trigger, Verdict
from qltui.store.record import Store


@pytest.fixture
def database_path(tmp_path: Path) -> Path:
    return tmp_path / "qltui.db"


@pytest.fixture
def store(database_path: Path) -> Iterator[Store]:
    with Store.open(database_path) as opened:
        yield opened


@pytest.fixture
def make_exposure() -> Callable[..., Exposure]:
    def make(expid: int = 3579, *, obstype: str = "SCIENCE", night: int = 20191001, **changes: object) -> Exposure:
        values: dict[str, object] = {
            "path": f"/data/{night}/{expid:08d}/desi-{expid:08d}.fits.fz",
            "cameras": ("b0", "r0"),
            "exptime": 1000.0,
            # Ten exposures an hour, so that a later number is a later exposure.
            "mjd": 58757.9 + (night - 20191001) + (expid - 3500) / 240,
            "size": 1000,
            "mtime_ns": 1_570_000_000_000_000_000 + expid,
        }
        return Exposure("desi", night, expid, obstype, **(values | changes))  # type: ignore[arg-type]

    return make


@pytest.fixture
def make_judgement() -> Callable[..., Judgement]:
    def make(
        *values: float,
        metric: str = "NOISE_AMP",
        status: Status = Status.NORMAL,
        elements: tuple[str, ...] = ("A", "B", "C", "D"),
    ) -> Judgement:
        count = len(values)
        return Judgement(
            metric=metric,
            elements=elements[:count],
            values=values,
            references=(3.0,) * count,
            normal=((2.0, 4.0),) * count,
            warning=((-math.inf, 5.0),) * count,
            statuses=tuple(status if math.isfinite(value) else Status.UNKNOWN for value in values),
            reference_from="header",
            limit_set="abc",
        )

    return make


@pytest.fixture
def reduce(store: Store) -> Callable[..., int]:
    """Run a whole process through the record: one step, one judgement for each camera."""

    def run(
        exposure: Exposure,
        judgements: dict[str, Judgement],
        *,
        trigger: Trigger = Trigger.NEW,
        products: tuple[Product, ...] = (),
        fit: bool = False,
        status: Status = Status.NORMAL,
    ) -> int:
        number = store.enqueue(store.add_exposure(exposure), trigger, "observer", tuple(judgements))
        store.start_process(number)
        for camera, judgement in judgements.items():
            store.start_job(number, camera)
            store.start_step(number, camera, 1, "CHECK_CCDS")
            store.finish_step(number, camera, 1, StepReport("CHECK_CCDS", Status.NORMAL, 0.3), [judgement])
            store.finish_job(
                number, CameraReport(camera, 1, (), products, {"psf": "psf-b0.fits"}, 1.5), status, fit=fit
            )
        store.finish_process(number, Verdict(status, "as it is", (), len(judgements), len(judgements)))
        return number

    return run
