"""The known word that a misspelt one may mean."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection

from grader.course.spreadsheet_ids import without_zeros
from grader.languages.translating import tr

_DIGIT = re.compile(r"\d")


def as_known(word: str, known: Collection[str]) -> str:
    """The known word that a word is but for its capitals, where that is one; else the word as it is."""
    alike = [other for other in known if other.casefold() == word.casefold()]
    return alike[0] if len(alike) == 1 and word not in known else word


def did_you_mean(word: str, known: Collection[str]) -> str:
    """ " (did you mean 'weight'?)" for a word that resembles a known one, else nothing.

    Of ids that are alike but for their digits none is named: each is as likely to be somebody else's as the next.
    """
    spelt = {other.casefold(): other for other in sorted(known, reverse=True)}
    asked = word.casefold()
    same = [other for other in spelt if without_zeros(other) == without_zeros(asked)]
    close = [asked] if asked in spelt else same or difflib.get_close_matches(asked, sorted(spelt), n=1)
    if not close or (_DIGIT.sub("0", close[0]) == _DIGIT.sub("0", asked) and close[0] != asked):
        return ""
    return tr(" (did you mean {word}?)", word=repr(spelt[close[0]]))
