"""The templates of what is recorded against the sources that make these sentences: a new sentence has a template.

Held against are the words between the values of an f-string, and sentences without values: each stands in a template.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from grader.languages.extraction import messages, templates
from grader.languages.recorded import recorded
from grader.languages.translating import speaking
from grader.paths import PACKAGE

SOURCES = (  # whose sentences a student reads
    "checking/compare checking/diagnosis checking/mistakes checking/integers submission/validate submission/imports "
    "submission/wrong_files submission/ipynb submission/notebook submission/handing_in submission/packing "
    "submission/json_walk submission/program feedback/plain_words feedback/notices examination/at_fault sandbox "
    "examination/budget competition/predictions course/curve"
)


def told(file: str) -> Iterator[str]:
    """The words of a file's sentences, as far as they stand in one piece."""
    place = PACKAGE / f"{file}.py" if (PACKAGE / f"{file}.py").is_file() else PACKAGE / file / "__init__.py"
    tree = ast.parse(place.read_text(encoding="utf-8"))
    wrapped = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("tr", "mark", "compile")
        for inner in ast.walk(node)
    }
    ours = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise) and "AuthoringError" in ast.unparse(node)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in wrapped or node in ours or not isinstance(node, ast.JoinedStr):
            continue
        for part in node.values:
            if (
                isinstance(part, ast.Constant)
                and re.search(r"[a-z]{2,} [a-z]{2,}", str(part.value))
                and "\\" not in part.value
            ):
                yield str(part.value).strip()


KNOWN = "\n".join(
    [text for several in templates().values() for text in several]
    + [each.text for several in messages().values() for each in several]
)


@pytest.mark.parametrize("file", SOURCES.split())
def test_what_a_student_may_read_has_a_template(file):
    pieces = [piece for text in told(file) for piece in re.split(r"; |: |, expected |^is |^an array ", text)]
    without = [piece for piece in pieces if piece.strip(" .:;,") not in KNOWN and " " in piece.strip()]
    assert without == [], f"put a template into grader/languages/templates/{file.partition('/')[0]}.txt"


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("softmax is too large by the factor 5, which is also the length of axis 0.",
         "softmax ist um den Faktor 5 (das ist auch die Länge von Achse 0) zu groß."),
        ("w.grad is wrong in one entry only, at index (1, 2).",
         "w.grad ist nur in einem Eintrag falsch, bei Index (1, 2)."),
        ("the loss is NaN in 3 of 12 entries, the first at index 4.",
         "the loss ist NaN in 3 von 12 Einträgen, dem ersten bei Index 4."),
        ("No answer within 2.5 s: look for a loop that never ends, or one that could be an array operation.",
         "Keine Antwort innerhalb von 2,5 s: suchen Sie nach einer Schleife, die nie endet, oder einer, die eine "
         "Array-Operation sein könnte."),
        ("x.ipynb: the file is empty (0 bytes, no text in it)",
         "x.ipynb: die Datei ist leer (0 Bytes, kein Text darin)"),
        ("The columns of TABLE do not add up to 1.", "The columns of TABLE do not add up to 1."),
    ],
)  # fmt: skip
def test_in_german(english, german):
    with speaking("de"):
        assert recorded(english) == german
