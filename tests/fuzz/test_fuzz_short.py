"""A few hundred spoiled inputs for each reader; `fuzz.py` beside this reads as many as one likes."""

from __future__ import annotations

import json
import tomllib

import pytest
from fuzz import Account, fuzz, lines
from fuzz_inputs import ECSV
from fuzz_readers import READERS

from qltui.documents import parse_json, parse_toml
from qltui.tables.read_table import TableError, read_table

_INPUTS = 120


@pytest.mark.parametrize("names", [sorted(READERS)[::2], sorted(READERS)[1::2]], ids=["even", "odd"])
def test_spoiled_inputs_are_read_or_refused_with_words(names, tmp_path):
    accounts = fuzz(names, _INPUTS * len(names), 11, 2, tmp_path)
    faults = [f"{account.reader}: {words}" for account in accounts for words in account.faults]
    assert not faults, "\n".join(faults)
    assert all(account.inputs == account.accepted + account.refused == _INPUTS for account in accounts)
    assert max(account.slowest for account in accounts) < 5.0
    # A reader that takes or refuses everything alike was not tried; some say what is wrong in their result.
    assert sum(account.refused for account in accounts) > 0.1 * _INPUTS * len(names)
    assert all(account.accepted > 0 for account in accounts), "\n".join(lines(accounts))


def test_the_table_sums_up_the_readers():
    one = Account("settings", 10, 4, 5, 0.5, 20_000_000, ["3: it fell"])
    text = lines([one, Account("limits", 2, 2, 0, 1.25, 30_000_000)])
    assert text[-1].split() == ["all", "12", "6", "5", "1", "1.25", "30"]


def test_what_is_nested_too_deeply_is_refused_like_any_other_document():
    deep = "[" * 100_000
    with pytest.raises(tomllib.TOMLDecodeError, match="nested too deeply"):
        parse_toml(f"a = {deep}")
    with pytest.raises(ValueError, match="nested too deeply"):
        parse_json(deep)
    with pytest.raises(tomllib.TOMLDecodeError):
        parse_toml("a = " + "9" * 5000)
    assert parse_toml("a = [[1]]") == {"a": [[1]]}
    assert parse_json(json.dumps({"a": [1]})) == {"a": [1]}


@pytest.mark.parametrize("line", ["# a: " + "[" * 3000, "  # " + "- " * 3000 + "a", "# " + "a" * 300_000, "#[\n" * 200])
def test_a_header_that_would_take_minutes_is_refused(line, tmp_path):
    path = tmp_path / "offline.ecsv"
    path.write_bytes(ECSV)
    assert read_table(path, ("EXPID",))["rows"] == [[3578], [3579]]
    path.write_bytes(ECSV.replace(b"# meta", f"{line}\n# meta".encode()))
    with pytest.raises(TableError, match=r"nested too deeply|header of more than"):
        read_table(path, ("EXPID",))
