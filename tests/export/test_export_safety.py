"""Never half-written, never silently different: interruptions, damage, files of others, disks that are full."""

from __future__ import annotations

import functools
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from qltui.cli import main
from qltui.config_text import to_toml
from qltui.export import reduced
from qltui.export.contents import Item, Unit
from qltui.export.errors import DifferentFileError, ExportError, ItemError
from qltui.export.export import check_room, export_unit, verify
from qltui.export.ledger import Entry, ledger_of, read_log
from qltui.export.png import shades
from qltui.export.verified import checksum, copy_into

WHAT = "tables,spectra,pictures,reduced"


def write(text: str, target: Path) -> None:
    target.write_text(text)


def item(name: str, text: str = "words", **more: object) -> Item:
    return Item(Entry(name, 0, "", "tables", "t", "a table"), functools.partial(write, text), **more)


def unit(*items: Item) -> Unit:
    return Unit("desi/20191001", {"night": 20191001}, items)


def states(outcome):
    return {step.path: step.state for step in outcome.steps}


def test_what_is_there_is_kept_and_what_was_damaged_is_written_again(tmp_path):
    assert states(export_unit(unit(item("a"), item("b")), tmp_path)) == {"a": "written", "b": "written"}
    place = tmp_path / "desi" / "20191001"
    (place / "b").write_text("WORDS")
    assert states(export_unit(unit(item("a"), item("b"), item("c")), tmp_path)) == {
        "a": "kept", "b": "mended", "c": "written",
    }  # fmt: skip
    assert [step.state for step in verify(place)] == ["kept"] * 3


def test_what_may_have_changed_is_compared(tmp_path):
    export_unit(unit(item("a", "one", fresh=True), item("b", "two", fresh=True)), tmp_path)
    found = export_unit(unit(item("a", "one", fresh=True), item("b", "three", fresh=True)), tmp_path)
    assert states(found) == {"a": "kept", "b": "written"}
    assert (tmp_path / "desi/20191001/b").read_text() == "three"


def test_files_of_others_are_not_overwritten_unless_asked_for(tmp_path):
    place = tmp_path / "desi" / "20191001"
    place.mkdir(parents=True)
    (place / "b").write_text("mine")
    with pytest.raises(DifferentFileError, match="was not written by an export"):
        export_unit(unit(item("a"), item("b")), tmp_path)
    assert not (place / "a").exists()
    assert (place / "b").read_text() == "mine"
    export_unit(unit(item("a"), item("b")), tmp_path, force=True)
    assert (place / "b").read_text() == "words"


def test_a_link_where_a_file_should_be_is_not_followed(tmp_path):
    place = tmp_path / "desi" / "20191001"
    place.mkdir(parents=True)
    other = tmp_path / "precious"
    other.write_text("mine")
    (place / "a").symlink_to(other)
    with pytest.raises(DifferentFileError):
        export_unit(unit(item("a")), tmp_path)
    export_unit(unit(item("a")), tmp_path, force=True)
    assert other.read_text() == "mine"
    assert not (place / "a").is_symlink()


def test_a_copy_that_is_there_from_elsewhere_is_taken_where_its_checksum_is_right(tmp_path):
    source = tmp_path / "source"
    source.write_text("words")
    _, digest = checksum(source)
    made = functools.partial(copy_into, source, sha256=digest)
    copy = Item(Entry("a", 0, "", "tables", "t", "a table"), lambda target: made(target=target), sha256=digest)
    place = tmp_path / "desi" / "20191001"
    place.mkdir(parents=True)
    (place / "a").write_text("words")
    assert states(export_unit(unit(copy), tmp_path)) == {"a": "kept"}


def test_a_source_that_was_changed_is_refused(tmp_path):
    source = tmp_path / "source"
    source.write_text("words")
    with pytest.raises(ItemError, match="not what was recorded"):
        copy_into(source, tmp_path / "target", "0" * 64)


@pytest.mark.parametrize("kind", ["link", "pipe", "directory", "absent"])
def test_only_plain_files_are_read(tmp_path, kind):
    path = tmp_path / "source"
    if kind == "link":
        (tmp_path / "other").write_text("words")
        path.symlink_to(tmp_path / "other")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    with pytest.raises(ItemError):
        checksum(path)


def test_two_exports_to_one_place_at_once_are_refused(tmp_path):
    with ledger_of(tmp_path), pytest.raises(ExportError, match="another export"), ledger_of(tmp_path):
        pass


def test_a_journal_that_was_cut_off_keeps_what_was_whole(tmp_path):
    with ledger_of(tmp_path) as ledger:
        ledger.add(Entry("a", 1, "x", "tables", "t", "a table"))
        ledger.add(Entry("b", 1, "y", "tables", "t", "a table"))
    journal = tmp_path / ".export-journal"
    journal.write_text(journal.read_text()[:-20])
    with ledger_of(tmp_path) as ledger:
        assert list(ledger.entries) == ["a"]


@pytest.mark.parametrize("path", ["/etc/passwd", "../a", "a/../../b", "", "a//b", "a\0b"])
def test_a_log_cannot_name_files_elsewhere(tmp_path, path):
    with ledger_of(tmp_path) as ledger:
        ledger.add(Entry(path, 1, "x", "tables", "t", "a table"))
        ledger.close({})
    with pytest.raises(ExportError, match="product log"):
        read_log(tmp_path)


