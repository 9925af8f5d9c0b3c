"""Whole exports of real processes: what is there, what it says, and that it can be read by others."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from qltui.cli import main
from qltui.config_text import to_toml
from qltui.store.record import Store

GROUPS = "reduced,pictures,tables,spectra,calibrations,measurements,record"


def export(config, capsys, tmp_path, *words):
    """Run the command as a user does; returns exit status, what was printed, and the directory of the process."""
    file = tmp_path / "qltui.toml"
    file.write_text(to_toml(config))
    status = main(["export", *words, "--to", str(tmp_path / "out"), "--config", str(file)])
    printed = capsys.readouterr()
    found = sorted((tmp_path / "out").glob("*/*/*/*"))
    return status, printed.out + printed.err, found[0] if found else None


def sha(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def picture_of(path):
    """Read a grey PNG by its own definition."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, place = {}, 8
    while place < len(data):
        (length,), kind = struct.unpack(">I", data[place : place + 4]), data[place + 4 : place + 8]
        body = data[place + 8 : place + 8 + length]
        assert struct.unpack(">I", data[place + 8 + length : place + 12 + length])[0] == zlib.crc32(kind + body)
        chunks.setdefault(kind, []).append(body)
        place += 12 + length
    width, height, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"][0])
    assert rest == [8, 0, 0, 0, 0]
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"][0]), np.uint8).reshape(height, width + 1)
    assert not rows[:, 0].any()
    return rows[:, 1:], dict(text.split(b"\0") for text in chunks[b"tEXt"])


def test_an_exposure_is_exported_whole_and_named_by_its_product_log(night, capsys, tmp_path):
    status, printed, place = export(night, capsys, tmp_path, "--slots", "1")
    assert status == 0, printed
    log = json.loads((place / "ProductLog.json").read_text())
    files = {path.name for path in place.iterdir()}
    assert files == {item["path"] for item in log["products"]} | {"ProductLog.json", "ProductLog.ecsv"}
    for item in log["products"]:
        assert (place / item["path"]).stat().st_size == item["size"]
        assert sha(place / item["path"]) == item["sha256"]
    assert log["missing"] == log["incomplete"] == []
    table = Table.read(place / "ProductLog.ecsv")
    assert table["size"].unit == "byte"
    assert [str(path) for path in table["path"]] == sorted(item["path"] for item in log["products"])
    groups = {str(group) for group in table["group"]}
    assert groups >= {"reduced", "pictures", "tables", "measurements", "record"}
    assert all(step for step, group in zip(table["step"], table["group"], strict=True) if group == "tables")


def test_reduced_images_are_compressed_and_say_where_they_are_from(night, capsys, tmp_path):
    _, _, place = export(night, capsys, tmp_path, "--what", "reduced", "--slots", "1")
    images = sorted(place.glob("reduced-*.fits.fz"))
    assert len(images) == {"desi": 3, "decam": 2}[night.site.instrument]
    for path in images:
        with fits.open(path) as hdus:
            assert hdus["REDUCED"].data.dtype == np.float32
            assert hdus["REDUCED"].data.shape == hdus["MASK"].data.shape
            assert hdus["REDUCED"].header["BUNIT"] == "electron"
            header = hdus[0].header
            assert header["EXPID"] > 0
            assert header["CODEVERS"]
            assert header["LIMITSET"]
            assert any("step:" in line for line in header["HISTORY"])
            if night.site.instrument == "decam":
                assert hdus["REDUCED"].header["CTYPE1"].startswith("RA--")


