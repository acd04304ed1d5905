"""What was written down in English, in the language that is spoken: by the templates that it was made from.

What goes on record, comes from another process or is calculated once for many readers is a finished English sentence
(an outcome, a diagnosis, a notice, a reason). It stays one: staff compare records, and a course may change its
language. templates/ lists what these sentences are made from; a sentence is translated if it is one of them from
its first letter to its last, and else left as it is, for then the author of the course wrote it.

An error may go on record too, so it is made in English and translated where somebody reads it, as are the lines that a
command says; their template is the literal that they are made with.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from grader.languages.formats import figure
from grader.languages.translating import ENGLISH, Language, spoken, tr, trc

CONTEXT = "on record"  # of the templates in the catalogue
SAID = "said"  # of those that the sources hold: what errors, remarks and lines in the terminal say
WHOLE = r"[+-]?\d+"
KINDS = {  # what stands at a placeholder, by its name without a digit; anything else stands at the others
    "n": WHOLE,
    "cell": WHOLE,
    "line": WHOLE,
    "axis": WHOLE,
    "name": r"[\w.]+",
    "error": r"an exception|[\w.]+",
    "text": r".+?",
    "names": r".+?",
    "numbers": r"[\d, ()\w]+?",
    "file": r".+?",
    "table": r"[^:;]+?\.\w+",
    "release": r"\S+",
    "formula": r"sqrt\(.+?\)|n/\(n - 1\)",
    "when": r"[\d: +-]+",
    "question": r"[\w.-]+",
    "dtype": r"[\w.]+",
    "shape": r"\([^()]*\)",
    "index": r"\d+|\([^()]*\)",
    "number": r"[+-]?[\d.e+]+",
}
AROUND = " ;:,"  # what stands around a piece of a sentence, and is no part of it
CLOSE = r"(?: \(did you mean [^()]*\?\))?"  # did_you_mean: nothing, or a name that is close
BETWEEN = ("; ", ". ", ": ")  # what sentences are put together with
MOST_LETTERS, MOST_PIECES = 2000, 20  # of a text that is looked at; a student's words may stand in it
Contexts = tuple[str, ...]
PLACEHOLDER = re.compile(r"\{((\w+?)\d*)\}")


def recorded(text: str) -> str:
    """The English text in the language that is spoken; what is of no template stays as it is.

    So does what is longer than any sentence of ours: of MOST_PIECES sentences the first are looked at, of more than
    MOST_LETTERS characters none.
    """
    return _shown(text, (CONTEXT,))


def said(what: object) -> str:
    """What an error or a line for the terminal says, made in English, in the language that is spoken."""
    return _shown(str(what), (CONTEXT, SAID))


def _shown(text: str, of: Contexts) -> str:
    if spoken().code == ENGLISH or not text.strip() or len(text) > MOST_LETTERS:
        return text
    bare = text.strip()
    before, _, after = text.partition(bare)
    return f"{before}{_translated(bare, MOST_PIECES, of)}{after}"


def _translated(text: str, pieces: int, of: Contexts) -> str:
    """The text translated whole, or piece by piece."""
    found = _whole(text, of)
    mark = next((mark for mark in BETWEEN if mark in text), None)
    if found is not None or mark is None or pieces == 0:
        return text if found is None else found
    if SAID in of and ": " in text:  # where, then a whole sentence, which may hold marks of its own
        where, rest = text.split(": ", 1)
        if "; " not in where and (sentence := _whole(rest, of)) is not None:
            return f"{_translated(where, 0, of)}: {sentence}"
        if "; " in rest and ": " in rest and "; " not in where:
            return f"{_translated(where, 0, of)}: {_translated(rest, pieces - 1, of)}"
    first, rest = _parted(text, mark)
    if mark == "; " and "(" in first and _whole(first, of) is None:
        first, rest = text.split(mark, 1)
    if mark == ". ":
        first, mark = f"{first}.", " "
    return f"{_translated(first, pieces - 1, of)}{mark}{_translated(rest, pieces - 1, of)}"


def _parted(text: str, mark: str) -> tuple[str, str]:
    """What stands before and after the first mark outside of parentheses; where there is none, the first of all."""
    end = text.find(mark)
    for _ in range(MOST_PIECES):
        if end < 0 or text.count("(", 0, end) <= text.count(")", 0, end):
            break
        end = text.find(mark, end + len(mark))
    if end < 0:
        end = text.find(mark)
    return text[:end], text[end + len(mark) :]


def _whole(text: str, of: Contexts) -> str | None:
    """The translation, where the whole text is made from one template, or is a message itself; as a sentence, too."""
    found = _from_template(text, of)
    if found is None and " " in text and (said := tr(text)) != text:
        return said
    if found is None and text.endswith("."):
        bare = _whole(text[:-1], of)
        return None if bare is None else f"{bare}."
    if found is None and text[:1].isupper():
        low = _from_template(text[0].lower() + text[1:], of)
        return None if low is None else low[0].upper() + low[1:]
    return found


def _from_template(text: str, of: Contexts) -> str | None:
    """The translation of what is made from one template; of several from that which says most."""
    for pattern, context, template in _templates(spoken(), of):
        found = pattern.fullmatch(text)
        if found:
            shown = spoken().translations.pgettext(context, template)
            values: Mapping[str, str] = found.groupdict()
            return shown.format(**{name: _value(name, value, context, of) for name, value in values.items()})
    return None


def _value(name: str, value: str, context: str, of: Contexts) -> str:
    """What stood at a placeholder: a number as the language writes it; a piece that is of a template, translated."""
    if context == SAID:
        return value if len(value) > 400 else _piece(value, of)
    kind = name.rstrip("0123456789")
    if kind == "number":
        return figure(value)
    if kind == "shape":  # (3, any), (20, 1 to 64)
        return value.replace("any", trc("length of an axis", "any")).replace(
            " to ", f" {trc('length of an axis', 'to')} "
        )
    if kind == "error":
        return recorded(value)
    return value if kind in KINDS or len(value) > 400 else recorded(value)


def _piece(value: str, of: Contexts) -> str:
    """A piece of a sentence, translated; what separates it from the rest stays where it is."""
    shown, bare = _shown(value, of), value.strip(AROUND)
    if shown != value or bare in ("", value):
        return shown
    before, _, after = value.partition(bare)
    return f"{before}{_shown(bare, of)}{after}"


@lru_cache(maxsize=8)
def _templates(language: Language, of: Contexts) -> tuple[tuple[re.Pattern[str], str, str], ...]:
    """Every template as a pattern, with its context; those with most words of their own first."""
    found = [message for message in language.messages if message.context in of]
    found.sort(key=lambda each: (-len(PLACEHOLDER.sub("", each.text)), each.text))
    return tuple((_pattern(each.text, each.context), each.context, each.text) for each in found)


def _pattern(template: str, context: str) -> re.Pattern[str]:
    pieces, seen, end = [], set(), 0
    for found in PLACEHOLDER.finditer(template):
        pieces.append(_literal(template[end : found.start()]))
        name, kind = found[1], KINDS.get(found[2], r".+?")
        if context == SAID:
            kind = CLOSE if found[2] == "close" else r".*?"
        pieces.append(f"(?P={name})" if name in seen else f"(?P<{name}>{kind})")
        seen.add(name)
        end = found.end()
    return re.compile("".join([*pieces, _literal(template[end:])]), re.DOTALL)


def _literal(text: str) -> str:
    return re.escape(text.format())
