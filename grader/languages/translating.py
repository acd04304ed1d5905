"""A sentence in the language that is spoken now: gettext, with placeholders that have names."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Any

from grader.languages import po

ENGLISH = "en"  # in which the sources are written


@dataclass(frozen=True, eq=False)
class Language:
    """A language by its code ("de"), as pages name it, and its messages."""

    code: str
    translations: NullTranslations = field(default_factory=NullTranslations)
    messages: tuple[po.Message, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, code: str, messages: Iterable[po.Message]) -> Language:
        """A language made of the messages of its catalogues, the head of one of them among these."""
        known = tuple(messages)
        return cls(code, GNUTranslations(io.BytesIO(po.compiled(known))), known)


def languages() -> tuple[str, ...]:
    """The codes of all languages that there are catalogues for, and English."""
    return tuple(sorted({ENGLISH, *(folder.name for folder in _folders())}))


def _folders() -> Iterator[Any]:
    """The folders of catalogues: those of the package, and those in GRADER_LANGUAGES, which is for trying."""
    from importlib.resources import files  # the package may lie in a zip; who speaks English needs no catalogue

    more = os.environ.get("GRADER_LANGUAGES")
    for place in (files(__package__), *([Path(more)] if more else [])):
        for each in place.iterdir():
            if each.is_dir() and any(file.name.endswith(".po") for file in each.iterdir()):
                yield each


@cache
def language(code: str) -> Language:
    """The language of this code, its catalogues read. Raises KeyError where there is none."""
    if code == ENGLISH:
        return Language(ENGLISH)
    sources = [file for folder in _folders() if folder.name == code for file in folder.iterdir()]
    texts = [file.read_text(encoding="utf-8") for file in sources if file.name.endswith(".po")]
    if not texts:
        raise KeyError(code)
    unique = {message.key: message for text in texts for message in po.read(text)}
    return Language.of(code, unique.values())


_SPOKEN: ContextVar[Language] = ContextVar("spoken", default=Language(ENGLISH))  # noqa: B039 - a frozen value


def spoken() -> Language:
    """The language that is spoken now."""
    return _SPOKEN.get()


@contextmanager
def speaking(which: str | Language) -> Iterator[None]:
    """Speak a language inside of this block, and in threads to which its context is copied."""
    before = _SPOKEN.set(which if isinstance(which, Language) else language(which))
    try:
        yield
    finally:
        _SPOKEN.reset(before)


def mark(text: str) -> str:
    """The text as it is: a message that is translated later, by tr, where it is shown."""
    return text


def tr(text: str, /, **values: Any) -> str:
    """The message in the language that is spoken, with its placeholders filled in where values are given."""
    said = _SPOKEN.get().translations.gettext(text)
    return said.format(**values) if values else said


def trc(context: str, text: str, /, **values: Any) -> str:
    """A message that needs its context to be translated."""
    said = _SPOKEN.get().translations.pgettext(context, text)
    return said.format(**values) if values else said


def trn(one: str, several: str, n: int, /, **values: Any) -> str:
    """The message for n of something; {n} is filled in."""
    return _SPOKEN.get().translations.ngettext(one, several, n).format(n=n, **values)
