"""Text that came from outside, as a terminal, a table or a page may show it."""

from __future__ import annotations

import unicodedata

JOINERS = "\u200c\u200d"  # invisible, and needed in names in several scripts of India


def clean(text: str) -> str:
    """Text without line breaks, escape codes or reversed writing; names may come from outside."""
    if text.isprintable():
        return text  # nearly always, and a whole class's pages are made of it
    return "".join(letter if letter.isprintable() or letter in JOINERS else "?" for letter in text)


def letters(text: str) -> str:
    """A text to compare names by: letters (with their marks) and digits, lower case, one blank between words.

    What has no width (joiners, marks of direction, soft hyphens) does not count.
    Accents stay: a name without its accents is another name.
    """
    folded = unicodedata.normalize("NFC", text).casefold()
    kinds = ((letter, unicodedata.category(letter)) for letter in folded)
    kept = (letter if kind[0] in "LMN" else "" if kind == "Cf" else " " for letter, kind in kinds)
    return " ".join("".join(kept).split())
