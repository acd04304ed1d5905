"""The hidden tests of what was imported: one file a question, one test a case, each with what it was."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from fractions import Fraction

from grader.importing.inside import Probe, probe
from grader.importing.material import Asked, Case
from grader.importing.namespace import Namespace
from grader.importing.outside import NotOutside, outside

_TELLS = re.compile(r"\d\.\d{4}")


@dataclass(frozen=True)
class Form:
    """One way to judge a case. kind: "outside", "seen" (a probe's answer, compared outside) or "claim"."""

    kind: str
    lines: tuple[str, ...]
    imports: frozenset[str]
    probe: str = ""
    why: str = ""  # it is not judged outside


@dataclass
class Test:
    """One hidden test: the cases that are judged together, and of each its forms, the best first."""

    name: str
    cases: list[Case]
    points: Fraction
    forms: list[list[Form]] = field(default_factory=list)
    at: int = 0  # how many forms were tried and did not do

    @property
    def left(self) -> bool:
        """Whether no form is left to be tried."""
        return any(not forms for forms in self.forms) or self.at >= max(map(len, self.forms), default=0)

    @property
    def chosen(self) -> list[Form]:
        return [forms[min(self.at, len(forms) - 1)] for forms in self.forms]

    @property
    def claim(self) -> bool:
        return any(form.kind == "claim" for form in self.chosen)


def tests_of(asked: Asked, namespace: Namespace) -> list[Test]:
    """The tests of a question; those without points are for students to look at, and no tests here."""
    counted = [case for case in asked.cases if case.points or not asked.points]
    groups = [counted] if asked.all_or_nothing else [[case] for case in counted]
    found = []
    for number, group in enumerate((group for group in groups if group), 1):
        name = f"{asked.id}_{number}" if len(groups) > 1 else asked.id
        worth = sum((case.points or Fraction(0) for case in group), Fraction(0)) or Fraction(1)
        test = Test(f"test_{name}", group, worth)
        for part, case in enumerate(group, 1):
            own = f"{name}_part_{part}" if len(group) > 1 else name
            test.forms.append(list(_forms(f"probe_{own}", case, namespace)))
        found.append(test)
    return found


def _forms(name: str, case: Case, namespace: Namespace) -> list[Form]:
    found = []
    why = ""
    if case.prints:
        return []
    try:
        lines, imports = outside(case.source, namespace, says(case), case.expects)
        found.append(Form("outside", tuple(lines), frozenset(imports)))
    except NotOutside as problem:
        why = str(problem)
    made = probe(name, case.source, namespace, says(case), case.expects)
    if made is not None:
        found.append(_as_form(made, why or "the source's own solution does not pass it outside"))
    return found


def _as_form(made: Probe, why: str) -> Form:
    return Form("claim" if made.claim else "seen", (made.judged,), made.imports, made.source, why)


def says(case: Case) -> str:
    """What a student reads who fails: the source's words, or a public test itself."""
    text = " ".join(case.failure.split())
    if not text and not case.hidden and "\n" not in case.source and len(case.source) <= 100:
        text = f"`{case.source}` does not hold." if case.expects in (None, "True") else f"`{case.source}` gives another value."
    if not text or _TELLS.search(text):
        text = "What this test expects does not hold."
    return text


def hidden_text(asked: Asked, tests: list[Test], system: str) -> str:
    """The file of one question."""
    imports = {line for test in tests for form in test.chosen for line in form.imports}
    testing = sorted({line.rpartition(" ")[2] for line in imports if line.startswith("from grader.testing")})
    others = sorted(line for line in imports if not line.startswith("from grader.testing"))
    parts = [f'"""Hidden tests of {asked.id}, which {system} calls {_quoted(asked.name)}."""\n']
    parts.append("\n".join([*others, "import pytest", ""]))
    if testing:
        parts.append(f"from grader.testing import {', '.join(testing)}\n")
    parts.append(f'pytestmark = pytest.mark.question("{asked.id}")\n')
    shares = _shares(tests)
    for test, share in zip(tests, shares, strict=True):
        parts += [f"\n{form.probe}\n" for form in test.chosen if form.probe]
        parts.append(_test(test, share))
    return "\n".join(parts)


def _test(test: Test, share: str) -> str:
    lines = [f"\n@pytest.mark.points({share})"]
    if test.claim:
        why = next(form.why for form in test.chosen if form.kind == "claim")
        lines.append(f"@pytest.mark.claim({why!r})")
    told = ", ".join(f"{case.label}{' (hidden)' if case.hidden else ''}" for case in test.cases)
    lines += [f"def {test.name}(student):", f'    """{_quoted(told)}"""']
    for form in test.chosen:
        lines += [f"    {line}" for text in form.lines for line in text.split("\n")]
    return "\n".join(lines) + "\n"


def _shares(tests: list[Test]) -> list[str]:
    """Points as they are, or as whole numbers in the same proportion where they are no decimals."""
    if all(10**4 % test.points.denominator == 0 for test in tests):
        return [f"{float(test.points):.4f}".rstrip("0").rstrip(".") for test in tests]
    scale = math.lcm(*(test.points.denominator for test in tests))
    return [str(int(test.points * scale)) for test in tests]


def _quoted(text: str) -> str:
    return " ".join(text.split()).replace("\\", "").replace('"', "'")[:90]
