"""The main ways through the screens, in a real tmux, as an observer goes them."""

from __future__ import annotations

import known
import pytest
from test_tui_tty import program, tmux

pytestmark = pytest.mark.tty

__all__ = ["tmux"]


@pytest.fixture
def state(known_store):
    return known_store.path.parent


def test_a_bad_value_is_followed_to_its_cause_and_written_down(state, known_store, tmux):
    view = tmux(program(state, who="Ann"))
    view.wait_for("━━ Steps", "exp 3580")
    view.keys("3")
    view.wait_for("Night", "3581", "Exposures")
    view.keys("p")
    view.wait_for("3579", "✖ alarm")
    view.keys("End", "Enter")
    view.wait_for("Exposure  3579", "✖ b3 C  noise 25.1 e-")
    view.keys("m")
    view.wait_for("Metric  3579", "2.10 … 4.10", "25.10")
    view.keys("Escape")
    view.wait_for("Exposure  3579")
    view.keys("C")
    view.wait_for("nobody has said anything yet")
    view.keys("a")
    view.wait_for("Comment on 3579")
    view.keys("dome was open", "Enter")
    view.wait_for("asked for; the engine writes it")
    view.keys("Escape")
    waiting = known_store.pending_commands()
    assert [
        (command.name, command.arguments["expid"], command.arguments["text"], command.who) for command in waiting
    ] == [("comment", 3579, "dome was open", "Ann")]
    view.keys("Escape")
    view.wait_for("Night", "Exposures")
    view.keys("Escape")
    view.wait_for("━━ Steps")
    view.keys("q")
    view.wait_for("ended with 0")


def test_every_screen_at_both_sizes_and_back(state, tmux):
    from qltui.tui.screens import SCREENS

    view = tmux(program(state, who="Ann"))
    view.wait_for("━━ Steps")
    for columns, rows in ((80, 24), (200, 60)):
        view.call("resize-window", "-x", str(columns), "-y", str(rows))
        for entry in SCREENS[1:]:
            view.keys("g", entry.letter)
            view.wait_for(f" {entry.title} ", "esc back" if columns == 200 else " ")
        view.keys("1")
        view.wait_for("Steps ━━" if columns == 80 else "Steps")
    view.keys("g", "b")
    view.wait_for("Alarms", "b3 C  noise 25.1 e-")


def test_choices_are_there_in_the_next_run(state, tmux):
    view = tmux(program(state, who="Ann"))
    view.wait_for("━━ Steps")
    view.keys("3")
    view.wait_for("3581")
    view.keys("p")
    view.wait_for("3574")
    view.keys("o", "o")
    view.wait_for("exposure ↓")
    view.kill()
    view = tmux(program(state, who="Ann"))
    view.wait_for("━━ Steps")
    view.keys("3")
    view.wait_for("3581")
    view.keys("p")
    screen = view.wait_for("3574", "exposure ↓")
    assert screen.index("3579") < screen.index("3574")
    assert known.EXPOSURES[3574][0] == "ZERO"
