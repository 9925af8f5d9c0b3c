"""What is kept between runs."""

from __future__ import annotations

from qltui.tui.memory import Memory


def test_what_is_kept_is_there_in_the_next_run(tmp_path):
    path = tmp_path / "deep" / "viewer.json"
    Memory(path).set("table.night.columns", ["expid"])
    memory = Memory(path)
    assert memory.get("table.night.columns", []) == ["expid"]
    memory.set("table.night.columns", None)
    assert Memory(path).get("table.night.columns", ["all"]) == ["all"]
    assert [item.name for item in path.parent.iterdir()] == ["viewer.json"]


def test_another_viewers_choices_are_kept_too(tmp_path):
    first, second = Memory(tmp_path / "v.json"), Memory(tmp_path / "v.json")
    first.set("a", 1)
    second.set("b", 2)
    third = Memory(tmp_path / "v.json")
    assert (third.get("a", 0), third.get("b", 0)) == (1, 2)


def test_a_value_of_another_type_is_not_believed(tmp_path):
    path = tmp_path / "v.json"
    path.write_text('{"theme": 3, "zoom": 2, "names": "x"}')
    memory = Memory(path)
    assert memory.get("theme", "day") == "day"
    assert memory.get("zoom", 1.5) == 2.0
    assert memory.get("names", []) == []


def test_a_broken_file_is_said_and_does_no_harm(tmp_path):
    path = tmp_path / "v.json"
    path.write_text("{")
    memory = Memory(path)
    assert "cannot be read" in memory.fault
    assert memory.get("theme", "day") == "day"


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    memory = Memory(tmp_path / "file" / "v.json")
    memory.set("a", 1)
    assert "not kept" in memory.fault
    assert memory.get("a", 0) == 1
