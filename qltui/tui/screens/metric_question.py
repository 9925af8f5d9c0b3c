"""What the metric screen asks: one process, the past of one camera's element, and the rows of its products."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qltui.instruments.base import Instrument, MetricDefinition
from qltui.tables.companions import worst_element
from qltui.tables.exposure import judgement_of
from qltui.tui.pictures.points import wanted_columns
from qltui.tui.screens.exposure_question import ExposureAnswer, ExposureChoice, read_exposure

if TYPE_CHECKING:
    from qltui.instruments.table_file import ProductTable
    from qltui.model import Judgement
    from qltui.store.details import PastValue, ProductRow
    from qltui.store.views import ProcessView

__all__ = ["MetricAnswer", "MetricChoice", "Rows", "choose_metric", "read_metric"]


@dataclass(frozen=True, slots=True)
class MetricChoice:
    """What is looked at; an empty name leaves it to what is worst, of `step` where that is named."""

    exposure: ExposureChoice = field(default_factory=ExposureChoice)
    camera: str = ""
    metric: str = ""
    element: str | None = None
    step: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """The tables of one camera's products, by product and HDU, and why those that are lacking are.

    `key` says of which process, camera and metric they are: the files of an ended camera do not change.
    """

    key: tuple[int, str, str] = (0, "", "")
    tables: Mapping[tuple[str, str], ProductTable] = field(default_factory=dict)
    faults: Mapping[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MetricAnswer:
    """What the record and the products say; `camera`, `metric` and `element` are the ones that were found."""

    exposure: ExposureAnswer = field(default_factory=ExposureAnswer)
    definition: MetricDefinition | None = None
    camera: str = ""
    element: str = ""
    judgement: Judgement | None = None
    past: tuple[PastValue, ...] = ()
    rows: Rows = field(default_factory=Rows)

    @property
    def process(self) -> ProcessView | None:
        """The process that is shown."""
        return self.exposure.process


def choose_metric(
    process: ProcessView, instrument: Instrument, choice: MetricChoice
) -> tuple[str, MetricDefinition | None, str]:
    """Return camera, metric and element: as chosen, else the worst camera, its worst metric, its worst element."""
    cameras = [camera for camera in instrument.cameras if camera.name in process.cameras]
    if not cameras:
        return "", None, ""
    worst = max(cameras, key=lambda item: _urgency(process, item.name))
    camera = next((item for item in cameras if item.name == choice.camera), worst)
    metrics = instrument.metrics_for(process.exposure.obstype, arm=camera.arm)
    every = instrument.metrics_for(process.exposure.obstype)
    definition = next((metric for metric in every if metric.name == choice.metric), None)
    if definition is None:
        metrics = tuple(metric for metric in metrics if metric.step == choice.step) or metrics
        judged = [(metric, judgement_of(process, camera.name, metric.name)) for metric in metrics]
        found = [(metric, judgement) for metric, judgement in judged if judgement is not None]
        definition = max(found, key=lambda pair: _rank(pair[1], pair[0]), default=(next(iter(metrics), None), None))[0]
    if definition is None:
        return camera.name, None, ""
    judgement = judgement_of(process, camera.name, definition.name)
    if judgement is None or not judgement.elements:
        return camera.name, definition, choice.element or ""
    if choice.element in judgement.elements:
        return camera.name, definition, choice.element
    return camera.name, definition, judgement.elements[worst_element(judgement)]


def _urgency(process: ProcessView, camera: str) -> int:
    # A camera that is not in the file has nothing to look into.
    view = process.cameras[camera]
    return view.status.severity if view.steps else -1


def _rank(judgement: Judgement, definition: MetricDefinition) -> tuple[int, bool]:
    return judgement.status.severity if _is_bad(judgement) else 0, bool(definition.unit)


def _is_bad(judgement: Judgement) -> bool:
    return judgement.status.value in ("WARNING", "ALARM", "UNKNOWN")


def read_metric(source: Any, choice: MetricChoice, instrument: Instrument, known: Rows) -> MetricAnswer:
    """Return what there is to see; call it in the thread of the reader, which may take its time over files.

    Parameters
    ----------
    source : Reader
        The record.
    choice : MetricChoice
        What is looked at.
    instrument : Instrument
        Its metrics and their pictures.
    known : Rows
        What was read last: the same rows are not read again.
    """
    from qltui.store import details

    exposure = read_exposure(source, choice.exposure, instrument.name)
    process = exposure.process
    if process is None:
        return MetricAnswer(exposure)
    camera, definition, element = choose_metric(process, instrument, choice)
    if definition is None:
        return MetricAnswer(exposure, None, camera)
    past = source.ask(details.last_values, instrument.name, definition.name, camera, element, process.number)
    key = (process.number, camera, definition.name)
    # Of a camera that still runs, files may be added.
    view = process.cameras.get(camera)
    final = view is not None and view.status.is_final
    rows = known if known.key == key and final else _read_rows(source, key, definition)
    judgement = judgement_of(process, camera, definition.name)
    return MetricAnswer(exposure, definition, camera, element, judgement, past, rows)


def _read_rows(source: Any, key: tuple[int, str, str], definition: MetricDefinition) -> Rows:
    """Read every table that the pictures of a metric need; what cannot be read is a fault in words."""
    from qltui.instruments.table_file import ProductError, read_columns
    from qltui.store import details

    process, camera, _ = key
    wanted = dict.fromkeys((picture.product, picture.hdu) for picture in definition.pictures if picture.product)
    if not wanted:
        return Rows(key)
    left = {product.kind: product for product in reversed(source.ask(details.products, process, camera))}
    tables: dict[tuple[str, str], ProductTable] = {}
    faults: dict[tuple[str, str], str] = {}
    for kind, hdu in wanted:
        product = left.get(kind)
        if product is None:
            faults[kind, hdu] = (
                f"{camera} left no {kind} file in process {process}: products are switched off, it was removed, or "
                "the camera did not come so far. The record has the values above"
            )
            continue
        columns = wanted_columns(definition.pictures, kind, hdu)
        try:
            tables[kind, hdu] = read_columns(product.path, hdu, columns)
        except ProductError as error:
            faults[kind, hdu] = f"{_name(product)}: {error}. The record has the values above"
    return Rows(key, tables, faults)


def _name(product: ProductRow) -> str:
    return product.path.rpartition("/")[2]
