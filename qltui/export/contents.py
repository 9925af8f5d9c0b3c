"""What an export of a process or a night consists of: a list of files, each with how it is made."""

from __future__ import annotations

import functools
import json
import tomllib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from qltui.config import Config, ConfigError, with_version
from qltui.documents import parse_toml
from qltui.export import reduced
from qltui.export.ledger import Entry
from qltui.export.png import write_picture
from qltui.export.verified import copy_into
from qltui.instruments.base import Instrument, ProductKind
from qltui.model import CameraTask
from qltui.store.exporting import ProductFile, checksums_of, configuration_of, product_files
from qltui.store.extract import extract
from qltui.store.history import NightWish, field_of, night_page
from qltui.store.reader import Reader
from qltui.store.views import CameraView, ProcessView
from qltui.tables.exposure import step_table, value_table
from qltui.tables.night import night_table
from qltui.tables.result import process_json
from qltui.tables.writers import to_ecsv

__all__ = ["GROUPS", "Item", "Unit", "night_unit", "process_unit"]

GROUPS: Final = {
    "reduced": "detrended images with mask, compressed; made again from the raw file where none was kept",
    "pictures": "pictures of the cameras and of the field, as PNG",
    "tables": "tables of fibres or sources, as FITS",
    "spectra": "spectra, as FITS",
    "calibrations": "what calibrates later exposures, as FITS",
    "measurements": "every value with its reference and limits, and the steps, as ECSV",
    "record": "the process as JSON, and as a record of its own in SQLite",
}
"""What can be asked for."""


@dataclass(frozen=True, slots=True)
class Item:
    """One file of an export.

    Attributes
    ----------
    entry : Entry
        What will stand in the product log; size and checksum are not known yet.
    make : callable
        Writes the file under a path that it is given; can be sent to another process.
    sha256 : str
        What it must have; empty where that is not known before.
    size : int
        About how large it will be [bytes].
    fresh : bool
        Whether it is made anew each time, because what it tells may have changed.
    heavy : bool
        Whether it is work for a process of its own.
    """

    entry: Entry
    make: Callable[[Path], None]
    sha256: str = ""
    size: int = 0
    fresh: bool = False
    heavy: bool = False


@dataclass(frozen=True, slots=True)
class Unit:
    """One directory of an export: its files, and what cannot be had, in words.

    Attributes
    ----------
    place : str
        Below the target, ``"desi/20191001/00003579/000006"``.
    about : mapping
        What the product log says of all of it.
    """

    place: str
    about: dict[str, object]
    items: tuple[Item, ...]
    missing: tuple[str, ...] = ()


def process_unit(reader: Reader, process: ProcessView, instrument: Instrument, groups: Collection[str]) -> Unit:
    """Return what there is to export of one process.

    Parameters
    ----------
    reader : Reader
        The record.
    process : ProcessView
        One that has come to its end.
    instrument : Instrument
        Whose it is.
    groups : collection of str
        Of `GROUPS`.
    """
    exposure = process.exposure
    maker = _Maker(reader, process, instrument)
    found = list(maker.products(groups))
    if "reduced" in groups:
        found += maker.reduced_images()
    if "measurements" in groups:
        found += maker.measurements()
    if "record" in groups:
        found += maker.record()
    items = tuple(item for item in found if isinstance(item, Item))
    missing = tuple(item for item in found if isinstance(item, str))
    place = f"{instrument.name}/{exposure.night:08d}/{exposure.expid:08d}/{process.number:06d}"
    about = {
        "instrument": instrument.name,
        "night": exposure.night,
        "expid": exposure.expid,
        "process": process.number,
        "status": process.verdict.status.value,
        "headline": process.verdict.headline,
        "raw": {"path": exposure.path, "size": exposure.size, "revision": exposure.revision},
        "code_version": process.code_version,
        "configuration": process.configuration,
        "limit_set": process.limit_set,
        "missing": list(missing),
    }
    return Unit(place, about, items, missing)


