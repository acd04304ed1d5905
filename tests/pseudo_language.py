"""A language that is made up: every message in brackets. What of a page stands outside of them was not translated."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

from grader.languages import po
from grader.languages.extraction import messages
from grader.languages.translating import Language

CODE = "qps"
HEAD = f"Language: {CODE}\nContent-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"
BETWEEN = ("decimal mark",)  # contexts of what is no message but a mark
SPOKEN_ATTRIBUTES = ("title", "aria-label", "placeholder", "alt", "value")
NOT_READ = ("style", "script", "code", "bdi", "time", "textarea")
VOID = ("meta", "br", "rect", "input", "link", "img", "line", "path", "circle")


def pseudo() -> list[po.Message]:
    """Every message of the sources, translated into itself in brackets."""
    known = {message.key: message for several in messages().values() for message in several}
    return [po.Message("", forms=(HEAD,)), *(replace(each, forms=_forms(each)) for each in known.values())]


def _forms(message: po.Message) -> tuple[str, ...]:
    texts = (message.text, message.plural) if message.plural else (message.text,)
    return texts if message.context in BETWEEN else tuple(f"⟦{text}⟧" for text in texts)


@cache
def pseudo_language() -> Language:
    return Language.of(CODE, pseudo())


def write_catalogue(folder: Path) -> None:
    """The language as a folder of GRADER_LANGUAGES."""
    (folder / CODE).mkdir(parents=True)
    (folder / CODE / "all.po").write_text(po.written(pseudo()), encoding="utf-8")


class Read(HTMLParser):
    """What a person reads of a page, and hears: `texts`, each block and each attribute by itself."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.texts: list[str] = [""]
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        for name in SPOKEN_ATTRIBUTES:
            read = name != "value" or (tag == "input" and given.get("type") in ("submit", "button"))
            if given.get(name) and read:
                self.texts[-1:-1] = [given[name] or ""]
        self.texts += [""] if tag in ("li", "p", "h1", "h2", "h3", "h4", "td", "th", "dt", "dd", "summary") else []
        self.open += [] if tag in VOID else [tag]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, text: str) -> None:
        if not set(self.open) & set(NOT_READ):
            self.texts[-1] += text


def untranslated(page: str, known: Iterable[str]) -> list[str]:
    """Words of a page of HTML outside of brackets that are none of the course's own (`known`: texts, or patterns)."""
    return outside(Read(page).texts, known)


def outside(texts: Iterable[str], known: Iterable[str]) -> list[str]:
    """Texts with a letter outside of brackets; ids, digests, numbers and what is known aside."""
    patterns = sorted(known, key=len, reverse=True)
    found = []
    for text in texts:
        rest = text
        while (less := re.sub(r"⟦[^⟦⟧]*⟧", " ", rest)) != rest:
            rest = less
        for pattern in patterns:
            rest = re.sub(pattern, " ", rest)
        rest = re.sub(r"\b(?=\w*\d)[\w:.-]+", " ", rest)
        if re.search(r"[^\W\d_]", rest):
            found.append(text.strip())
    return found
