"""A guided tour: some sentences in the last lines, while the screens behind go where the sentences are.

It leads over whatever night is there, to the worst value that it finds; the demo's night has several.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from qltui.model import Status
from qltui.tui.prompt import TypingScreen
from qltui.tui.screens import SCREENS
from qltui.tui.selection import Selection
from qltui.tui.source import ReadError, Source
from qltui.tui.text import Line, wrap
from qltui.tui.widgets.grid_layout import Place
from qltui.tui.widgets.lines import Lines
from qltui.tui.widgets.rule import Heading, rule_line

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Key

__all__ = ["STEPS", "TourScreen", "TourStep", "begin_tour", "find_culprit", "tour_steps"]

_ROWS = 5
"""Of the tour's text: a rule, three rows of words, the keys."""
_LOOKED_AT = 12
"""Exposures that are looked at for a bad value, newest first."""


@dataclass(frozen=True, slots=True)
class TourStep:
    """One stop.

    Attributes
    ----------
    screen : str
        Name of the screen behind.
    title, words : str
        What is said.
    names_place : bool
        Whether it is said where the bad value is, if there is one.
    at_culprit : bool
        Whether the cursor of the grid goes to the bad value.
    """

    screen: str
    title: str
    words: str
    names_place: bool = False
    at_culprit: bool = False


STEPS: Final = (
    TourStep(
        "monitor",
        "What happens now",
        "Each cell of the grid is one step of one camera; only a full dot is good. Beside it stands the verdict, below "
        "it a metric over the night and the log. Nothing has to be touched: it follows the newest exposure.",
    ),
    TourStep(
        "monitor",
        "A value that is not good",
        "Arrows move over the cells, enter shows all values of a cell with their limits, m and M change the metric of "
        "the chart.",
        names_place=True,
        at_culprit=True,
    ),
    TourStep(
        "exposure",
        "One exposure, whole",
        "All metrics of a step for all cameras, who reduced it, when, and by which limits. [ and ] go to the exposure "
        "before and after. Enter goes on to a camera, then to a metric.",
        names_place=True,
    ),
    TourStep(
        "metric",
        "One metric, until the cause is plain",
        "Value, reference, limits and status of each element, with the picture that suits it, and the last values of "
        "this camera. ? says what bad means and what to do.",
        names_place=True,
    ),
    TourStep(
        "trends",
        "Was it always so?",
        "Any metric or header value against time or another one, with the limits as they were. A cursor walks over the "
        "points and opens the exposure; w saves the points.",
    ),
    TourStep(
        "night",
        "The night",
        "Every exposure with verdict, conditions, comments and flag: sort, filter with /, choose columns. Space ticks "
        "exposures, r reduces them again, after a question.",
    ),
    TourStep(
        "night",
        "Say what you know",
        "C writes a comment on the exposure under the cursor, F flags it good, bad, junk or test, with a reason. Both "
        "carry name and time and survive reprocessing. Flagged bad, it counts in no reference and no survey.",
    ),
    TourStep(
        "log",
        "What was said",
        "Everything that was logged: by exposure, camera and level, found by words with /, saved with w.",
    ),
    TourStep(
        "notifications",
        "Alarms",
        "One line for an exposure and a cause. Acknowledged, it goes from the head of all screens; muted words stay "
        "quiet. The bell of the terminal rings for a new ALARM, and for nothing else.",
    ),
    TourStep(
        "monitor",
        "That is the way",
        "Numbers and g lead to every screen, ctrl+p finds any action by its name, ? explains the screen you are on. "
        "There is more: conditions, survey, planning, detectors, spectra, settings. A clear night!",
    ),
)


def tour_steps(names: Sequence[str] = tuple(entry.name for entry in SCREENS)) -> tuple[TourStep, ...]:
    """Return the steps whose screens there are."""
    return tuple(step for step in STEPS if step.screen in names)


def find_culprit(source: Source) -> Selection | None:
    """Return the place of the worst value of the newest exposure that has a bad one; None where all are good."""
    view = source.monitor_view()
    # What is on the screen may still be running: its row has no final status yet.
    place = _worst(view.process) if view.process is not None else None
    if place is not None:
        return place
    rows = [row for row in view.exposures if row.process is not None]
    rows.sort(key=lambda row: row.exposure.expid, reverse=True)
    for row in rows[:_LOOKED_AT]:
        if row.status not in (Status.WARNING, Status.ALARM):
            continue
        process = source.monitor_view(row.process).process
        place = _worst(process) if process is not None else None
        if place is not None:
            return place
    return None


