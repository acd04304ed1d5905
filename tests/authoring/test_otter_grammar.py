"""Every form that Otter Assign has for solutions and tests: what becomes of it; its checks tell right from wrong."""

import contextlib
import io
import json
import warnings

import pytest
from tiny_master import MASTER, course

from grader.authoring.build import built, built_files
from grader.errors import AuthoringError

with warnings.catch_warnings():  # otter's own dependencies warn while they are imported
    warnings.simplefilter("ignore")
    from otter.test_files import create_test_file


def block(kind, *cells, config=""):
    """Cells between BEGIN and END of a block."""
    begin = "".join(f"# {line}\n" for line in [f"# BEGIN {kind}", *config.splitlines()])
    return "\n".join([f"# %% [raw]\n{begin}", *cells, f"# %% [raw]\n# # END {kind}\n"])


def code(text):
    return f"# %%\n{text}\n"


def text(words):
    return "# %% [markdown]\n" + "".join(f"# {line}\n" for line in words.splitlines())


def question(name, *cells, config=""):
    return block("QUESTION", *cells, config=f"name: {name}\n{config}")


CONFIGURED = '''\
""" # BEGIN TEST CONFIG
points: 2
hidden: false
success_message: squares of floats, too
failure_message: what is 1.5 times 1.5?
""" # END TEST CONFIG
square(1.5)
square(-2) == 4
'''
OTTER = "\n".join(  # a master of an Otter course, in Otter's default OK format
    [
        "# %% [raw]\n# # ASSIGNMENT CONFIG\n# requirements: needed.txt\n# export_cell: true\n# check_all_cell: true\n",
        text("# A course that came from Otter"),
        code("import numpy as np  # given\nimport sys  # IGNORE\n# BEGIN IGNORE\nprint(sys.path)\n# END IGNORE"),
        question(
            "q1",
            text("**Question 1.** Three numbers"),
            block(
                "SOLUTION",
                code(
                    "answer = 6 * 7 # SOLUTION\nfirst, second = 10, 20  #SOLUTION\n"
                    "secret_number = 4 # SOLUTION NO PROMPT\n"
                    "table = {}\ntable['key'] = secret_number  # SOLUTION\nprint(answer)  # SOLUTION"
                ),
            ),
            block("TESTS", code("answer == 42"), code("first + second"), code("assert table['key'] == 4")),
        ),
        question(
            "q2",
            text("**Question 2.** (3 points) A square"),
            block(
                "SOLUTION",
                code(
                    "def square(x):\n    # BEGIN SOLUTION\n    squared = x * x\n    return squared\n    # END SOLUTION"
                ),
            ),
            block(
                "TESTS",
                code(CONFIGURED),
                code("# HIDDEN\nsquare(2.5e77)"),
                code("for x in range(3):\n    print(square(x))\n\nprint()\nprint('end')"),
            ),
            config="points: 3",
        ),
        question(
            "q3",
            block(
                "SOLUTION",
                code(
                    "def cube(x):\n    # BEGIN SOLUTION NO PROMPT\n    return x**3 + 0 * x\n    # END SOLUTION\n"
                    '    """ # BEGIN PROMPT\n    raise NotImplementedError("cube")\n    """; # END PROMPT'
                ),
            ),
            block(
                "TESTS",
                code('""" # BEGIN TEST CONFIG\nhidden: true\n"""; # END TEST CONFIG\ncube(5)'),
                code("np.isclose(cube(2), 8)\ncube(2).__class__.__name__"),
            ),
        ),
        question(
            "q4",
            text("**Question 4.** Why?"),
            block("SOLUTION", text("Because the sum of two even numbers is even.")),
            config="manual: true\npoints: 2",
        ),
        question(
            "q5",
            text("**Question 5.** In a cell of its own"),
            block("PROMPT", code("half = ... # a number")),
            block("SOLUTION", code("# BEGIN SOLUTION NO PROMPT\nhalf = 0.5 + 0.0 * 3\n# END SOLUTION")),
            block("TESTS", code("half + half")),
        ),
        text(
            "```otter\n# BEGIN QUESTION\nname: q6\npoints:\n    each: 1\n```\n\n**Question 6.** In fences\n\n"
            "```otter\n# BEGIN SOLUTION\n```"
        ),
        code("def fence(n):\n    return n + 1 # SOLUTION"),
        text("```otter\n# END SOLUTION\n```\n\n```otter\n# BEGIN TESTS\n```"),
        code("fence(6)"),
        text("```otter\n# END TESTS\n```\n\n```otter\n# END QUESTION\n```"),
    ]
)
POINTS = {"q1": 1, "q2": 3, "q3": 1, "q4": 2, "q5": 1, "q6": 1}
BY_HAND = {"q4": "manual = true\n"}
NAMES = {"q2": ["square"], "q3": ["cube"], "q6": ["fence"]}


