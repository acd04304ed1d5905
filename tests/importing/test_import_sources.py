"""Reading masters of Otter and notebooks of nbgrader, whatever form they come in."""

import json
from fractions import Fraction

import pytest

from grader.errors import UsageError
from grader.importing import nbgrader, otter
from grader.importing.cells import read_cells
from grader.importing.material import Asked, Case, Material
from grader.importing.otter_points import resolve
from grader.importing.otter_tests import read_folder
from grader.importing.sources import materials


def notebook(folder, *cells, name="hw.ipynb", **metadata):
    """A notebook of (kind, source) or (kind, source, metadata) cells."""
    made = [
        {"cell_type": kind, "source": source, "metadata": dict(*more), **({"outputs": []} if kind == "code" else {})}
        for kind, source, *more in cells
    ]
    file = folder / name
    file.write_text(json.dumps({"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))
    return file


NEW = [
    ("raw", "# ASSIGNMENT CONFIG\nname: hw01"),
    ("raw", "# BEGIN QUESTION\nname: q1\npoints: 3"),
    ("markdown", "**Question 1.** Square a number."),
    ("raw", "# BEGIN SOLUTION"),
    ("code", "def square(n):\n    return n * n  # SOLUTION"),
    ("raw", "# END SOLUTION"),
    ("raw", "# BEGIN TESTS"),
    ("code", "assert square(2) == 4"),
    (
        "code",
        '""" # BEGIN TEST CONFIG\nhidden: true\npoints: 2\nfailure_message: Negative?\n'
        '""" # END TEST CONFIG\nassert square(-3) == 9',
    ),
    ("raw", "# END TESTS"),
    ("raw", "# END QUESTION"),
]
MARKDOWN = """\
---
title: HW
---

<!--
# ASSIGNMENT CONFIG
name: hw01
-->

<!--
# BEGIN QUESTION
name: q1
points: 3
-->

**Question 1.** Square a number.

<!-- # BEGIN SOLUTION -->

```{python}
def square(n):
    return n * n  # SOLUTION
```

<!-- # END SOLUTION -->

<!-- # BEGIN TESTS -->

```{python}
assert square(2) == 4
```

```{python}
\""" # BEGIN TEST CONFIG
hidden: true
points: 2
failure_message: Negative?
\""" # END TEST CONFIG
assert square(-3) == 9
```

<!-- # END TESTS -->

<!-- # END QUESTION -->
"""
OLD = [
    ("markdown", "**Question 1.** Square a number.\n\n```\nBEGIN QUESTION\nname: q1\npoints: 3\n```"),
    ("code", "def square(n):\n    return n * n  # SOLUTION"),
    ("code", "## Test ##\nassert square(2) == 4"),
    ("code", "## HIDDEN TEST ##\nassert square(-3) == 9"),
    ("markdown", "The end."),
]


def as_percent(cells):
    marks = {"code": "# %%", "raw": "# %% [raw]", "markdown": "# %% [markdown]"}
    return "\n\n".join(
        f"{marks[kind]}\n" + (source if kind == "code" else "\n".join(f"# {line}" for line in source.split("\n")))
        for kind, source in cells
    )


@pytest.mark.parametrize("form", ["raw cells", "fences", "percent", "R Markdown", "the older form"])
def test_the_forms_of_a_master_are_one(tmp_path, form):
    fences = [("markdown", f"```otter\n{source}\n```") if kind == "raw" else (kind, source) for kind, source in NEW]
    if form == "percent":
        file = tmp_path / "hw.py"
        file.write_text(as_percent(NEW))
    elif form == "R Markdown":
        file = tmp_path / "hw.Rmd"
        file.write_text(MARKDOWN)
    else:
        file = notebook(tmp_path, *{"raw cells": NEW, "fences": fences, "the older form": OLD}[form])
    material = otter.read(file)
    (asked,) = material.questions
    assert (asked.name, asked.title, asked.points) == ("q1", "Question 1", 3)
    assert [(part.kind, part.role) for part in asked.parts] == [("markdown", "given"), ("code", "solution")]
    assert [case.source for case in asked.cases] == ["assert square(2) == 4", "assert square(-3) == 9"]
    assert [case.hidden for case in asked.cases] == [False, True]
    if form != "the older form":
        assert [case.points for case in asked.cases] == [1, 2]
        assert asked.cases[1].failure == "Negative?"


def test_what_is_no_master_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(UsageError, match="no cell begins with # BEGIN QUESTION"):
        otter.read(notebook(tmp_path, ("code", "x = 1")))
    with pytest.raises(UsageError, match="a notebook of R; only Python"):
        otter.read(notebook(tmp_path, *NEW, kernelspec={"language": "R"}))
    (tmp_path / "hw.Rmd").write_text("```{r}\nx <- 1\n```\n")
    with pytest.raises(UsageError, match="chunks of r"):
        otter.read(tmp_path / "hw.Rmd")
    (tmp_path / "broken.ipynb").write_text("{")
    with pytest.raises(UsageError, match="is no notebook"):
        read_cells(tmp_path / "broken.ipynb")
    with pytest.raises(UsageError, match="no such file"):
        list(materials("otter", tmp_path / "nowhere", "a1"))


@pytest.mark.parametrize(
    ("total", "own", "shared"),
    [
        (None, [None, None], ["1/2", "1/2"]),
        (None, [2, None], [2, 0]),
        (3, [None, None], ["3/2", "3/2"]),
        (3, [2, None], [2, 1]),
        ([1, 2], [None, None], [1, 2]),
        ({"each": 2}, [None, None], [2, 2]),
        (None, [0, None], [0, 1]),
    ],
)
def test_points_are_shared_as_otter_shares_them(total, own, shared):  # as TestFile.resolve_test_file_points has it
    asked = Asked(
        "q1", cases=[Case(str(number), "", points=None if p is None else Fraction(p)) for number, p in enumerate(own)]
    )
    resolve(asked, total, Material("Otter", "t"))
    assert [case.points for case in asked.cases] == [Fraction(share) for share in shared]


FINISHED = {
    "q1.py": """OK_FORMAT = True
test = {'name': 'q1', 'points': 2, 'all_or_nothing': True, 'suites': [{'type': 'doctest', 'scored': True,
 'cases': [{'code': '>>> y = square(2)\\n>>> y\\n4', 'hidden': False},
           {'code': '>>> square(3)\\n9\\n>>> square(4)\\n16'}]}]}
""",
    "q2.py": """from otter.test_files import test_case
OK_FORMAT = False
name = "q2"
points = 3
@test_case(points=1, hidden=True, failure_message="No.")
def test_one(np, square):
    assert square(2) == 4
@test_case(points=None)
def test_two(env):
    assert env["square"](3) == 9
""",
    "helper.py": "x = 1\n",
}


def test_finished_tests_are_read_without_being_run(tmp_path):
    for name, text in FINISHED.items():
        (tmp_path / name).write_text(text)
    one, two = read_folder(tmp_path).questions
    assert (one.name, one.all_or_nothing, one.points) == ("q1", True, 2)
    assert [(case.source, case.expects, case.hidden) for case in one.cases] == [
        ("y = square(2)\ny", "4", False),
        ("assert repr(square(3)) == '9'\nsquare(4)", "16", True),
    ]
    assert [(case.points, case.hidden, case.failure) for case in two.cases] == [(1, True, "No."), (2, False, "")]


def test_finished_tests_take_their_solution_from_the_notebook_beside_them(tmp_path):
    tests = tmp_path / "dist" / "autograder" / "tests"
    tests.mkdir(parents=True)
    (tests / "q1.py").write_text(FINISHED["q1.py"])
    with pytest.raises(UsageError, match="put the one solved notebook beside tests/"):
        list(materials("otter", tests, "a1"))
    start, end = ("code", "# Initialize Otter\nimport otter"), ("code", 'grader.check("q1")')
    solved = ("code", "def square(n):\n    return n * n")
    texts = ("markdown", "<!-- BEGIN QUESTION -->\n\nSquare."), ("markdown", "**SOLUTION**: n times n")
    notebook(tests.parent, start, *texts, ("code", "n = 1"), solved, end)
    ((_, _, material),) = materials("otter", tests.parent, "a1")
    (asked,) = material.questions
    assert [(part.kind, part.role) for part in asked.parts] == [
        ("markdown", "given"),
        ("code", "given"),
        ("code", "solution"),
    ]
    (tmp_path / "dist" / "student").mkdir()
    stub = ("code", "def square(n):\n    ...")
    notebook(tmp_path / "dist" / "student", start, ("markdown", "Square."), ("code", "n = 1"), stub, end)
    ((_, _, material),) = materials("otter", tests, "a1")
    assert [part.source for part in material.questions[0].parts][:2] == ["Square.", "n = 1"]
    assert "    return n * n\n# END SOLUTION\n" in material.questions[0].parts[2].source
    assert 'BEGIN PROMPT\ndef square(n):\n    ...\n"""' in material.questions[0].parts[2].source


def graded(kind, source, name, version=3, **about):
    about = {"grade": False, "solution": False, "locked": False, "grade_id": name, "schema_version": version} | about
    return kind, source, {"nbgrader": about}


@pytest.mark.parametrize("version", [1, 2, 3])
def test_nbgrader_metadata_of_every_schema(tmp_path, version):
    file = notebook(
        tmp_path,
        ("markdown", "## Part A\nSquare a number."),
        graded(
            "code",
            "def square(n):\n    ### BEGIN SOLUTION\n    return n * n\n    ### END SOLUTION",
            "sq",
            version,
            solution=True,
        ),
        graded(
            "code",
            "assert square(2) == 4\n### BEGIN HIDDEN TESTS\nassert square(-3) == 9\n### END HIDDEN TESTS",
            "test_sq",
            version,
            grade=True,
            points=2,
        ),
        graded("markdown", "It is a square.", "why", version, grade=True, solution=True, points=1),
        graded(
            "markdown",
            "Do it.\n=== BEGIN MARK SCHEME ===\nsecret\n=== END MARK SCHEME ===",
            "do",
            version,
            task=True,
            points=4,
        ),
    )
    material = nbgrader.read(file)
    code, essay, task = material.questions
    assert (code.name, code.title, code.points, code.manual) == ("sq", "Part A", 2, False)
    assert "# BEGIN SOLUTION NO PROMPT" in code.parts[0].source and "NotImplementedError" in code.parts[0].source
    whole, shown = code.cases
    assert whole.source == "assert square(2) == 4\nassert square(-3) == 9" and whole.hidden and whole.points == 2
    assert shown.source == "assert square(2) == 4" and not shown.hidden and not shown.points
    assert (essay.manual, essay.points, [part.role for part in essay.parts]) == (True, 1, ["prompt", "answer"])
    assert (task.manual, task.points, task.parts[0].source) == (True, 4, "Do it.")


@pytest.mark.parametrize("mark", ["### {}", "=== {} ===", "# --- {} (staff)", "<!-- {} -->"])
def test_a_mark_of_nbgrader_is_a_line_that_holds_its_words(tmp_path, mark):
    def region(name, inside):
        return "\n".join([mark.format(f"BEGIN {name}"), inside, mark.format(f"END {name}")])

    file = notebook(
        tmp_path,
        graded("markdown", f"{region('MARK SCHEME', '2 for the secret')}\nDo it.", "do", task=True, points=4),
        graded("code", region("SOLUTION", "secret = 3"), "sol", solution=True),
        graded("code", "assert secret\n" + region("HIDDEN TESTS", "assert secret == 3"), "t", grade=True, points=1),
    )
    material = nbgrader.read(file)
    task, code = material.questions
    assert (task.title, task.parts[0].source, code.title) == ("do", "Do it.", "sol"), "a mark is no heading"
    assert any("2 for the secret" in str(note) for note in material.notes)
    assert code.parts[0].source.startswith("# BEGIN SOLUTION NO PROMPT\nsecret = 3\n# END SOLUTION")
    assert [case.source for case in code.cases] == ["assert secret\nassert secret == 3", "assert secret"]


def test_a_source_folder_of_several_notebooks_with_its_data(tmp_path):
    solution = graded("code", "x = open('data/n.csv').read()", "x", solution=True)
    test = graded("code", "assert x == '1'", "t", grade=True, points=1)
    for name in ("problem1.ipynb", "Problem 2.ipynb"):
        notebook(tmp_path, solution, test, name=name)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "n.csv").write_text("1")
    (tmp_path / "unspoken.csv").write_text("2")
    found = {name: material for name, _, material in materials("nbgrader", tmp_path, "ps1")}
    assert set(found) == {"ps1_problem1", "ps1_problem_2"}
    assert all(material.files == {"data/n.csv": b"1"} for material in found.values())
    with pytest.raises(UsageError, match="holds no notebook; name one of its folders: ps1"):
        (tmp_path / "course" / "ps1").mkdir(parents=True)
        notebook(tmp_path / "course" / "ps1", solution, test)
        list(materials("nbgrader", tmp_path / "course", "ps1"))


def test_tests_that_a_notebook_keeps_in_its_metadata_are_read(tmp_path):
    folder = tmp_path / "dist" / "autograder"
    folder.mkdir(parents=True)
    test = {"name": "q 1.1", "points": 2, "suites": [{"cases": [{"code": ">>> square(2)\n4"}]}]}
    functions = FINISHED["q2.py"].replace('name = "q2"\n', "")
    otter_ = {"OK_FORMAT": True, "tests": {"q 1.1": test, "q2": functions}}
    cells = [("code", "def square(n):\n    return n * n"), ("code", 'grader.check("q 1.1")')]
    cells += [("code", "y = 1"), ("code", "grader.check('q2')")]
    file = notebook(folder, *cells, otter=otter_)
    for place in (file, folder):
        ((_, _, material),) = materials("otter", place, "a1")
        one, two = material.questions
        assert (one.name, one.points, len(one.cases)) == ("q 1.1", 2, 1)
        assert (two.name, len(two.cases)) == ("q2", 2) and [part.role for part in two.parts] == ["solution"]


def test_a_folder_of_several_masters_is_several_assignments(tmp_path):
    for name in ("hw01.ipynb", "HW 2.ipynb"):
        notebook(tmp_path, *NEW, name=name)
    assert {name for name, _, _ in materials("otter", tmp_path, "a1")} == {"a1_hw01", "a1_hw_2"}


def test_a_folder_that_a_master_names_is_released_with_all_that_is_in_it(tmp_path):
    (tmp_path / "data" / "more").mkdir(parents=True)
    (tmp_path / "data" / "more" / "n.csv").write_text("1")
    config = ("raw", "# ASSIGNMENT CONFIG\nfiles:\n  - data\n  - gone.csv")
    material = otter.read(notebook(tmp_path, config, *NEW[1:]))
    assert material.files == {"data/more/n.csv": b"1"}
    assert [note.where for note in material.notes] == ["gone.csv"]


def test_a_seed_for_every_cell_stands_before_those_that_draw(tmp_path):
    config = ("raw", "# ASSIGNMENT CONFIG\ngenerate:\n  seed: 42")
    drawing = "def draw():\n    return np.random.normal()\n"
    cells = ["import numpy as np", drawing, "x = draw()", "np.random.seed(1)\ny = np.random.normal()", "z = 1"]
    material = otter.read(notebook(tmp_path, config, *NEW[1:], *[("code", each) for each in cells]))
    sources = [part.source for part in material.items[1:]]
    assert [source for source in sources if "seed(42)" not in source] == cells
    assert material.seed == 42 and "random.seed(42)" in sources[sources.index("x = draw()") - 1]
    assert sum("seed(42)" in source for source in sources) == 1


def test_autotest_asks_for_each_expression_and_hides_what_is_hashed(tmp_path):
    source = '"""Says."""\n### AUTOTEST f(1); f(2);\n#  HASHED AUTOTEST f(3)\nfor n in (1, 2):\n    ## AUTOTEST f(n)'
    solution = graded("code", "### BEGIN SOLUTION\nf = abs\n### END SOLUTION", "f", solution=True)
    material = nbgrader.read(notebook(tmp_path, solution, graded("code", source, "t", grade=True, points=1)))
    whole, shown = material.questions[0].cases
    assert whole.measured and whole.hidden and whole.source.count("f(") == 4
    assert shown.source == '"""Says."""\nf(1)\nf(2)\nfor n in (1, 2):\n    f(n)'
    assert not [note for note in material.notes if note.kind == "left"]


def test_what_only_a_test_cell_makes_becomes_a_given_cell(tmp_path):
    from grader.importing.given_by_tests import keep

    solution = graded("code", "### BEGIN SOLUTION\nf = abs\n### END SOLUTION", "f", solution=True)
    test = "n = 3\nm = f(n)\nk = 1\n### BEGIN HIDDEN TESTS\nsecret = 7\n### END HIDDEN TESTS\nassert m == 3"
    later = [("code", "print(m)"), ("code", "print(secret)")]
    file = notebook(tmp_path, solution, graded("code", test, "t", grade=True, points=1), *later)
    material = nbgrader.read(file)
    keep(material)
    assert material.questions[0].parts[-1].source == "n = 3\nm = f(n)", "not k, nor what is hidden"
    keep(material)
    assert len(material.questions[0].parts) == 2, "it is there already"


def test_calls_of_otters_own_checks_are_no_part_of_the_notebook(tmp_path):
    cells = [("code", 'import otter\ngrader = otter.Notebook("a.ipynb")'), ("code", 'import math\ngrader.check("q1")')]
    material = otter.read(notebook(tmp_path, *NEW, *cells))
    assert [part.source for part in material.items[1:]] == ["import math"]