def test_pictures_are_png_and_upright(night, capsys, tmp_path):
    _, _, place = export(night, capsys, tmp_path, "--what", "pictures")
    with Store.open(night.state_directory / "qltui.db", read_only=True) as store:
        files = {path.name: path for path in (night.state_directory / "products").rglob("preview-*.fits")}
        assert store.find_exposure() is not None
    names = sorted(place.glob("preview-*.png"))
    assert len(names) == len(files)
    for path in names:
        picture, words = picture_of(path)
        values = fits.getdata(files[path.stem + ".fits"], "PREVIEW")
        assert picture.shape == values.shape
        assert b"qltui" in words[b"Software"]
        # What is brighter in the detector is brighter in the picture, whose first row is on top.
        up = np.where(np.isfinite(values), values, np.nanmin(values))[::-1]
        order = np.argsort(up, axis=None)[:: max(up.size // 500, 1)]
        assert np.all(np.diff(picture.ravel()[order].astype(int)) >= 0)


def test_measurements_and_record_have_what_the_record_has(night, capsys, tmp_path):
    _, _, place = export(night, capsys, tmp_path, "--what", "measurements,record")
    with Store.open(night.state_directory / "qltui.db", read_only=True) as store:
        process = store.process_view(store.find_exposure().process)
    with Store.open(place / "record.db", read_only=True) as copy:
        assert copy.process_view(process.number) == process
        assert copy.find_exposure().exposure == process.exposure
    document = json.loads((place / "process.json").read_text())
    assert document["headline"] == process.verdict.headline
    assert document["process"]["number"] == process.number
    values = Table.read(next(place.glob("measurements-*.ecsv")))
    judged = sum(
        len(item.values) for camera in process.cameras.values() for step in camera.steps for item in step.judgements
    )
    assert len(values) == judged > 20


def test_a_night_has_a_directory_of_each_exposure_and_a_table_and_record_of_all(night, capsys, tmp_path):
    number = {"desi": "20191001", "decam": "20130831"}[night.site.instrument]
    status, printed, place = export(night, capsys, tmp_path, number, "--what", "tables,measurements,record")
    assert status == 0, printed
    top = tmp_path / "out" / night.site.instrument / number
    assert {path.name for path in top.iterdir() if path.is_file()} == {
        "ProductLog.ecsv", "ProductLog.json", "night.ecsv", "record.db",
    }  # fmt: skip
    assert len(Table.read(top / "night.ecsv")) == 1
    assert place.parent.parent == top


def test_what_was_cleared_from_the_disk_is_said_and_not_silently_left_out(desi_night, capsys, tmp_path):
    with Store.open(desi_night.state_directory / "qltui.db", read_only=True) as store:
        from qltui.store.exporting import product_files

        files = store.ask(product_files, store.find_exposure().process)
    gone = next(file for file in files if file.kind == "fibers")
    aside = tmp_path / "aside.fits"
    from pathlib import Path

    Path(gone.path).rename(aside)
    try:
        status, printed, place = export(desi_night, capsys, tmp_path, "--what", "tables")
    finally:
        aside.rename(gone.path)
    assert status == 1
    assert "cannot be read" in printed
    log = json.loads((place / "ProductLog.json").read_text())
    assert len(log["incomplete"]) == 1
    assert len(log["products"]) == 2


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--what", "spectra,music"), 64, "music"),
        (("--what", ","), 64, "nothing"),
        (("77777",), 66, "no exposure ends with 77777"),
        (("--process", "99"), 66, "no process 99"),
        (("--slots", "-1"), 64, "--slots"),
        (("20191001", "--process", "1"), 64, "--process"),
    ],
)
def test_errors_name_cause_and_action(desi_night, capsys, tmp_path, words, status, said):
    found, printed, place = export(desi_night, capsys, tmp_path, *words)
    assert (found, place) == (status, None)
    assert said in printed


def test_a_dry_run_writes_nothing(desi_night, capsys, tmp_path):
    status, printed, place = export(desi_night, capsys, tmp_path, "--dry-run")
    assert (status, place) == (0, None)
    assert "nothing was written" in printed
    assert "reduced-b0-00003579.fits.fz" in printed
    status, printed, _ = export(desi_night, capsys, tmp_path, "--dry-run", "--json")
    assert {item["group"] for item in json.loads(printed)["files"]} >= {"reduced", "spectra", "record"}
