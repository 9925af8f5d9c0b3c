"""Everything of ours that reads what others wrote, with good inputs to begin with and the errors that it may give."""

from __future__ import annotations

import gzip
import json
import random
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "faults"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tui"))

from fuzz_inputs import COMMAND_LINES, COMMANDS, DETECTORS, ECSV, LIMITS, SETTINGS
from fuzz_mutations import mutate_fits, mutate_text
from makers import KINDS, fibermap
from raw_bytes import join

__all__ = ["READERS", "Reader"]

_CORPUS: Final = Path(__file__).with_name("corpus")
_SAMPLES: Final = Path(__file__).resolve().parents[2] / "sample_data"
_NIGHT, _EXPID = 20191001, 3578


@dataclass(frozen=True)
class Reader:
    """One way of reading.

    Attributes
    ----------
    path : Path
        Where an input is put.
    bases : tuple of bytes
        Good ones, and those that once broke something.
    read : callable
        Reads the file at a path.
    refuses : tuple of type
        Its own errors, which have words for a person.
    mutate : callable
        Spoils a good one.
    """

    path: Path
    bases: tuple[bytes, ...]
    read: Callable[[Path], object]
    refuses: tuple[type[Exception], ...]
    mutate: Callable[[bytes, random.Random], bytes] = mutate_fits


def _kept(*names: str) -> tuple[bytes, ...]:
    """Return inputs of the corpus whose names begin so, in the order of their names."""
    return tuple(gzip.decompress(path.read_bytes()) for name in names for path in sorted(_CORPUS.glob(f"{name}*.gz")))


def _raw_errors() -> tuple[type[Exception], ...]:
    from qltui.instruments.errors import IncompleteFileError, InvalidFileError

    return (IncompleteFileError, InvalidFileError)


def _desi_raw(work: Path) -> Reader:
    from qltui.instruments.desi.files import inspect, read_camera, read_camera_header

    def read(path: Path) -> None:
        exposure = inspect(path)
        for camera in exposure.cameras[:2]:
            read_camera_header(exposure, camera)
            read_camera(exposure, camera)

    place = work / f"{_NIGHT}" / f"{_EXPID:08d}" / f"desi-{_EXPID:08d}.fits.fz"
    place.parent.mkdir(parents=True, exist_ok=True)
    good = join(KINDS["desi"].hdus(_EXPID, _NIGHT, cameras=("b0", "r0")))
    return Reader(place, (good, *_kept("desi-raw")), read, _raw_errors())


def _desi_fibermap(work: Path) -> Reader:
    from qltui.instruments.desi.fibermap import read_fibermap
    from qltui.instruments.desi.files import inspect

    directory = work / f"{_NIGHT}" / f"{_EXPID:08d}"
    directory.mkdir(parents=True, exist_ok=True)
    raw = directory / f"desi-{_EXPID:08d}.fits.fz"
    raw.write_bytes(join(KINDS["desi"].hdus(_EXPID, _NIGHT, cameras=("b0",))))
    exposure = inspect(raw)

    def read(_path: Path) -> None:
        found, reason = read_fibermap(exposure, "b0")
        assert found is not None or reason

    good = fibermap(_EXPID, _NIGHT)
    return Reader(directory / f"fibermap-{_EXPID:08d}.fits", (good, *_kept("fibermap")), read, ())


def _desi_traces(work: Path) -> Reader:
    from qltui.instruments.desi.traces_file import read_line_widths, read_traces
    from qltui.instruments.fits_scan import open_source

    def read(path: Path) -> None:
        source = open_source(path)
        read_traces(source, 4096)
        read_line_widths(source)

    good = [(_SAMPLES / "calib" / f"psf-{camera}.fits").read_bytes() for camera in ("b0", "z9")]
    return Reader(work / "psf-b0.fits", (*good, *_kept("linewidths", "traces")), read, _raw_errors())


def _desi_calibrations(work: Path) -> Reader:
    from qltui.instruments.desi.calibration_images import read_bias_levels, read_fiberflat, read_flux_calibration
    from qltui.instruments.fits_scan import open_source

    errors = _raw_errors()

    def read(path: Path) -> None:
        refused: list[Exception] = []
        for one in (read_fiberflat, read_bias_levels, read_flux_calibration):
            try:
                one(open_source(path))
            except errors as error:
                refused.append(error)
        if len(refused) == 3:
            raise refused[0]

    return Reader(work / "calibration.fits", _kept("fiberflat", "biaslevels"), read, errors)


