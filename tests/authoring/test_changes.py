"""What a mutant may have changed: every kind of change, and that of alternatives too."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest

from grader.authoring.changes import changes
from grader.authoring.mutants import mutants
from grader.course import known_solutions
from grader.course.config import read_assignment
from grader.paths import PACKAGE, Paths

ROOT = PACKAGE.parent


def changed(source: str) -> dict[str, set[str]]:
    """By kind of change: the programs that one change makes of this one."""
    found: dict[str, set[str]] = {}
    places = len(list(ast.walk(ast.parse(source))))
    for place in range(places):
        for number, _ in enumerate(changes(list(ast.walk(ast.parse(source)))[place])):
            tree = ast.parse(source)
            change = list(changes(list(ast.walk(tree))[place]))[number]
            change.make()
            found.setdefault(change.operator, set()).add(ast.unparse(ast.fix_missing_locations(tree)))
    return found


@pytest.mark.parametrize(
    ("source", "operator", "made"),
    [
        ("a @ b", "another operator", {"a * b"}),
        ("a - b", "dropped term", {"a - 0"}),
        ("a / b", "dropped factor", {"a / 1"}),
        ("a <= b", "another comparison", {"a < b"}),
        ("f(3)", "another constant", {"f(4)", "f(2)"}),
        ("x.mean()", "another function", {"x.sum()"}),
        ("-a", "dropped sign", {"+a"}),
        ("f(a, b)", "swapped arguments", {"f(b, a)"}),
        ("f(a, axis=x, out=y)", "dropped keyword", {"f(a, out=y)", "f(a, axis=x)"}),
        ("y = x.copy()", "dropped copy or conversion", {"y = x"}),
        ("w = w + s", "in place", {"w += s"}),
        ("a = f()\nb = g()", "dropped statement", {"b = g()", "a = f()"}),
        ("a = f()\nb = g(a)", "swapped statements", {"b = g(a)\na = f()"}),
        ("x[0] = a\nb = x", "swapped statements", {"b = x\nx[0] = a"}),
        ("draw(x)\nb = x", "swapped statements", {"b = x\ndraw(x)"}),
    ],
)
def test_one_change_of_each_kind(source, operator, made):
    assert changed(source)[operator] == made


def test_what_is_left_alone():
    assert changed("w = s + w") == {
        "another operator": {"w = s - w"},
        "dropped term": {"w = s + 0"},
    }  # the right operand is not the target
    assert "swapped statements" not in changed("a = f()\nb = g()")  # neither hears of the other
    assert changed("x = np.maximum(a, b)\ny = zip(a, c, d, strict=e)").keys() == {
        "another function",
        "dropped statement",
    }
    assert changed("if a:\n    b = f()\nelse:\n    c") == {}  # a body of one statement keeps it


def test_alternatives_have_mutants_of_their_own_in_the_place_of_their_cell():
    paths = Paths(ROOT)
    assignment = read_assignment(paths, "a1_mlp")
    one = replace(assignment, questions=(assignment.question("q1"),))
    of_reference, all_of_them = (list(mutants(paths, one, alternatives)) for alternatives in (False, True))
    more = all_of_them[len(of_reference) :]
    assert [variant.id for variant in all_of_them[: len(of_reference)]] == [variant.id for variant in of_reference]
    for solution in known_solutions.right(paths, "a1_mlp", "q1"):
        mine = [variant for variant in more if variant.id.startswith(f"q1-{solution.id}-")]
        assert len(mine) > 5 and all(each.operator and each.text and each.of == solution.id for each in mine)
        content = mine[0].submission.content.decode()
        assert content.count("def hebb_update") == 2  # the reference's, and the alternative's once
    assert len({variant.id for variant in all_of_them}) == len(all_of_them)
