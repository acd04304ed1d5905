"""The hidden tests of what was imported: one file a question, each test with what it was."""

from __future__ import annotations

import ast
import math
import re
import textwrap
from dataclasses import dataclass, field
from fractions import Fraction

from grader.importing.inside import Probe, probes
from grader.importing.literals import verdict_of
from grader.importing.material import Asked, Case
from grader.importing.namespace import Namespace, replaced
from grader.importing.outside import Wanted, outside
from grader.importing.sending import NotOutside
from grader.submission.magics import parse

_TELLS = re.compile(r"\d\.\d{4}")
_JUDGES = re.compile(r"(holds|close|same|shows|require)\(|with student\.raises\(\w+\):\n    student[.\[]")
OPEN = "it stands in a loop, or the source's own solution raises there, or draws"
UNSAID = "What this test expects does not hold."


@dataclass(frozen=True)
class Form:
    """One way to judge a case. kind: "outside", "seen" (a probe's answer, compared outside) or "claim"."""

    kind: str
    lines: tuple[str, ...]
    imports: frozenset[str] = frozenset()
    probe: str = ""
    given: frozenset[str] = frozenset()  # functions that the notebook gives and our side has a copy of
    why: str = ""  # it is not judged outside


@dataclass
class Test:
    """One case and its forms, the best first. at: how many of them were tried and did not do."""

    name: str
    case: Case
    points: Fraction
    forms: list[Form] = field(default_factory=list)
    at: int = 0
    why_left: str = ""
    again: bool = False  # time ran out once
    told: list[str] = field(default_factory=list)  # by each form that did not do: what it said of the source's solution

    @property
    def left(self) -> bool:
        return self.at >= len(self.forms)

    @property
    def form(self) -> Form:
        return self.forms[self.at]

    @property
    def claim(self) -> bool:
        return not self.left and self.form.kind == "claim"


def tests_of(asked: Asked, namespace: Namespace) -> list[Test]:
    """The tests of a question; those without points are for students to look at, and no tests here."""
    counted = [case for case in asked.cases if case.points or not asked.points]
    found = []
    for number, case in enumerate(counted, 1):
        name = f"{asked.id}_{number}" if len(counted) > 1 else asked.id
        test = Test(f"test_{name}", case, case.points or Fraction(1))
        if parse(case.source) is None:
            test.why_left = "it is no Python"
        elif case.prints:
            test.why_left = (
                "it is compared with what it prints, which the source does not say: run the master and save it"
            )
        elif case.measured:
            test.why_left = f"its AUTOTEST cannot be filled in: {OPEN}"
        elif case.expects == "" and not re.search(r"\b(assert|print|raise)", case.source):
            test.why_left = "it prints nothing and asserts nothing: it tests nothing"
        elif why := replaced(parse(case.source) or ast.Module([], []), namespace):
            test.why_left = why
        else:
            test.forms = _forms(f"probe_{name}", case, namespace)
        found.append(test)
    return found


def worthless(asked: Asked) -> list[Case]:
    """Tests without points in a question that has some."""
    return [case for case in asked.cases if asked.points and not case.points]


def _forms(name: str, case: Case, namespace: Namespace) -> list[Form]:
    found = []
    why = "the source's own solution does not pass it outside"
    try:
        made = outside(
            case.source, namespace, Wanted(says(case), case.expects, case.hidden, name.removeprefix("probe_"))
        )
        sent = "\n\n\n".join(made.probes)
        found.append(Form("outside", tuple(made.lines), frozenset(made.imports), sent, frozenset(made.given)))
    except NotOutside as problem:
        why = str(problem)
    beside = probes(name, case.source, namespace, says(case), case.expects)
    return [*found, *(_as_form(each, why) for each in beside)]


def _as_form(made: Probe, why: str) -> Form:
    return Form("claim" if made.claim else "seen", made.judged, made.imports, made.source, why=why)


