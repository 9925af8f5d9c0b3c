"""The engine exports by itself what the configuration names, and says what it could not."""

from __future__ import annotations

import json

from export_nights import reduced_night

from qltui.store.record import Store


def words_of(config):
    with Store.open(config.state_directory / "qltui.db", read_only=True) as store:
        return [line.text for line in store.log_lines()]


def test_each_process_is_exported_when_it_has_ended(sample_data, tmp_path):
    place = tmp_path / "archive"
    config = reduced_night(
        "desi", sample_data, tmp_path, export={"to": str(place), "what": ("tables", "record"), "obstypes": ("SCIENCE",)}
    )
    directory = place / "desi/20191001/00003579/000001"
    log = json.loads((directory / "ProductLog.json").read_text())
    assert {item["group"] for item in log["products"]} == {"tables", "record"}
    assert any(f"exposure 3579, process 1 exported to {place}" in words for words in words_of(config))


def test_an_export_that_fails_is_said_with_the_command_that_goes_on(sample_data, tmp_path):
    place = tmp_path / "a-file"
    place.write_text("not a directory")
    config = reduced_night("desi", sample_data, tmp_path, export={"to": str(place), "what": ("record",)})
    (said,) = [words for words in words_of(config) if "not exported" in words]
    assert f"`qltui export --process 1 --to {place}` does it" in said


def test_what_is_not_asked_for_is_not_exported(sample_data, tmp_path):
    config = reduced_night("desi", sample_data, tmp_path, export={"to": str(tmp_path / "x"), "obstypes": ("ARC",)})
    assert not (tmp_path / "x").exists()
    assert not any("export" in words for words in words_of(config))
