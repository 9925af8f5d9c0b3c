"""Headers as a person reads them: comments, continuations, and files that mean harm."""

from __future__ import annotations

import os

import numpy as np
import pytest
from astropy.io import fits

from qltui.instruments import fits_headers
from qltui.instruments.fits_headers import HeaderCard, HeaderError, list_parts, parse_header, read_cards


@pytest.fixture
def path(tmp_path):
    primary = fits.PrimaryHDU()
    primary.header["EXPTIME"] = (900.5, "exposure time [s]")
    primary.header["OBJECT"] = ("it's 'x' / y", "what / was seen")
    primary.header["LONGTEXT"] = ("abc " * 60, "goes on")
    primary.header["HIERARCH very long name"] = 3
    primary.header.add_history("made by a test")
    image = fits.ImageHDU(np.zeros((3, 4), dtype=np.int16), name="B0")
    table = fits.BinTableHDU.from_columns([fits.Column("X", "D", array=np.arange(5.0))], name="TAB")
    name = tmp_path / "file.fits"
    fits.HDUList([primary, image, table]).writeto(name)
    return name


def test_parts_say_type_and_size(path):
    parts = list_parts(path)
    assert [(part.index, part.name, part.kind, part.pixels) for part in parts] == [
        (0, "", "IMAGE", ""),
        (1, "B0", "IMAGE", "int16 3 x 4"),
        (2, "TAB", "TABLE", "5 rows of 8 bytes"),
    ]
    assert parts[2].size == 40


def test_cards_with_comments_and_continuations(path):
    cards, left_out = read_cards(path, 0)
    found = {card.keyword: card for card in cards}
    assert left_out == 0
    assert found["EXPTIME"] == HeaderCard("EXPTIME", "900.5", "exposure time [s]")
    assert found["OBJECT"] == HeaderCard("OBJECT", "it's 'x' / y", "what / was seen")
    assert found["LONGTEXT"].value.strip() == ("abc " * 60).strip()
    assert found["LONGTEXT"].comment == "goes on"
    assert found["VERY LONG NAME".lower()].value == "3"
    assert found["HISTORY"].value == "made by a test"
    assert read_cards(path, 2)[0][-1].keyword == "EXTNAME"


def test_control_characters_never_come_through():
    raw = b"OBJECT  = '\x1b[31mred\x07\xff'".ljust(80) + b"\x1b]0;title".ljust(80) + b"END".ljust(80)
    cards, _ = parse_header(raw)
    assert cards[0].value == "[31mred"
    assert all(text.isascii() and text.isprintable() for card in cards for text in (card.keyword, card.value))


def test_endless_continuations_and_headers_have_an_end():
    more = b"CONTINUE  'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx&'".ljust(80)
    cards, _ = parse_header(b"LONG    = 'a&'".ljust(80) + more * 20000 + b"END".ljust(80))
    assert len(cards) == 1
    assert len(cards[0].value) == fits_headers.MAX_VALUE
    cards, left_out = parse_header(b"X       = 1".ljust(80) * 6000 + b"END".ljust(80))
    assert (len(cards), left_out) == (5000, 1000)
    assert parse_header(b"") == ((), 0)


def test_what_cannot_be_read_is_said(path, tmp_path):
    with pytest.raises(HeaderError, match="no longer there"):
        list_parts(tmp_path / "gone.fits")
    with pytest.raises(HeaderError, match="no HDU 9"):
        read_cards(path, 9)
    (tmp_path / "text.fits").write_text("no FITS at all")
    with pytest.raises(HeaderError, match="not a FITS file"):
        list_parts(tmp_path / "text.fits")
    cut = tmp_path / "cut.fits"
    cut.write_bytes(path.read_bytes()[:6000])
    with pytest.raises(HeaderError, match=r"ends|cut off"):
        list_parts(cut)
    os.mkfifo(tmp_path / "pipe.fits")
    with pytest.raises(HeaderError, match="ordinary file"):
        list_parts(tmp_path / "pipe.fits")
