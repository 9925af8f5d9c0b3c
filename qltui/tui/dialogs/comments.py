"""The comments on an exposure, over the screen one comes from: written, edited, deleted there, with their history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from qltui.tables.alarms import short_time
from qltui.tui.prompt import ChoiceScreen, TypingScreen, WordsScreen
from qltui.tui.screens.requests import Requests
from qltui.tui.source import ReadError
from qltui.tui.text import Line, clean, wrap
from qltui.tui.widgets.lines import Lines
from qltui.tui.widgets.rule import Heading, rule_line

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Key

    from qltui.store.threads import CommentRow, Thread
    from qltui.tui.app import MonitorApp

__all__ = ["CommentsScreen", "comment_lines", "flag_lines"]

_LOOK: Final = 0.5
"""How often the record is looked at [s]."""


def comment_lines(comment: CommentRow, width: int, *, under_cursor: bool, with_history: bool) -> list[Line]:
    """Return a comment: when, by whom, of which process, and its words; with what it said before if asked."""
    about = f"  process {comment.process}" if comment.process is not None else ""
    edited = f"  edited {short_time(comment.edited)} UT" if comment.edited is not None else ""
    gone = f"  deleted {short_time(comment.deleted)} UT" if comment.deleted is not None else ""
    cursor = "+cursor" if under_cursor else ""
    lines: list[Line] = [
        (
            (f" {short_time(comment.created)} UT  ", "dim"),
            (clean(comment.author) or "?", f"strong{cursor}"),
            (f"{about}{edited}", "dim"),
            (gone, "odd"),
        )
    ]
    role = "dim" if comment.deleted is not None else "text"
    lines += [((f"   {part}", role),) for part in wrap(clean(comment.text), max(10, width - 4))]
    if with_history:
        for past in comment.history:
            verb = "said before" if past.action == "edit" else "deleted"
            words = f"{short_time(past.time)} UT {clean(past.who)} changed it; {verb}: {clean(past.text)}"
            if past.action == "delete":
                words = f"{short_time(past.time)} UT {clean(past.who)} deleted it"
            lines += [((f"     {part}", "dim"),) for part in wrap(words, max(10, width - 6))]
    return lines


def flag_lines(thread: Thread, width: int) -> list[Line]:
    """Return every flag that the exposure had, the one that counts last."""
    lines: list[Line] = []
    for index, flag in enumerate(thread.flags):
        counts = index == len(thread.flags) - 1
        words = f"{flag.value or 'no flag'}{f': {flag.reason}' if flag.reason else ''}"
        role = "strong" if counts else "dim"
        line: Line = (
            (f" {short_time(flag.time)} UT  ", "dim"),
            (clean(flag.author), role),
            (f"  {clean(words)}"[: max(0, width - 20)], role),
        )
        lines.append(line)
    return lines


class _Thread(Lines):
    """The comments in the lower part."""

    def __init__(self, screen: CommentsScreen) -> None:
        super().__init__(classes="lower-part")
        self._screen = screen

    def draw(self, width: int, height: int) -> Sequence[Line]:
        """Return the comments around the cursor, the flags, and the keys."""
        return self._screen.lines(width, height)


class CommentsScreen(TypingScreen[None]):
    """Shows and changes what was said of one exposure.

    Parameters
    ----------
    viewer : MonitorApp
        With the way to the record, and the observer.
    instrument : str
        Name of the instrument.
    night, expid : int
        The exposure.
    process : int or None
        The process that is looked at: a comment may be about it alone.
    """

    def __init__(self, viewer: MonitorApp, instrument: str, night: int, expid: int, process: int | None = None) -> None:
        super().__init__()
        self._viewer = viewer
        self._exposure: dict[str, Any] = {"instrument": instrument, "night": night, "expid": expid}
        self._process = process
        self._thread: Thread | None = None
        self._index = 0
        self._with_history = False
        self._said: tuple[str, str] = ("", "")
        self._seen: int | None = None
        self._requests = Requests(self._viewer.reader, lambda: self._viewer.who)

    def compose(self) -> ComposeResult:
        """Put the comments in the lower part."""
        yield _Thread(self)

    async def on_mount(self) -> None:
        """Read what there is, and go on to look."""
        self.set_interval(_LOOK, self.look)
        await self.look()

    # -- the record --------------------------------------------------------------------------------------------

    async def look(self) -> None:
        """Read the comments again where the record has changed, and say what the engine answered."""
        place, seen = tuple(self._exposure.values()), self._seen

        def query(source: Any) -> tuple[int, Thread | None] | None:
            from qltui.store.threads import comment_thread_of

            version = source.version()
            return None if version == seen or version < 0 else (version, source.ask(comment_thread_of, *place))

        try:
            found = await self._viewer.reader.read(query)
            answers = await self._requests.answers()
        except ReadError as error:
            self._say(f"the record cannot be read: {clean(str(error))}", "bad")
            return
        for done, words in answers:
            self._said = (words, "strong" if done else "warn")
        if found is not None:
            self._seen, self._thread = found
        if found is not None or answers:
            self.show()

    def _say(self, words: str, role: str = "strong") -> None:
        self._said = (words, role)
        self.show()

    async def _send(self, name: str, arguments: dict[str, Any]) -> None:
        try:
            await self._requests.send(name, arguments)
        except ReadError as error:
            self._say(f"not asked for: {clean(str(error))}", "bad")
            return
        self._say("asked for; the engine writes it")
        await self.look()

    # -- what is shown -----------------------------------------------------------------------------------------

    @property
    def comments(self) -> tuple[CommentRow, ...]:
        """The comments that stand; with their history shown, those too that were deleted."""
        rows = self._thread.comments if self._thread is not None else ()
        return rows if self._with_history else tuple(row for row in rows if row.deleted is None)

    @property
    def comment(self) -> CommentRow | None:
        """The comment under the cursor."""
        rows = self.comments
        self._index = max(0, min(self._index, len(rows) - 1))
        return rows[self._index] if rows else None

    def lines(self, width: int, height: int) -> list[Line]:
        """Return everything, in `height` rows."""
        title = f"Comments on exposure {self._exposure['expid']}  {len(self.comments) or ''}".rstrip()
        here, blocks = self.comment, []
        for row in self.comments:
            marks = {"under_cursor": row is here, "with_history": self._with_history and row is here}
            blocks.append(comment_lines(row, width, **marks))
        flags = flag_lines(self._thread, width)[-3:] if self._thread is not None else []
        tail = [rule_line([Heading(0, "Flags")], width), *flags] if flags else []
        tail += [((f" {clean(self._said[0])}", self._said[1]),), self._keys()]
        room = max(1, height - 1 - len(tail))
        body = _around(blocks, self._index, room)
        if not blocks:
            body = [((" nobody has said anything yet: a writes a comment", "dim"),)]
        body += [()] * (room - len(body))
        return [rule_line([Heading(0, title, focused=True)], width), *body, *tail]

    def _keys(self) -> Line:
        keys = [("a", "add")]
        if self._process is not None:
            keys.append(("p", f"on process {self._process}"))
        keys += [("e", "edit"), ("d", "delete"), ("h", "history"), ("esc", "back")]
        return tuple(run for key, words in keys for run in ((f" {key}", "key"), (f" {words} ", "text")))

    # -- keys --------------------------------------------------------------------------------------------------

    def take_key(self, event: Key) -> None:
        """Move, write, edit, delete, or go back."""
        if event.key in ("escape", "ctrl+c") or event.character in ("q", "C"):
            self.dismiss(None)
        elif event.key in ("up", "down"):
            self._index = max(0, min(len(self.comments) - 1, self._index + (1 if event.key == "down" else -1)))
            self.show()
        elif event.character == "h":
            self._with_history = not self._with_history
            self.show()
        elif event.character in ("a", "p") and (event.character == "a" or self._process is not None):
            self._write(None if event.character == "a" else self._process)
        elif event.character in ("e", "d"):
            self._change(event.character)

    def _write(self, process: int | None) -> None:
        async def written(words: str | None) -> None:
            if words and words.strip():
                about = {} if process is None else {"process": process}
                await self._send("comment", {**self._exposure, **about, "text": words.strip()})

        about = f"process {process}" if process is not None else str(self._exposure["expid"])
        self.app.push_screen(WordsScreen(f"Comment on {about}: "), written)

    def _change(self, key: str) -> None:
        comment, who = self.comment, self._viewer.who
        if comment is None or comment.deleted is not None:
            self._say("there is no comment under the cursor", "warn")
        elif comment.author != who:
            self._say(f"only {comment.author} may change this comment; you are {who or 'nobody'}", "warn")
        elif key == "e":
            self._edit(comment)
        else:
            self._delete(comment)

    def _edit(self, comment: CommentRow) -> None:
        async def written(words: str | None) -> None:
            if words is not None and words.strip() and words.strip() != comment.text:
                await self._send("edit_comment", {"comment": comment.number, "text": words.strip()})

        self.app.push_screen(WordsScreen("Edit: ", clean(comment.text)), written)

    def _delete(self, comment: CommentRow) -> None:
        async def answered(key: str | None) -> None:
            if key is not None:
                await self._send("delete_comment", {"comment": comment.number})

        question = "Delete this comment? Its words stay in the history."
        self.app.push_screen(ChoiceScreen(question, [("y", "yes")]), answered)


def _around(blocks: Sequence[list[Line]], index: int, room: int) -> list[Line]:
    """Return as many whole blocks as fit, with the one at `index` among them."""
    first = index
    used = len(blocks[index]) if blocks else 0
    while first > 0 and used + len(blocks[first - 1]) <= room:
        first -= 1
        used += len(blocks[first])
    return [line for block in blocks[first:] for line in block][:room]
