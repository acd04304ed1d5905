"""Tests of other systems as calls that are judged outside, or as probes."""

import ast
from dataclasses import replace
from fractions import Fraction

import pytest

from grader.importing import hidden_text as hidden
from grader.importing.carried import carry
from grader.importing.inside import probes
from grader.importing.master_text import MasterPart
from grader.importing.material import Asked, Case, Material, Part
from grader.importing.namespace import Namespace, bound_anywhere, namespace, read_names
from grader.importing.outside import Wanted, outside
from grader.importing.page import import_page
from grader.importing.preparing import prepare
from grader.importing.repairing import repaired, said_otherwise
from grader.importing.sending import NotOutside

NOTEBOOK = Namespace(
    names={"f", "x", "Net", "run", "df"},
    modules={"np": "import numpy as np", "pd": "import pandas as pd", "math": "import math"},
)


def ours(source, expects=None, hidden=True, notebook=NOTEBOOK):
    return "\n".join(outside(source, notebook, Wanted("It fails.", expects, hidden)).lines)


@pytest.mark.parametrize(
    ("source", "expects", "made"),
    [
        ("assert f(2) == 4", None, "close(student.f(2), 4, rtol=0, atol=0, what='f')"),
        ("assert 4 == f(2), 'no'", None, "close(student.f(2), 4, rtol=0, atol=0, what='f')"),
        ("assert f(2) == [0.5, 2]", None, "close(student.f(2), [0.5, 2], what='f')"),
        ("assert f('a') == 'b'", None, "same(student.f('a'), 'b', what='f')"),
        ("f(2)", "4", "close(student.f(2), 4, rtol=0, atol=0, what='f')"),
        ("f(2)", "array([4])", "shows(lambda: student.f(2), 'array([4])', 'It fails.')"),
        ("f(2)", "True", "shows(lambda: student.f(2), 'True', 'It fails.')"),
        ("f(2) > 3", "True", "holds(lambda: student.f(2) > 3, 'It fails.')"),
        ("f(2) > 3", "np.True_", "holds(lambda: student.f(2) > 3, 'It fails.')"),
        ("f(2)", "(np.float64(0.5), np.int64(2))", "close(student.f(2), (0.5, 2), what='f')"),
        ("f(2) > 3", "False", "holds(lambda: not student.f(2) > 3, 'It fails.')"),
        ("np.isclose(f(1), 2)", "True", "holds(lambda: np.isclose(student.f(1), 2), 'It fails.')"),
        ("print(f(1))", "2", "shows(lambda: str(student.f(1)), '2', 'It fails.')"),
        ("assert f(2) == True", None, "holds(lambda: student.f(2) == True, 'It fails.')"),
        ("assert x.shape == (2, 3)", None, "holds(lambda: student.x.shape == (2, 3), 'It fails.')"),
        ("assert len(x) == 3", None, "holds(lambda: len(student.fetch('x')) == 3, 'It fails.')"),
        ("assert isinstance(f(1), int)", None, "holds(lambda: isinstance(student.f(1), int), 'It fails.')"),
        ("assert run(1) > 2", None, "holds(lambda: student['run'](1) > 2, 'It fails.')"),
        (
            "a = np.arange(3)\nnp.testing.assert_allclose(f(a), 2 * a)",
            None,
            "a = np.arange(3)\nholds(lambda: np.testing.assert_allclose(student.f(a), 2 * a) is None, 'It fails.')",
        ),
        ("assert_equal(f(1), 2)", None, "close(student.f(1), 2, rtol=0, atol=0, what='f')"),
        ("self.assertTrue(f(1))", None, "holds(lambda: student.f(1), 'It fails.')"),
        ("assert_raises(ValueError, f, 0)", None, "with student.raises(ValueError):\n    student.f(0)"),
        (
            "try:\n    f(0)\nexcept ValueError:\n    pass\nelse:\n    raise AssertionError('no')",
            None,
            "with student.raises(ValueError):\n    student.f(0)",
        ),
        (
            "try:\n    f(0)\n    assert False\nexcept ValueError:\n    pass",
            None,
            "with student.raises(ValueError):\n    student.f(0)",
        ),
        (
            "with pytest.raises(KeyError):\n    f({})",
            None,
            "with student.raises(KeyError):\n    student.f({})",
        ),
        (
            "for n in range(3):\n    assert f(n) >= n",
            None,
            "for n in range(3):\n    holds(lambda: student.f(n) >= n, 'It fails.')",
        ),
        (
            "assert [f(x) for x in (1, 2)] != []",
            None,
            "holds(lambda: [student.f(x) for x in (1, 2)] != [], 'It fails.')",
        ),
        ("net = Net(3)\nassert net.size == 3", None, "net = student.Net(3)\nholds(lambda: net.size == 3, 'It fails.')"),
        ("'f' in vars()", "True", "holds(lambda: student.has('f'), 'It fails.')"),
        ("assert 'f' not in globals()", None, "holds(lambda: not student.has('f'), 'It fails.')"),
        ("if f(1) != 2:\n    raise ValueError", None, "if student.f(1) != 2:\n    require(False, 'It fails.')"),
        ("def test(f, np):\n    assert f(1) > 2", None, "holds(lambda: student.f(1) > 2, 'It fails.')"),
        ("def test(env):\n    assert env['f'](1) > 2", None, "holds(lambda: student.f(1) > 2, 'It fails.')"),
    ],
)
def test_what_is_the_students_is_asked_for_and_all_else_is_ours(source, expects, made):
    assert ours(source, expects) == ast.unparse(ast.parse(made))


