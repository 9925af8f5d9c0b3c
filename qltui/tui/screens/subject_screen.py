"""What the screens have in common that look at one exposure: which it is, and how one goes to the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from qltui.tui.screens.base import PaneScreen, Question
from qltui.tui.selection import Selection
from qltui.tui.text import Line, clean

if TYPE_CHECKING:
    from qltui.store.products import Subject

__all__ = ["Found", "SubjectScreen"]


@dataclass(frozen=True, slots=True)
class Found:
    """An answer: the exposure that it is about (None where nothing was reduced yet), and what was read of it."""

    subject: Subject | None
    detail: Any = None


class SubjectScreen(PaneScreen):
    """A screen about one exposure: the one that the observer came from, or the latest, which it then follows."""

    QUIET = 2.0

    def __init__(self) -> None:
        super().__init__()
        self._process: int | None = None
        self._expid: int | None = None
        self._by = 0
        self.subject: Subject | None = None

    # -- what a screen gives -----------------------------------------------------------------------------------

    def look_at(self) -> Callable[[Subject], Any]:
        """Return what to read of the exposure, made of the choices as they are now; called in the reader's thread."""
        raise NotImplementedError

    def show_detail(self, subject: Subject | None, detail: Any) -> None:
        """Hand what was read to the panes; `subject` is None where nothing was reduced yet."""
        raise NotImplementedError

    def choose(self, selection: Selection) -> None:
        """Take over what of the exposure the observer looks at."""

    # -- the exposure ------------------------------------------------------------------------------------------

    def arrive(self, selection: Selection) -> None:
        """Take over the exposure and what of it."""
        self._process, self._expid, self._by = selection.process, selection.expid, 0
        self.choose(selection)

    def question(self) -> Question | None:
        """Ask for the exposure, then for what the screen shows of it."""
        name, process, expid, by = self.viewer.instrument.name, self._process, self._expid, self._by
        look = self.look_at()

        def ask(source: Any) -> Found:
            from qltui.store.products import subject

            found = source.ask(subject, name, process, expid=expid, by=by)
            return Found(found, look(found) if found is not None else None)

        return ask

    def show(self, answer: Found | None) -> None:
        """Take over which exposure it is, and show it."""
        before, self.subject = self.subject, answer.subject if answer is not None else None
        if self.subject is not None:
            # Said before the choice is settled: once it is, nobody knows any more that a step was asked for.
            if self._by and before is not None and before.process == self.subject.process:
                self.say("this is the latest exposure" if self._by > 0 else "this is the first exposure")
            self._by, self._expid = 0, None
            if self._process is not None or not self.subject.latest:
                self._process = self.subject.process
            # Who follows the latest exposure goes on to follow it on the next screen.
            exposure = self.subject.exposure if self._process is not None else None
            self.viewer.selection = replace(
                self.viewer.selection,
                process=self._process,
                expid=exposure.expid if exposure is not None else None,
                night=exposure.night if exposure is not None else None,
            )
        self.show_detail(self.subject, answer.detail if answer is not None else None)

    def step_exposure(self, by: int) -> None:
        """Go to the exposure before or after, or follow the latest."""
        if by:
            self._by += by
            if self._process is None and self.subject is not None:
                self._process = self.subject.process
        else:
            self._process, self._expid, self._by = None, None, 0
        self.ask_again()

    def head(self) -> Line:
        """Return night, exposure and what it is."""
        if self.subject is None:
            return (("no exposure was reduced yet", "dim"),)
        exposure = self.subject.exposure
        night = f"{exposure.night:08d}"
        facts = [f"exp {exposure.expid}", clean(exposure.obstype), clean(exposure.program).lower()]
        facts += [f"{exposure.exptime:g} s"] if exposure.exptime is not None else []
        line: Line = ((f"{night[:4]}-{night[4:6]}-{night[6:]}  ", "dim"), ("  ".join(filter(None, facts)), "text"))
        return line if self._process is not None else (*line, ("  latest", "dim"))
