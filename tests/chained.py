"""A course of one assignment whose questions call each other, and a notebook in which the first of them is wrong."""

from __future__ import annotations

from pathlib import Path

from tiny import hidden, small_course

from grader.paths import Paths

DESCRIBED = """
title = "Chained"
follow_up_errors = "forgiven"
[limits]
load_s = 10
call_s = 5
total_s = 60
memory_mib = 1024
[[question]]
id = "q1"
title = "A step"
points = 2
names = ["step", "Base"]
[[question]]
id = "q2"
title = "A walk"
points = 4
names = ["walk", "Walker"]
[[question]]
id = "q3"
title = "A way"
points = 3
names = ["way"]
"""
MASTER = """# %%
def half(x):
    return x / 2

def step(x):
    return half(x) + 1

class Base:
    def one(self):
        return 1.0

# %%
def walk(x, times):
    for _ in range(times):
        x = step(x)
    return x

class Walker(Base):
    def two(self):
        return 2 * self.one()

# %%
def way(x):
    return walk(x, 2) + SECRET

SECRET = 4.5
"""
TESTS = {
    "test_q1.py": """
import pytest
pytestmark = [pytest.mark.question("q1"), pytest.mark.points(1, hint="Halve it, then add 1.")]
def test_step(student): assert student.step(4.0) == 3.0
def test_base(student): assert student.run(probe) == 1.0
def probe(nb): return nb.Base().one()
""",
    "test_q2.py": """
import pytest
pytestmark = [pytest.mark.question("q2"), pytest.mark.points(1)]
def test_walk(student): assert student.walk(4.0, 2) == 2.5
def test_walker(student): assert student.run(probe) == 2.0
def probe(nb): return nb.Walker().two()
def test_the_step_alone(student): assert student.step(2.0) == 2.0
def test_stays(student): assert student.walk(4.0, 0) == 4.0
""",
    "test_q3.py": """
import pytest
pytestmark = [pytest.mark.question("q3"), pytest.mark.points(1)]
def test_way(student): assert student.way(4.0) == 7.0
""",
}
STEP, BASE = "def step(x): return x / 2 + 2", "class Base:\n    def one(self): return 3.0"
WALK = "def walk(x, times):\n    for _ in range(times): x = step(x)\n    return x"
WALKER = "class Walker(Base):\n    def two(self): return 2 * self.one()"
WAY = "def way(x): return walk(x, 2) + 4.5"
WRONG_FIRST = (STEP, BASE, WALK, WALKER, WAY)


def chained_course(folder: Path, follow_up_errors: str = "forgiven") -> Paths:
    """The small course with these questions in place of its own."""
    paths = small_course(folder)
    for file in paths.hidden_tests("tiny").glob("*.py"):
        file.unlink()
    for name, text in TESTS.items():
        hidden(paths, name, text)
    paths.assignment_toml("tiny").write_text(DESCRIBED.replace("forgiven", follow_up_errors))
    paths.reference("tiny").write_text(MASTER)
    return paths
