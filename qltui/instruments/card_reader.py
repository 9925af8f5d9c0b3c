"""What the header of an exposure says, in checked values: missing, blank, wrong or impossible cards become None.

Real headers have NIGHT as a number, as text, blank or ``'None'``, and numbers as the text ``'NaN'``.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

from qltui.instruments.fits_cards import Header, Scalar, clean_text

__all__ = ["MJD_RANGE", "CardReader", "date_of", "local_night", "night_of"]

MJD_RANGE: Final = (47892.0, 88068.0)
"""Of the years 1990 to 2099, outside of which a date is a fault of the header [d]."""
_MJD_EPOCH: Final = datetime(1858, 11, 17, tzinfo=UTC)
_LEAP_SECOND: Final = re.compile(r"(.*[T ][0-9]{2}:[0-9]{2}):60([^0-9].*)?")
_EMPTY: Final = frozenset({"", "NONE", "N/A", "NA", "NULL", "UNKNOWN", "--"})


@dataclass(slots=True)
class CardReader:
    """Cards of one header as checked values; what is wrong is noted in `problems`.

    Attributes
    ----------
    header : mapping
        As `qltui.instruments.fits_cards.parse_cards` gives it.
    problems : list of str
        One sentence for each card that has a value and no usable one.
    nothing : frozenset of str or float
        Further values by which the observatory says that it knows none: text in upper case, numbers.
    """

    header: Header
    problems: list[str] = field(default_factory=list)
    nothing: frozenset[str | float] = frozenset()

    def _is_nothing(self, value: Scalar | None) -> bool:
        """Whether a card is absent, or has a value that stands for none."""
        if isinstance(value, str):
            word = value.strip().upper()
            return word in _EMPTY or word in self.nothing
        return value is None or (not isinstance(value, bool) and value in self.nothing)

    def text(self, key: str, limit: int = 200) -> str:
        """Return a card as clean text of at most `limit` characters; empty where it is missing or says nothing."""
        value = self.header.get(key, "")
        word = clean_text(value if isinstance(value, str) else str(value), limit)
        return "" if word.upper() in _EMPTY else word

    def number(self, *keys: str, low: float = -math.inf, high: float = math.inf) -> float | None:
        """Return the first of several cards that holds a finite number between `low` and `high`, or None."""
        for key in keys:
            value = self.header.get(key)
            if value is None or self._is_nothing(value):
                continue
            number = math.nan
            if isinstance(value, str):
                try:
                    number = float(value)
                except ValueError:
                    number = math.nan
            elif not isinstance(value, bool) and abs(value) < 1e300:
                number = float(value)
            if math.isfinite(number) and low <= number <= high:
                return number
            self.problems.append(f"{key} is {clean_text(str(value), 40)!r} and not used")
        return None

    def whole(self, key: str, low: int = 0, high: int = 10**9) -> int | None:
        """Return a card as a whole number between `low` and `high`, or None."""
        number = self.number(key, low=low, high=high)
        if number is None:
            return None
        if not number.is_integer():
            self.problems.append(f"{key} is {number} and not used: not a whole number")
            return None
        return int(number)

    def scalars(self, keys: tuple[str, ...]) -> dict[str, Scalar]:
        """Return those of `keys` that have a value: finite numbers, clean text."""
        found: dict[str, Scalar] = {}
        for key in keys:
            value = self.header.get(key)
            if self._is_nothing(value):
                continue
            if isinstance(value, str):
                value = self.text(key)
            if value is None or value == "" or (isinstance(value, float) and not math.isfinite(value)):
                continue
            if isinstance(value, int) and abs(value) >= 2**63:
                continue
            found[key] = value
        return found


def _calendar(number: int) -> int | None:
    """Return YYYYMMDD where it is a date of this or the last century, or None."""
    try:
        day = date(number // 10000, number // 100 % 100, number % 100)
    except ValueError:
        return None
    return number if 1990 <= day.year <= 2099 else None


def date_of(reader: CardReader) -> datetime | None:
    """Return the start of the exposure in UTC, from DATE-OBS or else MJD-OBS; None where neither tells."""
    text = reader.text("DATE-OBS", 40)
    if text:
        try:
            moment = _moment(text)
        except (ValueError, OverflowError):
            reader.problems.append(f"DATE-OBS is {text!r} and not used")
        else:
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            if 1990 <= moment.year <= 2099:
                return moment.astimezone(UTC)
            reader.problems.append(f"DATE-OBS is {text!r} and not used")
    mjd = reader.number("MJD-OBS", low=MJD_RANGE[0], high=MJD_RANGE[1])
    return None if mjd is None else _MJD_EPOCH + timedelta(days=mjd)


def _moment(text: str) -> datetime:
    """Return the moment of an ISO 8601 text; the second 60 of a leap second is that of the next minute."""
    leap = _LEAP_SECOND.fullmatch(text)
    if leap is None:
        return datetime.fromisoformat(text)
    return datetime.fromisoformat(f"{leap[1]}:59{leap[2] or ''}") + timedelta(seconds=1)


def local_night(moment: datetime, offset: timedelta) -> int:
    """Return the night YYYYMMDD of a moment: the date of the local noon before it.

    Parameters
    ----------
    moment : datetime
        With its time zone.
    offset : timedelta
        Local minus universal time.
    """
    local = moment.astimezone(UTC) + offset - timedelta(hours=12)
    return local.year * 10000 + local.month * 100 + local.day


def night_of(reader: CardReader, offset: timedelta, directory: str = "") -> int | None:
    """Return the night YYYYMMDD: the local date of the noon before.

    Parameters
    ----------
    reader : CardReader
        NIGHT (a number or text), else DATE-OBS, else MJD-OBS is used.
    offset : timedelta
        Local minus universal time.
    directory : str
        Name of the directory of the night, if the file lies in one. The observatory sorted the file there: where the
        header says something else, the directory counts and the difference is a problem.
    """
    from_directory = _calendar(int(directory)) if re.fullmatch(r"[0-9]{8}", directory) else None
    text = reader.text("NIGHT", 20).replace("-", "")
    night = _calendar(int(text)) if re.fullmatch(r"[0-9]{8}", text) else None
    if night is None:
        if text:
            reader.problems.append(f"NIGHT is {text!r} and not used")
        moment = date_of(CardReader(reader.header))
        if moment is not None:
            night = local_night(moment, offset)
    if from_directory is None:
        return night
    if night is not None and night != from_directory:
        reader.problems.append(f"the header says night {night}, the file lies in {from_directory}")
    return from_directory