def night_unit(
    reader: Reader, instrument: Instrument, night: int, processes: Sequence[int], groups: Collection[str]
) -> Unit:
    """Return what there is to export of a night as a whole: the table of its exposures, and its record."""
    items = []
    if "measurements" in groups:
        wish = NightWish(instrument.name, night, night, limit=100_000, field=field_of(instrument))
        table = night_table(reader.ask(night_page, wish), instrument)
        entry = Entry("night.ecsv", 0, "", "measurements", "night", "exposures of the night", source="made")
        items.append(Item(entry, functools.partial(_write_text, to_ecsv(table)), fresh=True))
    if "record" in groups:
        entry = Entry("record.db", 0, "", "record", "sqlite", "record of the night, SQLite", source="made")
        items.append(Item(entry, functools.partial(_write_record, reader.path, tuple(processes)), fresh=True))
    about: dict[str, object] = {"instrument": instrument.name, "night": night, "processes": list(processes)}
    return Unit(f"{instrument.name}/{night:08d}", about, tuple(items))


class _Maker:
    """Lists the files of one process."""

    def __init__(self, reader: Reader, process: ProcessView, instrument: Instrument) -> None:
        self.reader = reader
        self.process = process
        self.instrument = instrument
        self.files = {(file.camera, file.kind): file for file in reader.ask(product_files, process.number)}
        self.kinds = {kind.kind: kind for kind in instrument.products}

    def entry(self, path: str, group: str, kind: str, title: str, **more: str) -> Entry:
        """Return the line of the product log of a file."""
        process = self.process
        return Entry(
            path,
            0,
            "",
            group,
            kind,
            title,
            expid=process.exposure.expid,
            process=process.number,
            code_version=process.code_version,
            configuration=process.configuration,
            limit_set=process.limit_set,
            **{"source": "made", **more},
        )

    def name(self, kind: str, camera: str, suffix: str) -> str:
        """Return the name of a product's file; of nothing that a file or a header says."""
        return f"{kind}-{camera}-{self.process.exposure.expid:08d}.{suffix}"

    def products(self, groups: Collection[str]) -> Iterator[Item | str]:
        """Yield what was left, as it is or as a picture; what was cleared from the disk as words."""
        for (camera, name), file in self.files.items():
            kind = self.kinds.get(name)
            if kind is None or kind.group not in groups or kind.group == "reduced":
                continue
            if file.removed:
                yield f"{kind.title} of {camera} was cleared from the disk; reprocess the exposure for it"
            elif kind.group == "pictures":
                yield self._picture(camera, kind, file)
            else:
                entry = self._entry_of(camera, kind, file, self.name(name, camera, "fits"))
                make = functools.partial(copy_into, file.path, sha256=file.sha256)
                yield Item(entry, functools.partial(_swapped, make), file.sha256, file.size)

    def _entry_of(self, camera: str, kind: ProductKind, file: ProductFile, path: str) -> Entry:
        return self.entry(
            path, kind.group, kind.kind, kind.title,
            camera=camera, step=kind.step, source=file.path, source_sha256=file.sha256,
        )  # fmt: skip

    def _picture(self, camera: str, kind: ProductKind, file: ProductFile) -> Item:
        exposure, process = self.process.exposure, self.process
        words = {
            "Title": f"{self.instrument.title} {exposure.expid} {camera}: {kind.title}",
            "Description": f"night {exposure.night}, {exposure.obstype} {exposure.program}".strip(),
            "Software": f"qltui {process.code_version}, process {process.number}",
        }
        entry = self._entry_of(camera, kind, file, self.name(kind.kind, camera, "png"))
        return Item(entry, functools.partial(write_picture, file.path, kind.image, words), size=file.size // 4)

    def reduced_images(self) -> Iterator[Item | str]:
        """Yield the reduced image of each camera that was reduced."""
        kind, exposure = self.kinds.get(reduced.KIND), self.process.exposure
        if kind is None:
            return
        for camera in self.instrument.cameras:
            view = self.process.cameras.get(camera.name)
            if view is None or not view.steps or camera.name not in exposure.cameras:
                continue
            path, file = self.name(kind.kind, camera.name, "fits.fz"), self.files.get((camera.name, kind.kind))
            size = max(exposure.size // max(len(exposure.cameras), 1), 1)
            if file is not None and not file.removed:
                entry = self._entry_of(camera.name, kind, file, path)
                make: Callable[[Path], None] = functools.partial(
                    reduced.compress, file.path, exposure.expid, self._facts(view)
                )
            else:
                entry = self.entry(
                    path, kind.group, kind.kind, f"{kind.title}, reduced again", camera=camera.name, step=kind.step,
                    source=f"made of {exposure.path}",
                )  # fmt: skip
                make = functools.partial(reduced.remake, self._task(view), exposure.expid, self._facts(view))
            yield Item(entry, make, size=size, heavy=True)

    def _facts(self, view: CameraView) -> reduced.Facts:
        sums = self.reader.ask(checksums_of, view.camera, tuple(sorted(view.calibrations.items())))
        process = self.process
        return reduced.Facts(process.code_version, process.configuration, process.limit_set, tuple(sums.items()))

    def _task(self, view: CameraView) -> CameraTask:
        """Return what a worker was told of a camera then: the same calibrations and settings."""
        kinds = set(self.instrument.calibration_products.values())
        config = self._configuration
        return CameraTask(
            exposure=self.process.exposure,
            camera=view.camera,
            calibration_directory=str(config.calibration_directory or ""),
            night_calibrations={kind: path for kind, path in view.calibrations.items() if kind in kinds},
            options=asdict(config.reduction),
            process=self.process.number,
            attempt=view.attempt,
        )

    @functools.cached_property
    def _configuration(self) -> Config:
        content = self.reader.ask(configuration_of, self.process.number)
        try:
            known = parse_toml(content)
            # Of the place and of the screens nothing is needed, and what only decides where the record lies is refused.
            kept = {name: known[name] for name in ("reduction",) if name in known}
            paths = {"calibration": known.get("paths", {}).get("calibration", "")}
            text = "".join(_section(name, values) for name, values in {**kept, "paths": paths}.items())
            return with_version(Config(), text, f"process {self.process.number}")
        except (tomllib.TOMLDecodeError, ConfigError, AttributeError):
            # Of a record that was not written by us: what holds everywhere.
            return Config()

    def measurements(self) -> Iterator[Item]:
        """Yield the values and the steps."""
        values = value_table(self.process, self.instrument, (), (), rounded=False)
        steps = step_table(self.process, self.instrument)
        for table, name, title in ((values, "measurements", "every value"), (steps, "steps", "steps")):
            entry = self.entry(f"{name}-{self.process.exposure.expid:08d}.ecsv", "measurements", name, title)
            yield Item(entry, functools.partial(_write_text, to_ecsv(table)), fresh=True)

    def record(self) -> Iterator[Item]:
        """Yield the process as JSON and as a record."""
        document = process_json(self.process, self.instrument)
        exposure_id = self.reader.exposure_id(
            self.instrument.name, self.process.exposure.night, self.process.exposure.expid
        )
        if exposure_id is not None:
            document["comments"] = [asdict(comment) for comment in self.reader.comments(exposure_id)]
        text = json.dumps(document, indent=1, default=str) + "\n"
        entry = self.entry("process.json", "record", "json", "the process, JSON")
        yield Item(entry, functools.partial(_write_text, text), fresh=True)
        entry = self.entry("record.db", "record", "sqlite", "the process as a record, SQLite")
        yield Item(entry, functools.partial(_write_record, self.reader.path, (self.process.number,)), fresh=True)


def _section(name: str, values: Any) -> str:
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join([f"[{name}]", *lines, ""])


def _swapped(make: Callable[..., None], target: Path) -> None:
    make(target=target)


def _write_text(text: str, target: Path) -> None:
    target.write_text(text, encoding="utf-8")


def _write_record(source: Path, processes: tuple[int, ...], target: Path) -> None:
    extract(source, target, processes)
