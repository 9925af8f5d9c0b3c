"""Headers that lie, lack what is needed, or want more of a terminal than to be read."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import unicodedata
from collections.abc import Callable

from harness import Site, fault
from raw_bytes import card, join, long_card, split
from site_of_faults import PATIENCE
from terminals import line, monitor

_EXPOSURE = ("EXPID", "EXPTIME", "NIGHT", "DATE-OBS", "MJD-OBS", "OBSTYPE", "FLAVOR", "PROGRAM", "TILEID", "AIRMASS")
_CAMERA = ("CAMERA", "EXPID", "DATASECA", "BIASSECA", "CCDSECA", "ORSECA", "PRESECA", "GAINA", "RDNOISEA", "SATULEVA")
_FORMAT = ("BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "PCOUNT", "TFIELDS", "TFORM1", "TTYPE1", "EXTNAME")
_IMAGE = ("ZIMAGE", "ZBITPIX", "ZNAXIS", "ZNAXIS1", "ZNAXIS2", "ZCMPTYPE", "ZTILE1", "ZVAL1", "BZERO", "BSCALE")
CARDS = [(1, name) for name in (*_EXPOSURE, "EXTNAME", "ZIMAGE")]
CARDS += [(2, name) for name in (*_CAMERA, *_FORMAT, *_IMAGE)]
NEEDED = frozenset({"DATASECA", "BIASSECA", "CCDSECA", "GAINA", "OBSTYPE"})
"""Without a good value of these nothing of the camera, or not what belongs to it, is measured: NORMAL is wrong."""
_EITHER = frozenset({"OBSTYPE"})
_IMAGER_EXPOSURE = ("EXPTIME", "FILTER", "OBSTYPE", "DATE-OBS")
_IMAGER = ("DATASECA", "BIASSECA", "GAINA", "RDNOISEA", "SATURATA", "EXTNAME", *_IMAGER_EXPOSURE)


def _spoiled(site: Site, number: int, name: str, new: Callable[[bytes], list[bytes]], *, good: bool = True) -> None:
    raw = site.make()
    hdus = split(raw)
    hdus[number].change(name, new)
    raw.write_bytes(join(hdus))
    site.arrive(raw, good=good)


def _required(what: str, value: str | None) -> None:
    """Enter the fault that each card has a value, or is absent where that is None."""

    @fault("headers", f"each required card {what}", tries=len(CARDS), short=5, together=20)
    def spoil(site: Site, rng: random.Random, n: int) -> None:
        number, name = CARDS[n]
        # FLAVOR says what the exposure is where OBSTYPE is absent or empty.
        good = name not in NEEDED or (name in _EITHER and what in ("absent", "empty"))
        _spoiled(site, number, name, lambda _old: [] if value is None else [card(name, value)], good=good)

    @fault("headers", f"each card of an imager {what}", tries=len(_IMAGER), short=1, together=10, kind="decam")
    def spoil_imager(site: Site, rng: random.Random, n: int) -> None:
        name = _IMAGER[n]
        number = 0 if name in _IMAGER_EXPOSURE else 1
        _spoiled(site, number, name, lambda _old: [] if value is None else [card(name, value)])


for _what, _value in {
    "absent": None,
    "of the wrong type": "T",
    "a word": "'seventeen'",
    "NaN": "NaN",
    "NaN as text": "'NaN'",
    "infinite": "1E999",
    "empty": "",
    "an empty text": "''",
    "negative": "-7",
}.items():
    _required(_what, _value)


@fault("headers", "a card of 10^6 characters in CONTINUE cards", tries=len(CARDS), short=3, together=10)
def endless(site: Site, rng: random.Random, n: int) -> None:
    number, name = CARDS[n]
    good = name not in NEEDED
    _spoiled(site, number, name, lambda _old: long_card(name, "x y" * 333_334), good=good)


_SECTIONS = (
    "'[1:9999, 1:9999]'", "'[0:128, 2:201]'", "'[128:5, 2:201]'", "'[5:132, 202:401]'", "'[325:400, 2:201]'",
    "'[133:164, 2:201]'", "'[5:5, 2:2]'", "'[-4:120, 2:201]'", "'[5:132]'", "'5:132, 2:201'", "'[1e9:2e9, 1:2]'",
    "'[5:133, 2:201]'", "'[99999999999:5, 1:1]'",
)  # fmt: skip
_SECTION_CARDS = ("DATASECA", "BIASSECA", "CCDSECA", "DATASECD", "BIASSECD")


@fault("headers", "sections outside, overlapping, senseless", tries=65, short=6, together=20)
def sections(site: Site, rng: random.Random, n: int) -> None:
    name, value = _SECTION_CARDS[n % 5], _SECTIONS[n // 5]
    raw = site.make()
    hdus = split(raw)
    before = hdus[2].value(name).replace(" ", "").strip("[]")
    hdus[2].set(name, value)
    raw.write_bytes(join(hdus))
    # Some are another way to write the same rectangle.
    site.arrive(raw, good=value.strip("'[]").replace(" ", "") == before)


@fault("headers", "gain zero", tries=12, short=2, together=12)
def gain(site: Site, rng: random.Random, n: int) -> None:
    name = f"GAIN{'ABCD'[n % 4]}"
    _spoiled(site, 2 + n // 4, name, lambda _old: [card(name, "0.0")], good=False)


@fault("headers", "EXPTIME zero, negative, enormous", tries=6, short=3, together=6)
def exptime(site: Site, rng: random.Random, n: int) -> None:
    value = ("0.0", "-1000.0", "-0.0", "1E30", "1E-30", "-1")[n]
    raw = site.make()
    hdus = split(raw)
    for hdu in hdus:
        if hdu.value("EXPTIME"):
            hdu.set("EXPTIME", value)
    raw.write_bytes(join(hdus))
    site.arrive(raw, good=False)


HOSTILE = (
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b[2J", "a\x00b\x08c\x07d\x7fe\rf\tg\nh",
    "[bold red]loud[/] [link=http://x]y[/]",
    "[@click=app.quit]press[/] \\[x] [/", "\x9b31m C1 \x90q\x9c", "望遠鏡の夜 ＷＩＤＥ",
    "e\u0301\u0301\u200d\ufe0f\u202ertl\u2066",
    "%s %n {0} ${HOME} `id` ; rm",
    "\u2028line\u2029 \U0001f52d\U0001f468\u200d\U0001f469", "'; DROP TABLE exposure; --",
)  # fmt: skip
_TEXTS = ("OBJECT", "PROGRAM", "OBSTYPE", "FLAVOR", "OBSERVER", "DATE-OBS", "TILEID", "NIGHT")


@fault("headers", "control characters, markup, wide characters in texts", tries=len(HOSTILE), short=2)
def hostile(site: Site, rng: random.Random, n: int):
    text = HOSTILE[n]
    raw = site.make()
    hdus = split(raw)
    for name in _TEXTS[: 1 + n % len(_TEXTS)] if n else _TEXTS:
        hdus[1].change(name, lambda _old, name=name: [_raw_card(name, text)])
    hdus[2].change("CAMERA", lambda _old: [_raw_card("CAMERA", text)])
    raw.write_bytes(join(hdus))
    site.arrive(raw)
    yield
    _printable(site)
    _drawn(site)


def _raw_card(name: str, text: str) -> bytes:
    quoted = text.replace("'", "''")
    return f"{name:<8}= '{quoted}'".encode()[:80].ljust(80)


def _environment() -> dict[str, str]:
    return os.environ | {"LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}


_COMMANDS = (("status",), ("status", "--line"), ("status", "--json"), ("night",), ("log",))


def _printable(site: Site) -> None:
    """See that commands print text and nothing that a terminal would obey."""
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "qltui", *words, "--state", str(site.state)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(),
        )
        for words in _COMMANDS
    ]
    for words, process in zip(_COMMANDS, started, strict=True):
        outputs = process.communicate(timeout=PATIENCE)
        # 0 to 3 say how good the exposure is and whether the engine lives.
        assert process.returncode in (0, 1, 2, 3), outputs[1].decode("utf-8", "replace")
        for output in outputs:
            odd = odd_characters(output.decode("utf-8", "replace"))
            assert not odd, f"qltui {' '.join(words)} prints {odd!r}"
        if "--json" in words:
            json.loads(outputs[0])


def odd_characters(text: str) -> str:
    """Return what of a text is not for reading: control, formatting, unassigned; the ends of lines are."""
    return "".join(sorted({char for char in text if char != "\n" and unicodedata.category(char)[0] == "C"}))


_NEVER = (b"c\x07d", b"\x1b]0;title", b"\x1b[31mred", *(text.encode() for text in ("\x9b", "\x90", "\u202e", "\u2066")))


def _drawn(site: Site) -> None:
    """See that the Monitor sends a terminal nothing that came from a header and is not text; it rings of itself."""
    with line(monitor(site.state)) as shown:
        shown.read_until(b"CHECK")
        sent = shown.data
    found = [words for words in _NEVER if words in sent]
    assert not found, f"the Monitor sends {found!r}"