@pytest.mark.parametrize(
    "source",
    [
        "assert f(lambda z: np.sin(z), 1) > 2",
        "def g(z):\n    return np.sin(z)\nassert f(g, 1) > 2",
        "g = lambda z: np.sin(z)\nassert f(g, 1) > 2",
    ],
)
def test_a_function_that_is_an_argument_is_made_beside_the_students_code(source):
    made = outside(source, NOTEBOOK, Wanted("It fails.", None, True, "q1_1"))
    assert made.lines[-1] == "holds(lambda: student.f(student.run(function_q1_1_1), 1) > 2, 'It fails.')"
    (probe,) = made.probes
    assert probe.startswith("def function_q1_1_1(nb):\n    import numpy as np\n") and "np.sin(z)" in probe
    with pytest.raises(NotOutside, match="it sends a function that needs nothing_known"):
        ours("assert f(lambda z: nothing_known + z) > 2")


@pytest.mark.parametrize(
    ("source", "call", "body"),
    [
        (
            "a = np.eye(2)\nassert f(lambda z: a @ z, 1) > 2",
            "(function_q, a), 1)",
            "(nb, a):\n    return lambda z: a @ z",
        ),
        (
            "b = 2\ndef g(z):\n    return b * z\ndef h(z):\n    return g(z)\nassert f(h, 1) > 2",
            "(function_q, b), 1)",
            "(nb, b):\n    def g(z):\n        return b * z\n    def h(z):\n        return g(z)\n    return h",
        ),
        ("assert f(lambda z: x + z) > 2", "(function_q))", "(nb):\n    x = nb.x\n    return lambda z: x + z"),
        ("assert f(np.linalg.norm) > 2", "(function_q))", "(nb):\n    import numpy as np\n    return np.linalg.norm"),
        ("assert f(len) > 2", "(function_q))", "(nb):\n    return len"),
    ],
)
def test_a_function_goes_with_the_values_and_functions_that_it_needs(source, call, body):
    made = outside(source, NOTEBOOK, Wanted("It fails.", None, True, "q"))
    call, body = call.replace("function_q", "function_q_1"), f"def function_q_1{body}"
    assert made.lines[-1] == f"holds(lambda: student.f(student.run{call} > 2, 'It fails.')" and made.probes == [body]
    assert "student.run" not in ours("assert f(math.pi) > 2"), "a number of a module crosses as it is"


def test_what_the_students_code_does_to_a_value_of_the_tests_is_looked_at_there():
    assert ours("a = [1, 2]\nr = f(a, n=1)\nassert a == [2]\nassert r is None").split("\n") == [
        "a = [1, 2]",
        "a_there = student.put(a)",
        "r = student.f(a_there, n=1)",
        "holds(lambda: student.fetch(a_there) == [2], 'It fails.')",
        "holds(lambda: r is None, 'It fails.')",
    ]
    made = ours("a = np.ones(3)\nassert np.sum(f(a) - 2 * a) == 0\nb = a.copy()\nf(a)\nassert (a == b).all()").split(
        "\n"
    )
    assert made[2:] == [
        "holds(lambda: np.sum(student.f(a_there) - 2 * a) == 0, 'It fails.')",
        "b = student.fetch(a_there).copy()",
        "student.f(a_there)",
        "holds(lambda: (student.fetch(a_there) == b).all(), 'It fails.')",
    ], "what an answer is compared with stays ours"
    assert "m.step(a_there)" in ours("a = [1]\nm = Net()\nm.step(a)\nassert len(a) == 2")
    assert "put" not in ours("a = np.ones(3)\nassert np.sum(f(a) - 2 * a) == 0"), "nothing is said of a itself"
    looped = ours("for n in range(3):\n    a = list(range(n))\n    f(a)\n    assert a == sorted(a)")
    assert "a_there = student.put(a)" in looped and "lambda: student.fetch(a_there) == sorted" in looped


