"""Parts of a reference that stand alone: the definitions of a question's names and what they need, nothing else."""

from __future__ import annotations

import builtins
import dis
import types

import pytest

from grader.course.config import read_assignment
from grader.course.master import beside, master_cells
from grader.course.reference_parts import taken_out
from grader.examination.probes import compiled
from grader.paths import PACKAGE, Paths
from grader.submission.notebook import Cell

PATHS = Paths(PACKAGE.parent)
IN_A_CLASS = frozenset({"__name__", "__module__", "__qualname__", "__annotations__"})  # and what it binds itself


def code_of(code: types.CodeType):
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from code_of(constant)


@pytest.mark.parametrize("assignment_id", ["a1_mlp", "a2_cnn", "a3_sequences", "a4_generative"])
def test_each_question_of_the_assignments_can_be_taken_out_and_finds_all_it_needs(assignment_id):
    assignment = read_assignment(PATHS, assignment_id)
    cells = master_cells(PATHS, assignment_id)
    for place, question in enumerate(assignment.questions):
        part = taken_out(cells, question.names)
        space = {"__name__": "probe"}
        with beside(PATHS, assignment_id):
            exec(compile(part.source, question.id, "exec", dont_inherit=True), space)
        codes = code_of(compile(part.source, question.id, "exec"))
        steps = [step for code in codes for step in dis.get_instructions(code)]
        read = {step.argval for step in steps if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
        assert read - IN_A_CLASS <= space.keys() | vars(builtins).keys()
        assert set(question.names) <= space.keys()
        later = {name for other in assignment.questions[place + 1 :] for name in other.names}
        assert not part.binds & later, f"{question.id} needs what comes later"
        assert compiled(f"def put(nb): pass\n{part.source}", "put")


def test_only_what_is_needed_comes_along_in_its_order():
    texts = (
        "import math, os\nA = 1\nB = 2",
        "table = {}\ntable['a'] = A\ndef f(B):\n    return table['a'] + B + math.pi",
        "def g():\n    return f(B)\nA += 1",
    )
    part = taken_out([Cell(number, text, text) for number, text in enumerate(texts, 1)], ["f"])
    assert part.source.splitlines() == [
        "import math, os", "A = 1", "table = {}", "table['a'] = A", "def f(B):",
        "    return table['a'] + B + math.pi", "A += 1",
    ]  # fmt: skip
    assert part.binds == {"math", "os", "A", "table", "f"}
