"""What tests of questions that a person marks share: a starter with texts, and what students make of it."""

from __future__ import annotations

import json
from pathlib import Path

from tiny import RIGHT, small_course

from grader.paths import Paths

ESSAY = """
[[question]]
id = "q7"
title = "Why subtract the maximum?"
points = 5
manual = true

[[question]]
id = "q8"
title = "A plot"
points = 2.5
manual = true
"""
ALONE = """title = "Two essays"

[[question]]
id = "q1"
title = "On depth"
points = 6
manual = true

[[question]]
id = "q2"
title = "On width"
points = 4
manual = true
"""


def text(source, **more):
    return {"cell_type": "markdown", "metadata": {}, "source": source, **more}


def code(source, **more):
    return {"cell_type": "code", "metadata": {}, "source": source, "execution_count": None, "outputs": [], **more}


def notebook(*cells) -> bytes:
    """A notebook of these cells, as editors lay it out."""
    page = {"cells": list(cells), "metadata": {"language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(page, indent=1).encode()


STARTER = (
    text("# Three questions\n\nRead all of it first.", id="intro"),
    code("import numpy as np", id="imports"),
    text("## q1. Softmax (4 points)", id="q1-text"),
    code("def softmax(z):\n    raise NotImplementedError", id="q1-code"),
    text("## q7. Why subtract the maximum? (5 points)\n\nIn your own words.", id="q7-text"),
    text("*Your answer, in place of this line.*", id="q7-answer"),
    text("## q8. A plot (2.5 points)", id="q8-text"),
    code("# your plot", id="q8-code"),
    text("## Before you hand in\n\nRun everything once.", id="end"),
)


def changed(*cells, **sources):
    """The cells with other sources for some ids (`_` for `-`); a source of None takes the cell out."""
    named = {key.replace("_", "-"): source for key, source in sources.items()}
    made = [{**cell, "source": named.get(cell.get("id"), cell["source"])} for cell in cells]
    return [cell for cell in made if cell["source"] is not None]


def handed_in(essay="Because exp(1000) overflows.", plot="plt.plot(x)", right=True) -> bytes:
    """What a student made of the starter, with the code that tiny's tests ask for."""
    solved = "\n\n".join(RIGHT[1:]) if right else "x = 1"
    return notebook(*changed(*STARTER, q1_code=solved, q7_answer=essay, q8_code=f"# experiment\n{plot}"))


def course(folder: Path, roster: str = "ada bob cy") -> Paths:
    """The small course with two questions more that a person marks, its starter and a roster."""
    paths = small_course(folder)
    toml = paths.assignment_toml("tiny")
    toml.write_text(toml.read_text() + ESSAY)
    paths.starter("tiny").write_bytes(notebook(*STARTER))
    paths.roster_csv.write_text("student,name\n" + "".join(f"{who},{who.title()}\n" for who in roster.split()))
    return paths