@pytest.mark.parametrize(
    "source",
    [
        "a = [1]\nb = a\nf(b)\nassert a == [2]",
        "a = [1]\nb = a\nf(a)\nassert b == [2]",
        "a = b = [1]\nf(a)\nassert b == [2]",
    ],
)
def test_a_value_by_two_names_is_one_value(source):
    made = ["a = [1]", "a_there = student.put(a)", "student.f(a_there)"]
    assert ours(source).split("\n") == [*made, "holds(lambda: student.fetch(a_there) == [2], 'It fails.')"]


@pytest.mark.parametrize(
    ("call", "probe"),
    [
        ("w = a['w']\nf(w, 3)", "nb.f(a['w'], given_2)"),
        ("f(a['w'].T, n=x)", "nb.f(a['w'].T, n=given_2)"),
        ("f([a['w'], np.eye(2)])", "nb.f([a['w'], np.eye(2)])"),
    ],
)
def test_a_part_of_a_value_that_is_looked_at_later_is_handed_over_where_it_is(call, probe):
    made = outside(
        f"a = {{'w': np.ones(2)}}\n{call}\nassert a['w'].sum() == 2", NOTEBOOK, Wanted("No.", None, True, "q1")
    )
    assert made.lines[1] == "a_there = student.put(a)" and made.lines[2].startswith("student.run(call_q1_1, a_there")
    assert made.probes[0].endswith(f"return {probe}")
    assert made.lines[3] == "holds(lambda: student.fetch(a_there)['w'].sum() == 2, 'No.')"
    assert "put" not in ours("a = [1]\nf(a.copy(), len(a))\nassert a == [1]"), "a copy is another value"


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ("assert sum(p.size for p in Net().parts()) == 3", "sum((p.size for p in each(student.Net().parts()))) == 3"),
        ("assert len(list(f(1))) > 2", "len(list(each(student.f(1)))) > 2"),
        ("assert sum(len(a) for a, b in zip(f(1), x)) > 2", None),
        ("assert isinstance(Net().w, np.ndarray) and not isinstance(f(1), list)", None),
    ],
)
def test_what_an_object_of_the_students_yields_is_asked_for(source, made):
    text = ours(source)
    assert "zip" not in source or "zip(each(student.f(1)), each(student.fetch('x')))" in text
    assert made is None or text == f"holds(lambda: {made}, 'It fails.')"


def test_the_next_value_of_a_generator_is_asked_for():
    made = ours("g = f(1)\na, b = next(g)\nfor c in g:\n    assert c > a\nfor n in range(3):\n    assert n in [1, 2]")
    assert "a, b = next(each(g))\nfor c in each(g):" in made and "in range(3)" in made


def test_a_function_that_notes_something_is_called_here():
    made = ours("calls = []\ndef g(z):\n    calls.append(z)\n    return z\nf(g, 1)\nassert len(calls) < 9")
    assert "student.f(g, 1)" in made and "holds(lambda: len(calls) < 9, 'It fails.')" in made


def test_a_variable_of_the_notebook_that_is_looked_at_later_is_handed_over_itself():
    notebook = replace(NOTEBOOK, callables={"f", "Net", "run"})
    source = "before = df.copy()\nf(df, 1, n=before)\ndf.equals(before)"
    made = outside(source, notebook, Wanted("It fails.", "True", True, "q1"))
    assert made.lines[1] == "student.run(call_q1_1, 1, before)"
    assert made.probes == ["def call_q1_1(nb, given_1, given_2):\n    return nb.f(nb.df, given_1, n=given_2)"]
    assert "call_" not in ours("assert f(x) == 2\nassert f(x) == 2", notebook=notebook)