def test_no_room_is_said_before_anything_is_written(tmp_path):
    with pytest.raises(ExportError, match="GB are free"):
        check_room(tmp_path / "new", [unit(item("a", size=10**18))])
    assert not (tmp_path / "new").exists()


def command(config, tmp_path, out):
    file = tmp_path / "qltui.toml"
    file.write_text(to_toml(config))
    words = ["export", "3579", "--what", WHAT, "--slots", "1", "--config", str(file), "--to", str(out)]
    return [sys.executable, "-m", "qltui", *words]


def contents(root):
    return {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def undisturbed(desi_night, tmp_path_factory):
    """What an export is that nobody disturbs."""
    directory = tmp_path_factory.mktemp("undisturbed")
    subprocess.run(command(desi_night, directory, directory / "out"), check=True, capture_output=True, timeout=120)
    return contents(directory / "out")


@pytest.mark.parametrize("files", [1, 4, 9])
def test_an_export_that_was_killed_goes_on_and_ends_the_same(desi_night, undisturbed, tmp_path, files):
    out = tmp_path / "out"
    process = subprocess.Popen(command(desi_night, tmp_path, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journal = out / "desi/20191001/00003579/000001/.export-journal"
    while process.poll() is None:
        if journal.is_file() and journal.read_text().count("\n") >= files:
            process.send_signal(signal.SIGKILL)
            break
    process.wait(timeout=60)
    assert not (journal.parent / "ProductLog.json").exists()
    done = journal.read_text().count("\n")
    again = subprocess.run(
        [*command(desi_night, tmp_path, out), "--json"], capture_output=True, text=True, timeout=120, check=True
    )
    report = json.loads(again.stdout)[0]
    assert report["kept"] >= done >= files
    assert report["failed"] == report["mended"] == 0
    assert contents(out) == undisturbed


def test_a_disk_that_becomes_full_is_said_and_what_is_there_stays(desi_night, undisturbed, tmp_path):
    out = tmp_path / "out"

    def small() -> None:
        # As little as SIGXFSZ leaves of it: a write beyond fails as one on a full disk does.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    run = subprocess.run(
        command(desi_night, tmp_path, out), capture_output=True, text=True, timeout=120, preexec_fn=small
    )
    assert run.returncode == 73, run.stderr
    assert "give the same command again" in run.stderr
    whole = {path: data for path, data in contents(out).items() if path.name[0] != "."}
    assert whole
    assert all(undisturbed[path] == data for path, data in whole.items())
    subprocess.run(command(desi_night, tmp_path, out), check=True, capture_output=True, timeout=120)
    assert contents(out) == undisturbed


def test_verify_finds_what_is_missing_and_what_has_changed(undisturbed, capsys, tmp_path):
    for path, data in undisturbed.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    assert main(["export", "--verify", str(tmp_path)]) == 0
    assert f"{len(undisturbed) - 2} files are what they were, 0 are not" in capsys.readouterr().out
    names = sorted(path for path in undisturbed if path.suffix == ".fits")
    (tmp_path / names[0]).unlink()
    data = bytearray(undisturbed[names[1]])
    data[len(data) // 2] ^= 1
    (tmp_path / names[1]).write_bytes(data)
    assert main(["export", "--verify", str(tmp_path), "--json"]) == 1
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert len(problems) == 2
    assert "another checksum" in problems[1]
    assert main(["export", "--verify", str(tmp_path / "nowhere")]) == 66


def test_compression_keeps_masks_exactly_images_within_their_noise_and_pixels_without_value(tmp_path):
    rng = np.random.default_rng(3)
    image = rng.normal(100.0, 5.0, (300, 200)).astype(np.float32)
    image[7, 9] = np.nan
    mask = rng.integers(0, 8, image.shape).astype(np.uint8)
    hdus = [fits.PrimaryHDU(), fits.ImageHDU(image, name="REDUCED"), fits.ImageHDU(mask, name="MASK")]
    fits.HDUList(hdus).writeto(tmp_path / "a.fits")
    reduced.compress(str(tmp_path / "a.fits"), 3579, reduced.Facts("1", "c", "l"), tmp_path / "b.fits")
    with fits.open(tmp_path / "b.fits") as found:
        after = found["REDUCED"].data
        assert np.array_equal(found["MASK"].data, mask)
    assert np.array_equal(np.isnan(after), np.isnan(image))
    difference = (after - image)[np.isfinite(image)]
    # Half a step; a step is a sixteenth of the noise as it is estimated of each row, with an error of its own.
    assert np.abs(difference).max() <= 0.5 * 5.0 / 16 * 1.5
    assert abs(difference.mean()) < 0.01
    assert (tmp_path / "b.fits").stat().st_size < 0.5 * (tmp_path / "a.fits").stat().st_size


def test_shades_are_between_black_and_white_whatever_the_values_are():
    values = np.array([[np.nan, np.inf], [-np.inf, 1.0]])
    picture, low, high = shades(values)
    assert picture.shape == (2, 2)
    assert (low, high) == (1.0, 1.0)
    assert shades(np.full((3, 4), np.nan))[0].max() == 0