def says(case: Case) -> str:
    """What a student reads who fails a condition: a public test itself; the source's own words are the test's hint."""
    text = ""
    if not case.hidden and "\n" not in case.source and len(case.source) <= 100:
        ends = "does not hold" if case.expects is None or verdict_of(case.expects) == "True" else "gives another value"
        text = f"`{case.source}` {ends}."
    return text if text and not _TELLS.search(text) else UNSAID


def hidden_text(asked: Asked, groups: list[list[Test]], system: str, namespace: Namespace) -> str:
    """The file of one question. groups: the tests that count together."""
    forms = [test.form for group in groups for test in group]
    given = namespace.definitions({name for form in forms for name in form.given})
    imports = {line for form in forms for line in form.imports} | given.imports
    if any(_guarded(test, 1) != list(test.form.lines) for group in groups for test in group):
        imports.add("from grader.testing import holds")
    testing = sorted({line.rpartition(" ")[2] for line in imports if line.startswith("from grader.testing")})
    others = sorted(line for line in imports if not line.startswith("from grader.testing"))
    parts = [f'"""Hidden tests of {asked.id}, which {system} calls {_quoted(asked.name)}."""\n']
    parts.append("\n".join([*others, "import pytest", ""]))
    if testing:
        parts.append(f"from grader.testing import {', '.join(testing)}\n")
    parts.append(f'pytestmark = pytest.mark.question("{asked.id}")\n')
    parts += [f"\n{_as_given(source)}\n" for source in given.sources]
    for group, share in zip(groups, _shares(groups), strict=True):
        parts += [f"\n{test.form.probe}\n" for test in group if test.form.probe]
        parts.append(_test(group, share))
    return "\n".join(parts)


def _as_given(source: str) -> str:
    """A function that students have, too: marked line by line, so that a release does not take it for a hidden test."""
    return "\n".join(f"{line}  # given" for line in source.split("\n"))


def _test(group: list[Test], share: str) -> str:
    told = dict.fromkeys(" ".join(test.case.failure.split()) for test in group if test.case.failure)
    hint = f", hint={' '.join(told)!r}" if told else ""
    lines = [f"\n@pytest.mark.points({share}{hint})"]
    claim = next((test for test in group if test.claim), None)
    if claim:
        lines.append(f"@pytest.mark.claim({claim.form.why!r})")
    labels = ", ".join(f"{test.case.label}{' (hidden)' if test.case.hidden else ''}" for test in group)
    lines += [f"def {group[0].name}(student):", f'    """{_quoted(labels)}"""']
    for number, test in enumerate(group, 1):
        lines += [f"    {line}" for text in _guarded(test, number) for line in text.split("\n")]
    return "\n".join(lines) + "\n"


def _guarded(test: Test, number: int) -> list[str]:
    """The statements of a test; where they calculate with answers between the judgements, as one condition.

    So an answer that cannot be calculated with fails the test, and the test does not fall over it.
    """
    lines = list(test.form.lines)
    if not any("student" in line and not _JUDGES.match(line) for line in lines):
        return lines
    inner = "\n".join([*lines, "return True"])
    name = f"judged_{number}"
    return [f"def {name}():\n{textwrap.indent(inner, '    ')}", f"holds({name}, {says(test.case)!r})"]


def _shares(groups: list[list[Test]]) -> list[str]:
    """Points as they are, or as whole numbers in the same proportion where they are no decimals."""
    worth = [sum((test.points for test in group), Fraction(0)) for group in groups]
    if all(10**4 % points.denominator == 0 for points in worth):
        return [f"{float(points):.4f}".rstrip("0").rstrip(".") for points in worth]
    scale = math.lcm(*(points.denominator for points in worth))
    return [str(int(points * scale)) for points in worth]


def _quoted(text: str) -> str:
    return " ".join(text.split()).replace("\\", "").replace('"', "'")[:90]