def toml(points, names):
    tables = (
        f'[[question]]\nid = "{q}"\ntitle = "{q}"\npoints = {worth}\nnames = {names.get(q, [])}\n' + BY_HAND.get(q, "")
        for q, worth in points.items()
    )
    return 'title = "From Otter"\n' + "".join(tables)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return built(course(tmp_path_factory.mktemp("otter"), OTTER, toml(POINTS, NAMES)), "a9_tiny")


@pytest.fixture(scope="module")
def cells(made):
    return [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(made.files["a9_tiny.ipynb"])["cells"]]


def verdicts(files, name, answer, folder):
    """Which checks of a question pass with what `answer` defines, and everything that students would read."""
    file = folder / f"{name}.py"
    file.write_text(files[f"tests/{name}.py"])
    names = {}
    exec("import numpy as np\n" + answer, names)
    checks = create_test_file(str(file), None)
    with contextlib.redirect_stdout(io.StringIO()):
        checks.run(names)
    return [result.passed for result in checks.test_case_results]


RIGHT = {
    "q1": "answer, first, second, table = 42, 12, 18, {'key': 4}",
    "q2": "def square(x): return x ** 2",
    "q3": "def cube(x): return x * x * x",
    "q5": "half = 1 / 2",
    "q6": "def fence(n): return 1 + n",
}
WRONG = [
    ("q1", "answer, first, second, table = 41, 10, 20, {'key': 4}", [False, True, True]),
    ("q1", "answer, first, second, table = 42, 10, 21, {'key': 4}", [True, False, True]),
    ("q1", "answer, first, second, table = 42, 10, 20, {'key': 5}", [True, True, False]),
    ("q1", "", [False, False, False]),
    ("q2", "square = lambda x: 99", [False, False]),
    ("q2", "square = lambda x: abs(x) ** 2 if x != 2 else 5", [True, False]),
    ("q2", "square = lambda x: x * x if x > 0 else 0", [False, True]),
    ("q3", "cube = lambda x: x ** 2", [False]),
    ("q3", "cube = lambda x: float(x ** 3)", [False]),
    ("q5", "half = ...", [False]),
    ("q6", "fence = lambda n: n", [False]),
]


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_solution_passes_every_check(made, name, tmp_path):
    passed = verdicts(made.files, name, RIGHT[name], tmp_path)
    assert passed and all(passed)


@pytest.mark.parametrize(("name", "answer", "expected"), WRONG)
def test_a_wrong_solution_fails_the_check_that_asks_for_it(made, name, answer, expected, tmp_path):
    assert verdicts(made.files, name, answer, tmp_path) == expected


def test_a_question_for_a_reader_has_no_file_of_checks(made):
    assert sorted(made.files) == ["a9_tiny.ipynb", *(f"tests/{name}.py" for name in ("q1", "q2", "q3", "q5", "q6"))]


def test_hidden_checks_are_left_out_and_said_so(made):
    assert "2.5e77" not in "".join(made.files.values()) and "cube(5)" not in "".join(made.files.values())
    assert [note.partition(": ")[2] for note in made.notes] == [
        f"a hidden check of {name} is left out; such tests belong into assignments/a9_tiny/hidden/"
        for name in ("q2", "q3")
    ]


def test_the_starter_has_the_prompts_and_nothing_of_a_solution(cells):
    sources = [source for _, source in cells]
    assert "answer = ...\nfirst, second = ...\ntable = {}\ntable['key'] = ...\n..." in sources
    assert "def square(x):\n    ..." in sources
    assert 'def cube(x):\n    raise NotImplementedError("cube")' in sources
    assert "half = ... # a number" in sources
    assert "def fence(n):\n    ..." in sources
    assert "import numpy as np  # given" in sources  # what is ignored is gone
    assert ("markdown", "_Type your answer here, replacing this text._") in cells
    assert not any(
        word in source for source in sources for word in ("BEGIN", "END", "# SOLUTION", "even", "6 * 7", "10, 20")
    )


def test_the_starter_asks_for_every_check_once_and_for_nothing_of_otters_grader(cells):
    asked = [source for kind, source in cells if kind == "code" and source.startswith("grader.")]
    assert asked == [*(f'grader.check("{name}")' for name in ("q1", "q2", "q3", "q5", "q6")), "grader.check_all()"]


def test_messages_of_a_check_are_kept(made):
    assert (
        "squares of floats, too" in made.files["tests/q2.py"] and "what is 1.5 times 1.5?" in made.files["tests/q2.py"]
    )


def test_solutions_of_all_cells_are_taken_out_where_the_config_says_so(tmp_path):
    everywhere = MASTER.replace("# generate: false", "# generate: false\n# strip_solutions_from_all_cells: true")
    everywhere = everywhere.replace(
        "# experiment: the same line again\n", "# experiment: x\nnumber = 42 # SOLUTION\n", 1
    )
    starter = built_files(course(tmp_path, everywhere), "a9_tiny")["a9_tiny.ipynb"]
    assert "number = ..." in starter and "42" not in starter


