"""Every action of the screens with its key and a sentence: what the footer, the help and the palette are made of.

They are read off the bindings, so that an action cannot be there and be missing in one of these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from textual.binding import Binding

from qltui.instruments.base import Instrument
from qltui.tables.wording import in_words_of

if TYPE_CHECKING:
    from textual.dom import DOMNode

__all__ = ["Command", "collect_commands", "fuzzy_score", "key_name", "key_of"]

_KEY_NAMES: Final[Mapping[str, str]] = {
    "question_mark": "?",
    "slash": "/",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "escape": "esc",
    "enter": "enter",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "number_sign": "#",
    "comma": ",",
    "full_stop": ".",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "plus": "+",
    "minus": "-",
    "space": "space",
}


@dataclass(frozen=True, slots=True)
class Command:
    """One action that an observer can take.

    Attributes
    ----------
    id : str
        Stable name, by which a site may give it another key.
    key : str
        How its key is written.
    word : str
        For the footer.
    help : str
        A sentence.
    node : DOMNode
        Where the action is carried out.
    action : str
        Textual's name of it.
    moves : bool
        Whether it only moves something within a pane, as arrows do: nobody looks for that by name.
    """

    id: str
    key: str
    word: str
    help: str
    node: Any
    action: str
    moves: bool = False

    def in_words_of(self, instrument: Instrument) -> Command:
        """Return the command with its words in those of an instrument."""
        word, sentence = in_words_of(self.word, instrument), in_words_of(self.help, instrument)
        return self if (word, sentence) == (self.word, self.help) else replace(self, word=word, help=sentence)


def key_name(keys: str) -> str:
    """Return keys as an observer reads them: ``"?"`` for ``question_mark``; of several the first."""
    first = keys.split(",", maxsplit=1)[0].strip()
    return _KEY_NAMES.get(first, first.replace("ctrl+", "^"))


def key_of(name: str) -> str:
    """Return the key that `key_name` writes as `name`; of two keys after one another the first."""
    first = name.split(" ", maxsplit=1)[0]
    return next((key for key, words in _KEY_NAMES.items() if words == first), first.replace("^", "ctrl+"))


def _declared(node: DOMNode) -> Iterable[Binding]:
    """Return the bindings that our own classes declare; Textual's are none of ours."""
    for kind in type(node).__mro__:
        if kind.__module__.startswith("textual"):
            return
        for binding in vars(kind).get("BINDINGS", ()):
            if isinstance(binding, Binding):
                yield binding


def collect_commands(nodes: Iterable[DOMNode], keymap: Mapping[str, str] | None = None) -> dict[str, Command]:
    """Return the commands of these nodes by id, with the keys that `keymap` gives them."""
    commands: dict[str, Command] = {}
    for node in nodes:
        for binding in _declared(node):
            if binding.id is None or binding.id in commands:
                continue
            keys = (keymap or {}).get(binding.id, binding.key)
            commands[binding.id] = Command(
                binding.id,
                key_name(keys),
                binding.description,
                binding.tooltip or binding.description,
                node,
                binding.action,
                not binding.show,
            )
    return commands


def fuzzy_score(query: str, text: str) -> int:
    """Return how well `text` matches what was typed, 0 for not at all: all words in any order, beginnings first."""
    text = text.lower()
    score = 1
    for word in query.lower().split():
        position = text.find(word)
        if position < 0:
            return 0
        score += 3 if position == 0 or text[position - 1] == " " else 1
    return score