def _decam_raw(work: Path) -> Reader:
    from qltui.instruments.decam.files import inspect, read_ccd
    from qltui.instruments.decam.wcs import read_wcs

    def read(path: Path) -> None:
        exposure = inspect(path)
        for camera in exposure.cameras[:2]:
            read_wcs(read_ccd(path, camera).header)

    good = join(KINDS["decam"].hdus(229394, 20130831))
    return Reader(work / "DECam_00229394.fits.fz", (good, *_kept("decam-raw")), read, _raw_errors())


def _decam_masters(work: Path) -> Reader:
    from qltui.instruments.decam.calibration import read_calibration
    from qltui.model import Exposure

    place = work / "masterbias-N4-00229389.fits"
    exposure = Exposure("decam", 20130831, 229394, "SCIENCE", str(place), program="z", cameras=("N4",))

    def read(path: Path) -> None:
        found = read_calibration(
            exposure, "N4", (256, 128), kinds=("bias",), directory="", products={"masterbias": str(path)}
        )
        assert found.images or found.problems

    return Reader(place, _kept("masterbias"), read, ())


def _products(work: Path) -> Reader:
    from qltui.instruments.table_file import ProductError, list_hdus, read_columns, read_plane

    def read(path: Path) -> None:
        for hdu in list_hdus(path)[:6]:
            if hdu.kind == "TABLE":
                read_columns(path, hdu.index)
            elif hdu.kind == "IMAGE" and hdu.shape:
                read_plane(path, hdu.index)

    return Reader(work / "product.fits", _kept("fibers", "spectra", "sources"), read, (ProductError,))


def _pictures(work: Path) -> Reader:
    from qltui.instruments.field_file import read_field
    from qltui.instruments.preview_file import PICTURES, read_preview
    from qltui.instruments.table_file import ProductError

    def read(path: Path) -> None:
        refused: list[Exception] = []
        for picture in PICTURES:
            try:
                read_preview(path, picture)
            except ProductError as error:
                refused.append(error)
        try:
            read_field(path, "FIELD")
        except ProductError as error:
            refused.append(error)
        if len(refused) > len(PICTURES):
            raise refused[0]

    return Reader(work / "picture.fits", _kept("preview", "field"), read, (ProductError,))


def _headers(work: Path) -> Reader:
    from qltui.instruments.fits_headers import HeaderError, list_parts, read_cards

    def read(path: Path) -> None:
        for part in list_parts(path)[:8]:
            read_cards(path, part.index)

    good = (join(KINDS["decam"].hdus(229394, 20130831)), *_kept("sources", "fibers"))
    return Reader(work / "any.fits", good, read, (HeaderError,))


def _settings(work: Path) -> Reader:
    from qltui.config import ConfigError, load_config

    bases = (SETTINGS, *_kept("settings"))
    read = lambda path: load_config(files=[path], environment={})  # noqa: E731 - as short as it is
    return Reader(work / "qltui.toml", bases, read, (ConfigError,), mutate_text)


def _limits(work: Path) -> Reader:
    from qltui.instruments.base import get_instrument
    from qltui.quality.limits_file import LimitsError, load_limits

    instruments = (get_instrument("desi"), get_instrument("decam"))

    def read(path: Path) -> None:
        refused: list[Exception] = []
        for instrument in instruments:
            try:
                load_limits(instrument, str(path))
            except LimitsError as error:
                refused.append(error)
        if len(refused) == len(instruments):
            raise refused[0]

    return Reader(work / "limits.toml", (LIMITS, *_kept("limits")), read, (LimitsError,), mutate_text)


def _detectors(work: Path) -> Reader:
    from qltui.instruments.decam.detectors import parse_faults

    def read(path: Path) -> None:
        parse_faults(path.read_bytes().decode("utf-8", "replace"), path.name)

    return Reader(work / "detectors.toml", (DETECTORS, *_kept("detectors")), read, _raw_errors(), mutate_text)


def _offline(work: Path, name: str, bases: tuple[bytes, ...], mutate: Callable[..., bytes]) -> Reader:
    from qltui.tables.read_table import TableError, read_table

    def read(path: Path) -> None:
        json.dumps(read_table(path, ("EXPID", "NIGHT", "QA", "COMMENT", "TARGETID", "FIBER")), allow_nan=False)

    return Reader(work / name, bases, read, (TableError,), mutate)