def test_what_students_may_see_is_said_to_them():
    assert ours("assert f(2) == 4", hidden=False) == "close(student.f(2), 4, rtol=0, atol=0, what='f(2)')"
    assert ours("assert f(2) > 4, 'too small'", hidden=False) == "holds(lambda: student.f(2) > 4, 'too small')"
    assert "too small" not in ours("assert f(2) > 4, 'too small'", hidden=True)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("assert pd.DataFrame(x).shape == (1, 1)", "pd is of a module that our side does not import"),
        (
            "a = [1]\nb = a if a else []\nb = a\nf(a)\nassert b == []",
            "it looks at a after the student's code was given it",
        ),
        ("a = [1]\nNet().step([a])\nassert a == []", "it hands over a part of what it looks at afterwards"),
        ("a = [1]\nf(*a)\nassert a == []", "it hands over what it looks at afterwards"),
        (
            "assert not Net().w.requires_grad",
            "it asks for requires_grad, which a tensor loses on its way out of the sandbox",
        ),
        (
            "assert all(p.grad is None for p in Net().w)",
            "it asks for grad, which a tensor loses on its way out of the sandbox",
        ),
        (
            "assert not isinstance(f(1), np.matrix)",
            "it says of what kind an answer is not, and kinds may be lost on the way",
        ),
        ("n = Net()\nn.w.fill_(3)\nassert f(n) == 3", "it changes an object of the notebook's"),
        ("n = Net()\nn.w[0] = 3\nassert f(n) == 3", "it changes an object of the notebook's"),
        (
            "n = Net()\nw = n.w\nold = w.copy()\nn.step()\nassert (w == old).all()",
            "old, w may be changed by the student's code after it was looked up",
        ),
        ("a = [1]\na[0] = 2\nf(a)\nassert a == []", "it looks at a after the student's code was given it"),
        ("x[0] = 3\nassert f(x) == 3", "it changes an object of the notebook's"),
        ("x.size = 3\nassert f(x) == 3", "it changes an object of the notebook's"),
        ("np.dot = None\nassert f(x) == 3", "it changes the module np"),
        ("del f", "it deletes names"),
        (
            "try:\n    y = f(0)\nexcept Exception:\n    y = 1\nassert y == 1",
            "it catches what the notebook's code raises",
        ),
        ("assert 1 + 1 == 2", "it asks for nothing of the notebook"),
        ("assert g(1) == 2", "nobody defines g"),
        ("import os\nassert f(1) == 2", "`import os` is of a module that our side does not import"),
        ("assert eval('f(1)') == 2", "eval asks for the notebook's own process"),
        ("assert f(1", "it is no plain Python"),
    ],
)
def test_what_cannot_be_judged_outside_says_why(source, why):
    with pytest.raises(NotOutside) as told:
        ours(source)
    assert str(told.value) == why


def test_a_name_that_a_test_binds_is_its_own():
    assert ours("x = 3\nassert f(x) > x") == "x = 3\nholds(lambda: student.f(x) > x, 'It fails.')"
    assert bound_anywhere(ast.parse("a = 1\ndef g(b):\n    c = 2\nimport d.e\nfor h in []: pass")) == {
        "a",
        "g",
        "d",
        "h",
    }
    assert read_names(ast.parse("def g(b):\n    return b + c\n[d for d in e]")) == ["c", "e"]


def given(*sources, solution="# BEGIN SOLUTION\ndef f(n):\n    return n\n# END SOLUTION"):
    asked = Asked("q1", id="q1", parts=[Part("code", solution, "solution")])
    return Material("Otter", "t", [*(Part("code", source) for source in sources), asked])


def test_a_given_function_is_ours_unless_it_needs_the_students():
    notebook = namespace(
        given(
            "import numpy as np",
            "def error(a, b):\n    return np.max(np.abs(a - b))",
            "def worse(a, b):\n    return 2 * error(a, b)",
            "def by_student(a):\n    return f(a)",
        )
    )
    assert set(notebook.given) == {"error", "worse"}
    assert (
        ours("assert worse(f(1), 1) < 1", notebook=notebook) == "holds(lambda: worse(student.f(1), 1) < 1, 'It fails.')"
    )
    assert (
        ours("assert by_student(1) > 0", notebook=notebook) == "holds(lambda: student.by_student(1) > 0, 'It fails.')"
    )
    asked = Asked("q1", id="q1", points=1, cases=[Case("one", "assert worse(f(1), 1) < 1", points=1)])
    text = hidden.hidden_text(asked, [hidden.tests_of(asked, notebook)], "Otter", notebook)
    assert "import numpy as np\n" in text and "    return 2 * error(a, b)  # given\n" in text
    made = notebook.definitions({"worse"})
    assert len(made.sources) == 2 and made.imports == {"import numpy as np"}


