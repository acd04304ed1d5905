"""Walk through JSON text to the few values that are wanted. All else is stepped over, and no object is made of it.

So a notebook costs what its code costs, not what its outputs cost: 200 MB of pictures, or of millions of small values,
take no memory beside the text itself. What is stepped over is not checked, and may be nested as deeply as it likes.
"""

from __future__ import annotations

import itertools
import json
import operator
import re
from collections.abc import Iterator
from typing import Any

from grader.errors import SubmissionError
from grader.submission.wrong_files import CLEAR, DOWNLOAD, broken, truncated

MAX_WALKED = 500_000  # members and items of what is wanted; a notebook has some ten a cell
WINDOW_BYTES, WIDEST_BYTES = 2**9, 2**18  # how much is looked at together, at first and at the most
PAIRINGS = 16  # lists in lists that deep are seen at once to close nothing around them

_BLANK = re.compile(rb"[ \t\n\r]*")
_WORD = re.compile(rb"[-+.\w]+")  # a number, true, false, null, NaN
_OPENS, _CLOSES = 2, 0  # what brackets become, so that their sum less their number is the depth
_PAIR = bytes([_OPENS, _CLOSES])
_AS_NUMBERS = bytes.maketrans(b"[{]}", bytes([_OPENS, _OPENS, _CLOSES, _CLOSES]))
_NO_BRACKETS = bytes(set(range(256)) - set(b"[{]}"))
_STRING_OR_BRACKET = re.compile(rb'"[^"]*"?|(?P<bracket>[\[\]{}])')
_BACKSLASH = 92
_DECODER = json.JSONDecoder(parse_int=float)  # int() refuses very long numbers, and none is looked at


class Walk:
    """One way through a text in UTF-8; `name` is what errors call the file. Every error is a SubmissionError.

    What is wanted is said in the shape of the document: a dict stands for an object and says what is wanted of its
    members, a list of one for a list and says it for its items. What comes back has that shape. A value that is not
    wanted, or has another shape, is a slice of the text.
    """

    def __init__(self, text: bytes, name: str) -> None:
        self.text = text
        self.name = name
        self._at = 0
        self._left = MAX_WALKED

    def document(self, wanted: Any) -> Any:
        """The whole text, which is one value."""
        value = self._value(wanted)
        self._blank()
        if self._at < len(self.text):
            raise self._broken("nothing more")
        return value

    def decoded(self, place: slice) -> Any:
        """The value that stands there, as json.loads gives it, whole numbers as float."""
        try:
            return _DECODER.decode(self.text[place].decode("utf-8", "replace"))
        except json.JSONDecodeError as error:
            self._at = place.start + len(error.doc[: error.pos].encode("utf-8", "replace"))
            raise broken(self.text, self.name, self._at, error.msg) from None
        except RecursionError:
            raise SubmissionError(f"{self.name}: its JSON is nested too deeply for a notebook; {DOWNLOAD}") from None

    def _value(self, wanted: Any) -> Any:
        self._blank()
        if isinstance(wanted, dict) and self._takes(b"{"):
            return self._object(wanted)
        if isinstance(wanted, list) and self._takes(b"["):
            return [self._value(wanted[0]) for _ in self._each(b"]")]
        start = self._at
        self._step_over()
        return slice(start, self._at)

    def _object(self, wanted: dict[str, Any]) -> dict[str, Any]:
        found = {}
        for _ in self._each(b"}"):
            self._blank()
            start = self._at
            self._string()
            key = self.decoded(slice(start, self._at))
            self._needs(b":")
            found[key] = self._value(wanted.get(key))
        return found

    def _each(self, close: bytes) -> Iterator[None]:
        """Stop before each member or item, and behind what closes them all."""
        if self._takes(close):
            return
        while True:
            self._left -= 1
            if self._left < 0:
                raise SubmissionError(f"{self.name}: more than {MAX_WALKED} values are in it beside outputs; {CLEAR}")
            yield
            if self._takes(close):
                return
            self._needs(b",")

    def _blank(self) -> None:
        found = _BLANK.match(self.text, self._at)
        self._at = found.end() if found else self._at

    def _takes(self, mark: bytes) -> bool:
        self._blank()
        found = self.text.startswith(mark, self._at)
        self._at += found
        return found

    def _needs(self, mark: bytes) -> None:
        if not self._takes(mark):
            raise self._broken(repr(mark.decode()))

    def _string(self) -> None:
        """Step over a string."""
        quote = self._at
        if not self.text.startswith(b'"', quote):
            raise self._broken("a string")
        while True:
            quote = before = self.text.find(b'"', quote + 1)
            if quote < 0:
                raise truncated(self.text, self.name)
            while self.text[before - 1] == _BACKSLASH:
                before -= 1
            if (quote - before) % 2 == 0:
                self._at = quote + 1
                return

    def _step_over(self) -> None:
        """Step over a value. Brackets are counted; whether they fit each other nobody asks."""
        mark = self.text[self._at : self._at + 1]
        if mark == b'"':
            self._string()
        elif mark in (b"[", b"{"):
            self._brackets()
        else:
            word = _WORD.match(self.text, self._at)
            if word is None:
                raise self._broken("a value")
            self._at = word.end()

    def _brackets(self) -> None:
        """Step over a list or object, some thousand bytes at a time: a loop over its brackets would take minutes."""
        depth, in_string, size = 0, False, WINDOW_BYTES
        while True:
            window = _unescaped(self.text[self._at : self._at + size])
            if not window:
                raise truncated(self.text, self.name)
            parts = window.split(b'"')
            brackets = b"".join(parts[in_string::2]).translate(_AS_NUMBERS, _NO_BRACKETS)
            last = _last_bracket(brackets, depth)
            if last:
                self._at += _end_of_bracket(window, in_string, last)
                return
            depth += 2 * brackets.count(_OPENS) - len(brackets)
            in_string ^= len(parts) % 2 == 0
            self._at += len(window)
            size = min(4 * size, WIDEST_BYTES)

    def _broken(self, expected: str) -> SubmissionError:
        if self._at >= len(self.text):
            return truncated(self.text, self.name)
        return broken(self.text, self.name, self._at, f"expected {expected}")


def _unescaped(window: bytes) -> bytes:
    """The window with blanks for escaped quotes: every quote begins or ends a string. Half an escape is cut off."""
    backslashes = len(window) - len(window.rstrip(b"\\"))
    whole = window[: len(window) - backslashes % 2]
    return whole.replace(b"\\\\", b"  ").replace(b'\\"', b"  ") if b"\\" in whole else whole


def _last_bracket(brackets: bytes, depth: int) -> int:
    """The number, from 1, of the bracket that closes what is `depth` deep before the first; 0 if none does."""
    if _without_pairs(brackets).count(_CLOSES) < depth:
        return 0
    closed = map(operator.eq, itertools.accumulate(brackets, initial=depth), itertools.count())
    return max(0, bytes(closed).find(True, 1))


def _without_pairs(brackets: bytes) -> bytes:
    """The brackets without those that close what is opened among them, PAIRINGS deep."""
    for _ in range(PAIRINGS):
        before, brackets = brackets, brackets.replace(_PAIR, b"")
        if len(brackets) == len(before):
            break
    return brackets


def _end_of_bracket(window: bytes, in_string: bool, number: int) -> int:
    """Where the bracket of this number ends, those in strings not counted."""
    start = window.index(b'"') + 1 if in_string else 0
    ends = (found.end() for found in _STRING_OR_BRACKET.finditer(window, start) if found["bracket"])
    return next(itertools.islice(ends, number - 1, None))