def _offline_csv(work: Path) -> Reader:
    good = b"""# of the morning
NIGHT,EXPID,QA,DEPTH [mag],COMMENT
20191001,3578,good,22.1,"clear, calm"
20191001,3579,bad,,b3
"""
    return _offline(work, "offline.csv", (good, good.replace(b",", b";"), *_kept("offline-csv")), mutate_text)


def _offline_ecsv(work: Path) -> Reader:
    return _offline(work, "offline.ecsv", (ECSV, *_kept("offline-ecsv")), mutate_text)


def _offline_fits(work: Path) -> Reader:
    return _offline(work, "offline.fits", _kept("fibers", "offline-fits"), mutate_fits)


def _command_lines(work: Path) -> Reader:
    """Read words of a command line, each on a line of its own, on a record that has something in it."""
    from fuzz_command_lines import RefusedError, run
    from known import make_known

    (work / "state").mkdir(exist_ok=True)
    make_known(work / "state" / "qltui.db").close()
    good = tuple(line.replace(" ", "\n").encode() for line in COMMAND_LINES)
    return Reader(
        work / "words",
        (*good, *_kept("command-line")),
        lambda path: run(path.read_bytes(), work / "state"),
        (RefusedError,),
        mutate_text,
    )


def _filters(work: Path) -> Reader:
    from qltui.tables.filtering import FilterError, filter_table
    from qltui.tables.table import Column, Row, Table

    columns = (Column("expid", "exposure"), Column("seeing", "seeing", "arcsec", ".2f"), Column("words", "words"))
    rows = tuple(Row(n, (3570 + n, None if n % 7 == 0 else 0.1 * n, f"word {n} [bold]")) for n in range(40))
    table = Table("night", "Night", columns, rows)

    def read(path: Path) -> None:
        filter_table(table, path.read_bytes().decode("utf-8", "replace"))

    good = (b"expid>=3579 seeing<1.2 word", b'words~"bold" !bad', b"=word", b"seeing:1..2", *_kept("filter"))
    return Reader(work / "words", good, read, (FilterError,), mutate_text)


def _commands(work: Path) -> Reader:
    """Rows that anybody may have written into the table: name, arguments and who, each on a line of its own."""
    from qltui.engine.commands import carry_out_all
    from qltui.engine.engine import Engine
    from qltui.engine.settings import EngineSettings
    from qltui.instruments.base import get_instrument
    from qltui.model import Exposure
    from qltui.store.record import Store

    (work / "data").mkdir(exist_ok=True)
    settings = EngineSettings(str(work / "data"), str(work / "state"), slots=1)
    settings.state.mkdir(exist_ok=True)
    instrument = get_instrument("desi")
    store = Store.open(settings.database)
    store.add_exposure(Exposure("desi", _NIGHT, _EXPID, "SCIENCE", str(work / "raw"), cameras=("b0", "r0")))
    engine = Engine(settings, instrument, store)
    direct = sqlite3.connect(settings.database, isolation_level=None)

    def read(path: Path) -> None:
        name, _, rest = path.read_bytes().partition(b"\n")
        arguments, _, who = rest.partition(b"\n")
        values = [text.decode("utf-8", "replace") for text in (name, arguments, who)]
        direct.execute(
            "INSERT INTO command (name, arguments, who, state, created, answer) VALUES (?, ?, ?, 'pending', 1e9, '')",
            values,
        )
        carry_out_all(engine, engine._upkeep.cleaner.busy)
        waiting = direct.execute("SELECT count(*) FROM command WHERE state = 'pending' AND name <> 'clear'").fetchone()[
            0
        ]
        assert not waiting, "a command waits for ever"

    bases = tuple(f"{name}\n{json.dumps(arguments)}\nada".encode() for name, arguments in COMMANDS)
    return Reader(work / "command", (*bases, *_kept("commands")), read, (), mutate_text)


READERS: Final[dict[str, Callable[[Path], Reader]]] = {
    "desi raw": _desi_raw,
    "desi fibermap": _desi_fibermap,
    "desi traces": _desi_traces,
    "desi calibrations": _desi_calibrations,
    "decam raw": _decam_raw,
    "decam masters": _decam_masters,
    "decam detectors": _detectors,
    "products": _products,
    "pictures": _pictures,
    "headers": _headers,
    "settings": _settings,
    "limits": _limits,
    "offline tables": _offline_csv,
    "offline ecsv": _offline_ecsv,
    "offline fits": _offline_fits,
    "filters": _filters,
    "commands": _commands,
    "command lines": _command_lines,
}