def test_a_test_that_goes_on_from_another_has_what_it_needs():
    material = given()
    first = Case("one", "a = f(1)\nb = a + 1\nassert b > 1")
    material.questions[0].cases = [first, Case("two", "assert b == 2"), Case("three", "assert f(3) == 3")]
    carry(material, namespace(material))
    sources = [case.source for case in material.questions[0].cases]
    assert sources == [first.source, "a = f(1)\nb = a + 1\nassert b == 2", "assert f(3) == 3"]
    assert [note.where for note in material.notes] == ["two"]


def test_a_probe_that_decides_is_a_claim_and_one_that_sees_is_none():
    (decides,) = probes("probe", "x.append(1)\nassert f(x)", NOTEBOOK, "It fails.", None)
    assert decides.claim and decides.judged == ("require(student.run(probe) is True, 'It fails.')",)
    assert decides.source.startswith("def probe(nb):\n    x = nb.x\n    f = nb.f\n    try:\n        x.append(1)\n")
    sees, hears = probes("probe", "pd.DataFrame(x)", NOTEBOOK, "It fails.", "   0\n0  1")
    assert not sees.claim and sees.source.endswith("return repr(pd.DataFrame(x))")
    assert "import pandas as pd" in sees.source
    assert not hears.claim and "redirect_stdout" in hears.source
    for verdict in ("True", "np.True_"):  # whoever guesses says True
        assert all(each.claim for each in probes("probe", "df.equals(x)", NOTEBOOK, "It fails.", verdict))


def test_the_sandbox_tells_values_and_what_they_are_compared_with_stays_here():
    source = "import os\nw = np.eye(3)\nn = Net(w)\nassert len(n.a) == 3\nassert_allclose(n.b, 2 * w, atol=0.5)"
    notebook = replace(
        NOTEBOOK, modules=NOTEBOOK.modules | {"assert_allclose": "from numpy.testing import assert_allclose"}
    )
    told, decides = probes("probe", source, notebook, "No.", None)
    assert not told.claim and decides.claim
    assert told.judged == (
        "seen_there = student.run(probe)",
        "w = np.eye(3)",
        "holds(lambda: len(seen_there[0]) == 3, 'No.')",
        "holds(lambda: assert_allclose(seen_there[1], 2 * w, atol=0.5) is None, 'No.')",
    )
    assert "== 3" not in told.source and "2 * w" not in told.source
    shown = probes("probe", "n = Net(3)\nnp.isclose(n.a.sum(), 4.5)", NOTEBOOK, "No.", "True")
    assert [each.claim for each in shown] == [False, True, True] and "4.5" not in shown[0].source
    (known, _) = probes("probe", "assert sum(p.n for p in Net(2).parts()) == 354", NOTEBOOK, "No.", None)
    assert not known.claim and "354" not in known.source
    assert known.judged[-1] == "holds(lambda: seen_there[0] == 354, 'No.')", "a generator would be no value"


@pytest.mark.parametrize(
    "source",
    [
        "assert f(1) == 3\nassert all(f(i) for i in x)",
        "for i in x:\n    assert f(i) == 3",
        "assert f(1)",
        "assert df.equals(x)",
        "assert isinstance(f(1), int)",
        "assert f(1) is True",
        "error = np.abs(f(x) - np.eye(2)).max()\nassert error < 0.1",
        "y = np.linalg.solve(f(x), x)\nassert np.allclose(f(y), y)",
        "assert np.sum(f(x) != y) == 0",
    ],
)
def test_a_verdict_that_the_sandbox_tells_is_a_claim(source):
    assert all(each.claim for each in probes("probe", source, NOTEBOOK, "No.", None))


