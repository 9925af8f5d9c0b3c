"""The page of the keys in the documentation is the program's own: it is written by this test with --snapshot-update."""

from __future__ import annotations

from pathlib import Path

from textual.binding import Binding

from qltui.instruments.base import resolve
from qltui.tui.app import MonitorApp
from qltui.tui.commands import key_name
from qltui.tui.screens import SCREENS
from qltui.tui.screens.base import PaneScreen
from qltui.tui.screens.pane_keys import PANE_BINDINGS

PAGE = Path(__file__).parents[2] / "docs" / "keys.md"

HEAD = """\
# Keys

What each key does, screen by screen. The program says the same: `?` on any screen, `ctrl+p` for all actions by name,
and the last line for what helps where you are. Arrows, page keys, home and end move in every pane.

## Other keys

A site gives an action another key by its name, which stands in the last column, in its configuration:

    [keys]
    bindings = ["app.theme = f6", "conditions.before = {", "table.tick-all = ctrl+a,*"]

A key is a character, or a name like `f6`, `space`, `pageup`, `ctrl+t`; two with a comma between them both work. A name
that does not exist and a key that another action has already are refused when the screen is opened and by
`qltui config validate`, which say what to do. `qltui config show` has them with where they come from, `?` and the last
line show the keys as they are.
"""


def rows_of(bindings):
    rows = [
        f"| `{key_name(binding.key)}` | {binding.tooltip or binding.description} | `{binding.id}` |".replace(
            "`|`", "`\\|`"
        )
        for binding in bindings
        if isinstance(binding, Binding) and binding.id and binding.show
    ]
    return ["| key | what it does | name |", "|---|---|---|", *rows]


def own_bindings(kind):
    """Return what a class and its bases of ours declare, the bases of all screens left out."""
    found = []
    for base in kind.__mro__:
        if base.__module__.startswith("textual"):
            break
        for binding in vars(base).get("BINDINGS", ()):
            if (
                isinstance(binding, Binding)
                and binding not in PANE_BINDINGS
                and binding.id not in {b.id for b in found}
            ):
                found.append(binding)
    return found


def page():
    parts = [HEAD, "## Everywhere\n", *rows_of(MonitorApp.BINDINGS), ""]
    parts += ["## On all screens but the Monitor\n", *rows_of(PANE_BINDINGS), ""]
    from qltui.tui.widgets.table import TableView

    parts += ["## In every table\n", *rows_of(own_bindings(TableView)), ""]
    for entry in SCREENS:
        kind = resolve(entry.factory)
        way = f"`{entry.key}` or `g {entry.letter}`" if entry.key else f"`g {entry.letter}`"
        parts += [
            f"## {entry.title} ({way})\n",
            f"{entry.help[:1].upper()}{entry.help[1:]}.\n",
            *rows_of(own_bindings(kind)),
            "",
        ]
    return "\n".join(parts)


def test_the_page_of_the_keys_is_that_of_the_program(request):
    text = page()
    if request.config.option.update_snapshots:
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == text, "run this test with --snapshot-update"


def test_every_action_has_a_name_of_its_own_and_a_sentence():
    for entry in SCREENS:
        kind = resolve(entry.factory)
        if not issubclass(kind, PaneScreen):
            continue
        names = [binding.id for binding in own_bindings(kind)]
        assert len(names) == len(set(names)), entry.name
        for binding in own_bindings(kind):
            assert binding.id, (entry.name, binding.key)
            assert not binding.show or len(binding.tooltip or "") > 8, (entry.name, binding.id)
