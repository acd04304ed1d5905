"""What lies under another title than that of the assignment: it is not read, and nobody is missing without a word."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from grader.collect.remarks import Remark, Weight, listed
from grader.collect.uploads import Passed
from grader.submission.text import letters


def alike(title: str, wanted: str) -> bool:
    """Whether a title is the wanted one with something added: "A2 CNN (late)" for "A2 CNN", not "A20 CNN"."""
    words, asked = letters(title), letters(wanted)
    glued = rf"(?<!\d){re.escape(asked.replace(' ', ''))}(?!\d)"
    return bool(asked) and (f" {asked} " in f" {words} " or re.search(glued, words.replace(" ", "")) is not None)


def by_title(passed: Sequence[Passed]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Each title, and who handed in under it as the platform calls them."""
    titles: dict[str, dict[str, None]] = {}
    for each in passed:
        titles.setdefault(each.title, {})[str(each.person)] = None
    return tuple((title, tuple(people)) for title, people in sorted(titles.items()))


def not_read(title: str) -> Remark:
    """What to say of a title that may be the assignment's."""
    return Remark(f"not read: what was handed in under {title}; --title {shlex.quote(title)} takes it", Weight.ASK)


def under_others(titles: Sequence[str]) -> Remark:
    """What to say of somebody who is missing, and there under other titles."""
    return Remark(f"handed in under {listed(titles)} alone")
