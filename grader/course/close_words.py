"""The known word that a misspelt one may mean."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection

from grader.course.spreadsheet_ids import without_zeros
from grader.languages.translating import tr

_DIGIT = re.compile(r"\d")
_LIKE_DIGITS = str.maketrans("oil", "011")  # letters that are taken for digits, and digits for them


def as_known(word: str, known: Collection[str]) -> str:
    """The known word that a word is but for its capitals, where that is one; else the word as it is."""
    alike = [other for other in known if other.casefold() == word.casefold()]
    return alike[0] if len(alike) == 1 and word not in known else word


def did_you_mean(word: str, known: Collection[str]) -> str:
    """ " (did you mean 'weight'?)" for a word that resembles a known one, else nothing.

    Of ids that are alike but for their digits none is named: each is as likely to be somebody else's as the next.
    Nor is one of several that are as close as each other, unless it is the only one that looks the same (O and 0).
    """
    spelt = {other.casefold(): other for other in sorted(known, reverse=True)}
    asked = word.casefold()
    same = [other for other in spelt if without_zeros(other) == without_zeros(asked)]
    looks = [other for other in spelt if other.translate(_LIKE_DIGITS) == asked.translate(_LIKE_DIGITS)]
    close = [asked] if asked in spelt else same or (looks if len(looks) == 1 else _closest(asked, spelt))
    if not close or (_DIGIT.sub("0", close[0]) == _DIGIT.sub("0", asked) and close[0] != asked):
        return ""
    return tr(" (did you mean {word}?)", word=repr(spelt[close[0]]))


def _closest(word: str, known: Collection[str]) -> list[str]:
    """The closest word; of ids, none where two are as close."""
    found = difflib.get_close_matches(word, sorted(known), n=2)
    first, *second = (difflib.SequenceMatcher(None, other, word).ratio() for other in found) if found else (0,)
    return [] if found and _DIGIT.search(found[0]) and second == [first] else found[:1]