def _worst(process: Any) -> Selection | None:
    """Return the place of the worst value of a process."""
    found: tuple[int, Selection] | None = None
    for name, camera in process.cameras.items():
        for step in camera.steps:
            for judgement in step.judgements:
                if judgement.status not in (Status.WARNING, Status.ALARM):
                    continue
                rank = judgement.status.severity
                if found is not None and found[0] >= rank:
                    continue
                element = next(
                    item
                    for item, status in zip(judgement.elements, judgement.statuses, strict=True)
                    if status is judgement.status
                )
                exposure = process.exposure
                found = (
                    rank,
                    Selection(
                        process.number, exposure.expid, exposure.night, name, step.step, judgement.metric, element
                    ),
                )
    return found[1] if found is not None else None


def place_words(place: Selection) -> str:
    """Return where the bad value is."""
    return f"exposure {place.expid}, {place.camera} {place.element}".rstrip() + f", {place.metric}"


class _TourText(Lines):
    """The words of a step, in the last lines."""

    def __init__(self, screen: TourScreen) -> None:
        super().__init__(classes="last-lines")
        self._tour = screen

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return a rule with the title, the words, and the keys."""
        tour = self._tour
        heading = f"Tour {tour.number} of {tour.count}: {tour.step.title}"
        words: list[Line] = [((f" {part}", "text"),) for part in wrap(tour.words, width - 2)]
        named = (("n", "next"), ("b", "back"), ("esc", "leave the tour here"))
        keys: Line = tuple(run for key, word in named for run in ((f" {key}", "key"), (f" {word}  ", "text")))
        room = height - 2
        return [rule_line([Heading(0, heading, focused=True)], width), *words[:room], *[()] * (room - len(words)), keys]


class TourScreen(TypingScreen[str]):
    """One stop of the tour over the screen that it is about; answers ``"next"``, ``"back"`` or ``"leave"``.

    Parameters
    ----------
    step : TourStep
        What is said.
    number, count : int
        Which of how many.
    place : Selection or None
        Where the bad value is.
    """

    def __init__(self, step: TourStep, number: int, count: int, place: Selection | None) -> None:
        super().__init__()
        self.step, self.number, self.count = step, number, count
        self.words = step.words + (f" Here: {place_words(place)}." if step.names_place and place is not None else "")

    def compose(self) -> ComposeResult:
        """Put the words into the last lines."""
        text = _TourText(self)
        text.styles.height = _ROWS
        yield text

    def take_key(self, event: Key) -> None:
        """Go on, back, or leave."""
        if event.key in ("n", "right", "enter", "space"):
            self.dismiss("next")
        elif event.key in ("b", "left", "backspace"):
            self.dismiss("back")
        elif event.key in ("escape", "q", "ctrl+c"):
            self.dismiss("leave")


async def begin_tour(viewer: Any, index: int = 0) -> None:
    """Go to a stop of the tour, and on from there as the observer wants."""
    steps = tour_steps()
    try:
        place = await viewer.reader.read(find_culprit)
    except ReadError:
        # The screens say what is wrong with the record; the tour can do without.
        place = None
    step = steps[index]
    viewer.go(step.screen, place)
    if step.at_culprit and place is not None:
        _put_cursor(viewer.screen_stack[0], place)
    viewer.push_screen(TourScreen(step, index + 1, len(steps), place), _answered(viewer, index, len(steps)))


def _put_cursor(screen: Any, place: Selection) -> None:
    """Let the cursor of the grid stand at the bad value, if it has this place."""
    grid = getattr(screen, "grid", None)
    process = getattr(grid, "process", None)
    if process is not None and process.number == place.process:
        grid.go_to(Place(place.camera, place.step))


def _answered(viewer: Any, index: int, count: int) -> Callable[[str | None], None]:
    """Return what is done with the answer of a stop."""

    def answered(answer: str | None) -> None:
        following = index + {"next": 1, "back": -1}.get(answer or "leave", count)
        if 0 <= following < count:
            viewer.call_later(begin_tour, viewer, following)

    return answered