def test_test_libraries_are_not_needed_in_the_sandbox():
    source = "from nose.tools import *\nassert_equal(f(1), 2)\nassert_raises(ValueError, f, 0)"
    decides = probes("probe", source, NOTEBOOK, "No.", None)[-1]
    assert "nose" not in decides.source and "assert f(1) == 2" in decides.source
    assert "except ValueError:" in decides.source and decides.source.count("raise AssertionError") == 1
    material = given()
    material.questions[0].cases = [Case("one", source), Case("two", "# as it is\nassert f(1)")]
    prepare(material)
    shown, kept = (case.source for case in material.questions[0].cases)
    assert shown.startswith("assert f(1) == 2\ntry:\n    f(0)\n") and kept == "# as it is\nassert f(1)"


def test_a_file_of_hidden_tests_says_what_is_a_claim():
    material = given("import pandas as pd")
    asked = material.questions[0]
    asked.points, asked.cases = (
        2,
        [Case("one", "assert f(1) == 1", points=1), Case("two", "f.n = 1", hidden=True, points=1)],
    )
    notebook = namespace(material)
    tests = hidden.tests_of(asked, notebook)
    text = hidden.hidden_text(asked, [[test] for test in tests], "nbgrader", notebook)
    assert [test.claim for test in tests] == [False, True]
    assert '@pytest.mark.claim("it changes an object of the notebook\'s")\ndef test_q1_2' in text
    ast.parse(text)


def test_a_line_of_a_call_over_several_lines_is_reworded_with_its_call():
    source = "# BEGIN SOLUTION\nsave(\n    'file',\n    scores=scores,\n    trials=100)\n# END SOLUTION"
    material = Material("nbgrader", "t", [Part("code", source, "solution")])
    assert said_otherwise(material, "scores=scores,")
    (part,) = material.items
    assert ast.dump(ast.parse(part.source)) == ast.dump(ast.parse(source)) and "    scores=scores," not in part.source


def test_a_given_cell_that_raises_keeps_its_imports_and_definitions():
    source = "import math\n%matplotlib inline\nno_such_name\n@cached\ndef f():\n    return 1"
    material = Material("Otter", "t", [Part("code", source)])
    part = MasterPart("code", source)
    problem = "a1.py, line 1: the reference raises NameError: no_such_name"
    assert repaired(material, set(), part, problem)
    first, second = material.items
    assert first.source == "import math\n@cached\ndef f():\n    return 1"
    assert second.source == "%matplotlib inline\nno_such_name"
    assert repaired(material, set(), replace(part, source=second.source), problem)
    assert material.items[1].source.startswith("# experiment") and material.items[0] == first
    assert not repaired(material, set(), replace(part, source=material.items[1].source), problem)


def test_what_a_person_marks_and_is_no_python_is_an_answer_in_words():
    asked = Asked("q1", manual=True, parts=[Part("code", "# BEGIN SOLUTION\nx = (\n# END SOLUTION", "solution")])
    part = MasterPart("code", asked.parts[0].source)
    assert repaired(Material("Otter", "t", [asked]), set(), part, "a1.py, line 2: this cell is not Python: syntax")
    assert asked.parts == [Part("markdown", "```python\nx = (\n```", "answer")]


def test_a_line_that_ends_with_a_semicolon_already_is_reworded():
    material = Material("Otter", "t", [Part("code", "# BEGIN SOLUTION\n    axes.plot(x);\n# END SOLUTION", "solution")])
    assert said_otherwise(material, "axes.plot(x);")
    assert material.items[0].source == "# BEGIN SOLUTION\n    (axes.plot(x));\n# END SOLUTION"
    assert not said_otherwise(material, "axes.plot(x);")


def test_the_page_names_tests_that_are_worth_nothing():
    none = Fraction(0)
    cases = [
        Case("q - 1", "assert f(2) == 4", points=Fraction(2)),
        Case("q - 2", "assert f(1) == 1", points=none),
        Case("q - 3", "assert f(0) == 0", points=none, hidden=True),
        Case("q (what students see)", "assert f(2) == 4", points=none, excerpt=True),
    ]
    asked = Asked("q", id="q1", points=Fraction(2), cases=cases)
    material = Material("Otter", "hw", items=[asked])
    page = import_page(material, "hw1", {"q1": hidden.tests_of(asked, NOTEBOOK)}, set(), "hw.ipynb")
    assert "<li>q - 2: no hidden test; students have it as a public check</li>" in page
    assert "<li>q - 3: no hidden test; nobody sees it</li>" in page
    assert '<span class="badge good">moved</span><b>test_q1</b>q - 1' in page and "what students see" not in page