FUNCTION = '''\
def test_twice(twice):
    """twice 3 is 6"""
    # a comment that students may read
    assert near(twice(3), 6), f"twice(3) = 6, yours is {twice(3)}"
'''
HIDDEN_ONE = '''

# %%
""" # BEGIN TEST CONFIG
hidden: true
points: 1
""" # END TEST CONFIG
def test_large(twice):
    assert twice(10**9) == 2 * 10**9


# %%
""" # BEGIN TEST CONFIG
failure_message: text counts, too
""" # END TEST CONFIG
def test_text(env):
    """twice a text"""
    assert env["twice"]("ab") == "abab"


test_text(globals())
'''


def test_checks_that_are_functions_may_have_a_config_and_be_called(tmp_path):
    made = built(course(tmp_path, MASTER.replace(FUNCTION, FUNCTION + HIDDEN_ONE)), "a9_tiny")
    assert "test_large" not in made.files["tests/q1.py"] and len(made.notes) == 1
    assert verdicts(made.files, "q1", "twice = lambda x: x + x", tmp_path) == [True, True]
    assert verdicts(made.files, "q1", "twice = lambda x: 6", tmp_path) == [True, False]
    assert 'failure_message="text counts, too"' in made.files["tests/q1.py"]


def ok(check, given=""):
    """A master in OK format whose only check is this."""
    solution = block("SOLUTION", code("def twice(x):\n    return x + x # SOLUTION"))
    return "\n".join([code(given or "# given"), question("q1", solution, block("TESTS", check))])


@pytest.mark.parametrize(
    ("master", "line", "says"),
    [
        pytest.param(
            ok(code("def test_twice(twice):\n    assert twice(2) == 4")),
            "def test",
            "ok_format: false",
            id="a function in OK format",
        ),
        pytest.param(ok(code("y = twice(2)")), "y =", "can never fail", id="nothing compared"),
        pytest.param(ok(code("1 + 1 == 2")), "1 + 1", "can never fail", id="nothing asked"),
        pytest.param(
            ok(code("import random\n(twice(2), random.random())")), "import random", "at one time", id="chance"
        ),
        pytest.param(
            ok(code("x = 3\n(twice, object())")), "x = 3", "seed it, or print what can be compared", id="an address"
        ),
        pytest.param(ok(code("twice(2")), "twice(2", "not Python", id="no Python"),
        pytest.param(ok(text("twice(2)")), "# twice(2)", "a check is a code cell", id="a text as a check"),
        pytest.param(ok(""), "# # BEGIN QUESTION", "no public check: there is none", id="no check"),
        pytest.param(
            ok(code("# HIDDEN\ntwice(2)")),
            "# # BEGIN QUESTION",
            "no public check: all are hidden",
            id="only hidden checks",
        ),
        pytest.param(
            ok(code("# the hidden layer doubles\ntwice(2)")),
            "# the hidden",
            "Otter hides a check",
            id="hidden by chance",
        ),
        pytest.param(
            ok(code('""" # BEGIN TEST CONFIG\nhidden: true\ntwice(2)')),
            "# # BEGIN TESTS",
            "without an END TESTS",
            id="an open config",
        ),
        pytest.param(
            ok(code('"""; # BEGIN TEST CONFIG\nhidden: true\n""" # END TEST CONFIG\ntwice(2)')),
            '"""; # BEGIN',
            "in its first line",
            id="a config that Otter does not see",
        ),
        pytest.param(ok(code("x = 2\n# HIDDEN\ntwice(x)")), "# HIDDEN", "in its first line", id="a late mark"),
        pytest.param(
            ok(code('""" # BEGIN TEST CONFIG\nhiden: true\n""" # END TEST CONFIG\ntwice(2)')),
            '""" # BEGIN',
            "unknown key 'hiden'",
            id="a misspelt key",
        ),
        *(
            pytest.param(
                ok(code(f'""" # BEGIN TEST CONFIG\nhidden: {value}\n""" # END TEST CONFIG\ntwice(2)')),
                '""" # BEGIN',
                "hidden is true or false",
                id=f"hidden is {value}",
            )
            for value in ("1", '"true"', "vrai")
        ),
        pytest.param(
            ok("# %% hidden=true\ntwice(2)\n"), "twice(2)", "the hidden metadata of another system", id="metadata"
        ),
        pytest.param(
            ok(code("twice(2)"), "import no_such_module"),
            "import no_such",
            "the reference raises ModuleNotFoundError",
            id="a reference that fails",
        ),
        pytest.param(
            ok(code("twice('2') + 2")),
            "twice('2')",
            "the reference raises TypeError",
            id="a check that the reference fails",
        ),
        pytest.param(
            ok(code("assert twice(2) == 5")), "assert", "the reference raises AssertionError", id="a wrong check"
        ),
    ],
)
def test_a_check_in_ok_format_that_says_nothing_is_refused(tmp_path, master, line, says):
    with pytest.raises(AuthoringError) as caught:
        built_files(course(tmp_path, master), "a9_tiny")
    told = str(caught.value)
    assert says in told and "\n" not in told
    number = int(told.removeprefix("solutions/a9_tiny/a9_tiny.py, line ").partition(":")[0])
    assert master.split("\n")[number - 1].startswith(line), told
