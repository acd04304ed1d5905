"""The one way for words of a candidate to whoever reads them, by what they are: a class, a text, a place.

A candidate may say anything, hidden inputs too. A name is shown as it was said where it stands in what was handed in or
is Python's own; from all else the digits go. Nothing that is shown has more than MOST_DIGITS digits or MOST_LETTERS
letters in a row, whoever said it, so that no field is a way out for numbers, keys or texts.
"""

from __future__ import annotations

import builtins
import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

MAX_TEXT = 160  # characters of an exception's text that are shown
MAX_NAME = 80  # of a class, a function, a file
MAX_MESSAGE = 1000
MAX_LOOKED_INTO = 20 * 2**20  # characters of what was handed in: a name, a place beyond them is told as a stranger's
MOST_DIGITS = 4  # in a row: shapes, lines, counts
MOST_LETTERS = 40

_NUMBER = re.compile(r"[-+]?\d[\d.,_]*(?:[eE][-+]?\d+)?")
_DIGITS = re.compile(rf"\d{{{MOST_DIGITS + 1},}}")
_LETTERS = re.compile(rf"([^\W\d_]{{{MOST_LETTERS}}})[^\W\d_]+")
_MANY_AXES = re.compile(r"\((?:[\d#]+, ){6,}[^)]*\)")
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
PYTHONS = frozenset(name for name in dir(builtins) if name[0] != "_")


@dataclass(frozen=True)
class Raw:
    """Words of a candidate as they were said. Whoever shows them by mistake shows nothing of them."""

    said: str

    def __str__(self) -> str:
        return "(words of the submission)"

    __repr__ = __str__


def line(text: str, most: int = MAX_NAME) -> str:
    """One line of printable characters, `most` of them."""
    words = " ".join(text[: 4 * most].split())[:most]
    return "".join(character if character.isprintable() else "?" for character in words)


def in_short_rows(text: str) -> str:
    """A message with no more digits or letters in a row than anybody may be shown; the last look at every message."""
    text = _DIGITS.sub("#", _plain_digits(text[: 4 * MAX_MESSAGE]))
    return _LETTERS.sub(r"\1…", _MANY_AXES.sub("(many axes)", text))[:MAX_MESSAGE]


def without_numbers(text: str, most: int = MAX_TEXT) -> str:
    """A text of a candidate: short, in short rows, without its numbers."""
    return in_short_rows(line(_NUMBER.sub("#", _plain_digits(text[: 8 * most])), most))


def _plain_digits(text: str) -> str:
    """Digits of every script, circled and raised ones too, as plain ones."""
    if text.isascii():
        return text
    return "".join("0" if not each.isascii() and unicodedata.category(each)[0] == "N" else each for each in text)


class Words:
    """What may be told of the words of one submission.

    texts: place ("cell 3", "helpers.py") -> the text that was handed in, or released, there; of MAX_LOOKED_INTO
    characters together, the first are looked into
    """

    def __init__(self, texts: Mapping[str, str], asked: Iterable[str] = ()) -> None:
        within = (end <= MAX_LOOKED_INTO for end in itertools.accumulate(map(len, texts.values())))
        self.texts = dict(itertools.compress(texts.items(), within))
        self.asked = frozenset(asked)

    @cached_property
    def known(self) -> frozenset[str]:
        """Every name that stands in the texts: to say one of them says little."""
        return self.asked.union(PYTHONS, *(_IDENTIFIER.findall(text) for text in self.texts.values()))

    def name(self, said: Raw) -> str:
        """The name of a class, of an exception or of an object."""
        if len(said.said) <= MAX_NAME and said.said in self.known:
            return in_short_rows(said.said)
        return without_numbers(said.said, MAX_NAME)

    def missing(self, said: Raw, sought: Iterable[str]) -> str | None:
        """The name that is said to be missing, if it is one of those that were sought."""
        return said.said if said.said in self.asked or said.said in set(sought) else None

    def message(self, said: Raw) -> str:
        """The text of an exception."""
        return without_numbers(said.said)

    def place(self, where: Raw, at: int) -> tuple[str, int, str]:
        """(where, line, its text) of what was handed in; "" and 0 for what is not there."""
        lines = self.texts.get(where.said, "").splitlines()
        if where.said not in self.texts or not 0 < at <= len(lines):
            return "", 0, ""
        return line(where.said), at, line(lines[at - 1], 2 * MAX_NAME)
