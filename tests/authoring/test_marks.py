"""No way of marking a solution, right, wrong or foreign, leaves one in what students get without being refused."""

import json
import re

import pytest
from tiny_master import ASSIGNMENT, MASTER, course

from grader.authoring.build import built_files
from grader.authoring.marks import looks_like_a_mark
from grader.errors import AuthoringError

SOLVED = """\
    # BEGIN SOLUTION NO PROMPT
    doubled_number = x + x
    return doubled_number
    # END SOLUTION
    \"\"\" # BEGIN PROMPT
    raise NotImplementedError("q1: twice is not implemented yet")
    \"\"\"  # END PROMPT
"""
NBGRADER = """\
# %% [markdown]
# ## q1. Twice

# %% nbgrader={"grade": false, "solution": true, "grade_id": "twice"}
def twice(x):
    ### BEGIN SOLUTION
    return x + x
    ### END SOLUTION
"""


def solved(text):
    """The tiny master with another body of its function."""
    return MASTER.replace(SOLVED, text)


def given(text):
    """The tiny master with a cell that no block encloses."""
    return MASTER.replace("# %%\n# experiment: the same line again\n", text, 1)


OPEN, CLOSE = "    # BEGIN SOLUTION\n", "    # END SOLUTION\n"
BODY = "    doubled_number = x + x\n    return doubled_number\n"
WAYS = [  # (how a solution could stay, the master, the beginning of the line that is named, what is said of it)
    ("a master of nbgrader", NBGRADER, "def twice", "the nbgrader metadata of nbgrader"),
    (
        "metadata of nbgrader",
        MASTER.replace("# %%\n# q1", '# %% nbgrader={"solution": true}\n# q1'),
        "# q1",
        "nbgrader",
    ),
    (
        "marks of nbgrader",
        solved(f"    ### BEGIN SOLUTION\n{BODY}    ### END SOLUTION\n"),
        "    ### BEGIN",
        "looks like",
    ),
    ("two signs", solved(f"    ## BEGIN SOLUTION\n{BODY}    ## END SOLUTION\n"), "    ## BEGIN", "looks like"),
    ("no space", solved(f"    #BEGIN SOLUTION\n{BODY}    #END SOLUTION\n"), "    #BEGIN", "looks like"),
    ("a tabulator", solved(f"    #\tBEGIN SOLUTION\n{BODY}    #\tEND SOLUTION\n"), "    #\tBEGIN", "looks like"),
    ("two spaces", solved(f"    # BEGIN  SOLUTION\n{BODY}{CLOSE}"), "    # BEGIN  ", "looks like"),
    ("a space that is none", solved(f"    # BEGIN\u00a0SOLUTION\n{BODY}{CLOSE}"), "    # BEGIN\u00a0", "looks like"),
    ("small letters", solved(f"    # begin solution\n{BODY}    # end solution\n"), "    # begin", "looks like"),
    ("misspelt twice", solved(f"    # BEGIN SOLUTON\n{BODY}    # END SOLUTON\n"), "    # BEGIN", "looks like"),
    ("misspelt at the end", solved(f"{OPEN}{BODY}    # END SOLUTOIN\n"), "    # BEGIN", "without an # END SOLUTION"),
    ("something behind it", solved(f"    # BEGIN SOLUTION (easy)\n{BODY}{CLOSE}"), "    # BEGIN", "looks like"),
    (
        "no prompt, in small letters",
        solved(f"    # BEGIN SOLUTION no prompt\n{BODY}{CLOSE}"),
        "    # BEGIN",
        "looks like",
    ),
    (
        "behind code",
        solved("    doubled_number = x + x  # BEGIN SOLUTION\n    return doubled_number\n" + CLOSE),
        "    doubled_number = x + x  #",
        "looks like",
    ),
    ("the end behind code", solved(f"{OPEN}    return x + x  # END SOLUTION\n"), "    # BEGIN", "without an # END"),
    ("no end", solved(OPEN + BODY), "    # BEGIN", "without an # END SOLUTION in its cell"),
    ("no beginning", solved(BODY + CLOSE), "    # END", "without a # BEGIN SOLUTION in its cell"),
    (
        "one in another",
        solved(f"{OPEN}{OPEN}{BODY}{CLOSE}{CLOSE}"),
        "    # BEGIN",
        "inside of SOLUTION, which began in solutions/a9_tiny/a9_tiny.py, line ",
    ),
    (
        "a prompt in a solution",
        solved(f'{OPEN}    """ # BEGIN PROMPT\n    """ # END PROMPT\n{BODY}{CLOSE}'),
        '    """ # BEGIN',
        "inside of SOLUTION, which began in solutions/a9_tiny/a9_tiny.py, line ",
    ),
    ("no marks at all", solved(BODY), "# q1", "has no # BEGIN SOLUTION line inside"),
    ("a mark in small letters behind a line", solved("    return x + x  # solution\n"), "    return", "looks like"),
    ("a misspelt mark behind a line", solved("    return x + x  # SOLUTOIN\n"), "    return", "looks like"),
    (
        "a mark with words behind a line",
        solved("    return x + x  # SOLUTION: by adding\n"),
        "    return",
        "looks like",
    ),
    (
        "one line of a statement",
        solved("    return (x +  # SOLUTION\n            x)\n"),
        "    return",
        "one line of a statement",
    ),
    (
        "the last line of a statement",
        solved("    return x + \\\n        x  # SOLUTION\n"),
        "        x",
        "one line of a statement",
    ),
    (
        "a prompt that is the solution",
        MASTER.replace('    raise NotImplementedError("q1: twice is not implemented yet")\n', BODY),
        "    doubled_number",
        "stands word for word in a PROMPT",
    ),
    (
        "two statements on a line",
        solved('    g = {}  # SOLUTION\n    g["W"] = x + x; g["b"] = 2 * x  # SOLUTION\n'),
        '    g["W"]',
        "more than one statement",
    ),
    (
        "a calculation left of the sign",
        solved("    x[x <= threshold(x)] = 0  # SOLUTION\n    return x  # SOLUTION\n"),
        "    x[x",
        "left of the =",
    ),
    ("the head of a block", solved("    for _ in range(1):  # SOLUTION\n        return x + x\n"), "# q1", "no Python"),
    (
        "marks of the helper only",
        MASTER.replace(SOLVED, BODY).replace("# q1\n\n", "# q1\nhelper = 3  # SOLUTION\n\n"),
        "def twice",
        "twice is given to students as it stands here",
    ),
    (
        "in an experiment",
        given(f"# %%\n# experiment: look\ndef f(x):\n{OPEN}    return x\n{CLOSE}"),
        "    # BEGIN SOLUTION\n    return x",
        "outside of a SOLUTION block",
    ),
    ("a line in a given cell", given("# %%\nanswer = 42  # SOLUTION\n"), "answer", "outside of a SOLUTION block"),
    (
        "foreign marks in a given cell",
        given("# %%\n### START CODE HERE ###\nanswer = 42\n### END CODE HERE ###\n"),
        "### START",
        "looks like",
    ),
    (
        "stars",
        given("# %%\n# *****START OF YOUR CODE (DO NOT DELETE THIS LINE)*****\nanswer = 42\n"),
        "# *****",
        "looks like",
    ),
    ("a tag in a comment", given("# %%\n# <solution>\nanswer = 42\n# </solution>\n"), "# <sol", "looks like"),
    ("prune", given("# %%\n# prune-begin\nanswer = 42\n# prune-end\n"), "# prune-b", "looks like"),
    (
        "hidden tests of nbgrader",
        given("# %%\n### BEGIN HIDDEN TESTS\nassert twice(2) == 4\n### END HIDDEN TESTS\n"),
        "### BEGIN H",
        "looks like",
    ),
    ("a test of the old Otter", given("# %%\n# HIDDEN TEST\ntwice(2) == 4\n"), "# HIDDEN", "BEGIN TESTS"),
    (
        "a tag of the cell",
        MASTER.replace("# %%\n# experiment", '# %% tags=["solution"]\n# experiment', 1),
        "# experiment",
        "the tag 'solution'",
    ),
    (
        "marks in text",
        given("# %% [markdown]\n# # BEGIN SOLUTION\n#\n# because\n"),
        "# # BEGIN SOLUTION\n#\n",
        "belongs into a raw cell",
    ),
    (
        "a question in text",
        given("# %% [markdown]\n# ```\n# BEGIN QUESTION\n# name: q2\n# ```\n"),
        "# BEGIN QUESTION\n# name: q2\n# ```",
        "belongs into a raw cell",
    ),
    ("words in bold", given("# %% [markdown]\n# **SOLUTION:** because it is even\n"), "# **SOL", "looks like"),
    ("a comment in text", given("# %% [markdown]\n# <!-- BEGIN SOLUTION -->\n# 42\n"), "# <!--", "looks like"),
    ("a fence of solutions", given("# %% [markdown]\n# ::: {.solution}\n# 42\n"), "# :::", "looks like"),
    (
        "a cell that Otter does not drop",
        given("# %%\n # ignore\n# BEGIN SOLUTION\nanswer = 42\n"),
        "# BEGIN SOLUTION\nans",
        "outside",
    ),
    ("a heading", given("# %% [markdown]\n# ### Sample solution\n# 42\n"), "# ###", "looks like"),
    ("a title of Colab", given("# %%\n#@title Solution\nanswer = 42\n"), "#@title", "looks like"),
    ("a comment above", given("# %%\n# Reference solution:\nanswer = 42\n"), "# Ref", "looks like"),
    ("hidden by nbdev", given("# %%\n#| hide\nanswer = 42\n"), "#| hide", "looks like"),
    (
        "no SOLUTION block",
        re.sub(r"# %% \[raw\]\n# # (BEGIN|END) SOLUTION\n", "", MASTER.replace(SOLVED, BODY)),
        "def twice",
        "stands outside of a SOLUTION block",
    ),
    (
        "a second definition",
        given("# %%\n# given\ndef twice(x):\n    return 2 * x\n"),
        "def twice(x):\n    return 2",
        "stands outside of a SOLUTION block",
    ),
    (
        "folded away",
        given("# %% [markdown]\n# <details><summary>Solution</summary>42</details>\n"),
        "# <details",
        "looks like",
    ),
    (
        "marks in code",
        MASTER.replace("# %% [raw]\n# # BEGIN SOLUTION", "# %%\n# # BEGIN SOLUTION", 1),
        "# # END SOLUTION",
        "END SOLUTION without a BEGIN",
    ),
    (
        "both marks in code",
        MASTER.replace("# %% [raw]\n# # BEGIN SOLUTION", "# %%\n# # BEGIN SOLUTION").replace(
            "# %% [raw]\n# # END SOLUTION", "# %%\n# # END SOLUTION"
        ),
        "# # BEGIN SOLUTION",
        "belongs into a raw cell",
    ),
    (
        "one sign in a raw cell",
        MASTER.replace("# # BEGIN SOLUTION", "# BEGIN SOLUTION", 1).replace(
            "# # END SOLUTION\n", "# END SOLUTION\n", 1
        ),
        "# BEGIN SOLUTION",
        "in the file the mark reads # # BEGIN SOLUTION",
    ),
    (
        "a misspelt raw cell",
        MASTER.replace("# # BEGIN SOLUTION", "# # BEGIN SOLUTON").replace("# # END SOLUTION", "# # END SOLUTON"),
        "# # BEGIN SOLUTON",
        "the mark reads # # BEGIN SOLUTION",
    ),
    (
        "two marks in a raw cell",
        MASTER.replace("# # BEGIN SOLUTION\n", "# # BEGIN SOLUTION\n# # END SOLUTION\n", 1),
        "# # END SOLUTION",
        "a second mark",
    ),
    (
        "a raw solution",
        MASTER.replace("# %% [raw]\n# # END SOLUTION", "# %% [raw]\n# it is 42\n\n# %% [raw]\n# # END SOLUTION"),
        "# it is 42",
        "make it a text cell",
    ),
    (
        "an open fence",
        given("# %% [markdown]\n# ```otter\n# # BEGIN QUESTION\n# name: q2\n"),
        "# ```otter",
        "never closed",
    ),
    (
        "an open question",
        MASTER.replace("# %% [raw]\n# # END QUESTION\n", ""),
        "# # BEGIN QUESTION",
        "without an END QUESTION",
    ),
    (
        "open tests",
        MASTER.replace("# %% [raw]\n# # END TESTS\n", ""),
        "# # END QUESTION",
        "END QUESTION without a BEGIN QUESTION",
    ),
    (
        "an open solution",
        MASTER.replace("# %% [raw]\n# # END SOLUTION\n", ""),
        "# # BEGIN TESTS",
        "stands inside SOLUTION",
    ),
    (
        "a question in a question",
        MASTER.replace("# # BEGIN SOLUTION", "# # BEGIN QUESTION\n# name: q2", 1),
        "# # BEGIN QUESTION\n# name: q2",
        "while QUESTION is open",
    ),
    (
        "a solution without a question",
        given("# %% [raw]\n# # BEGIN SOLUTION\n"),
        "# # BEGIN SOLUTION\n",
        "outside of a question",
    ),
    ("an open IGNORE", given("# %%\n# BEGIN IGNORE\nanswer = 42\n"), "# BEGIN IGNORE", "without an # END IGNORE"),
    ("a mark for Otter's grader", given("# %%\nseed = 3  # SEED\n"), "seed", "leave the mark out"),
    ("a plugin", given('# %%\n""" # BEGIN PLUGIN\nplugin: a.b\n""" # END PLUGIN\n'), '""" # BEGIN', "leave it out"),
    (
        "a cell that Otter drops",
        given("# %%\n# ignored are all but the first\nanswer = 42\n"),
        "# ignored",
        "Otter drops a cell",
    ),
    (
        "a solution in a text",
        MASTER.replace("# # A tiny", "# Try `return doubled_number`. # A tiny"),
        "",
        "gives away a line",
    ),
    (
        "a solution in an experiment",
        given("# %%\n# experiment: it is\nreturn_value = 3\ndoubled_number = x + x\n"),
        "",
        "gives away a line",
    ),
    (
        "a solution in a check",
        MASTER.replace("    # a comment that", "    # doubled_number = x + x, that"),
        "",
        "gives away a line",
    ),
    (
        "a solution without its comment",
        given("# %%\n# experiment: it is\nx = 3\ndoubled_number=x+x\n").replace("x + x\n", "x + x  # twice\n"),
        "",
        "gives away a line",
    ),
    (
        "a solution in a cell that is written to a file",
        given("# %%\n# %%writefile foo.py\n# doubled_number=x+x\n"),
        "",
        "gives away a line",
    ),
    (
        "a solution in a fence",
        given("# %% [markdown]\n# ```python\n# doubled_number = x+x  # twice\n# ```\n"),
        "",
        "gives away a line",
    ),
]


@pytest.mark.parametrize(("master", "line", "says"), [pytest.param(*way[1:], id=way[0]) for way in WAYS])
def test_a_solution_that_could_stay_is_refused_with_file_and_line(tmp_path, master, line, says):
    assert master != MASTER
    with pytest.raises(AuthoringError) as caught:
        built_files(course(tmp_path, master), "a9_tiny")
    told = str(caught.value)
    assert says in told and "\n" not in told
    if line:
        assert_named(told, master, line)


FREE = [  # lines that stand in a solution and in what students get, and give nothing away
    "import matplotlib.pyplot as plt",
    "optimizer.zero_grad()",
    "loss.backward()\n    optimizer.step()",
    "mean = np.zeros(x.shape[1])",
    "rows, columns = x.shape",
    "for number in range(len(x)):\n        pass",
    'raise ValueError("x is no number")',
]


@pytest.mark.parametrize("lines", FREE)
def test_what_everybody_writes_so_may_stand_in_an_experiment(tmp_path, lines):
    master = given(f"# %%\n# experiment: look\ndef look(x, optimizer, loss, np):\n    {lines}\n")
    master = master.replace("    doubled_number =", f"    {lines}\n    doubled_number =")
    assert lines in "\n".join(sources(built_files(course(tmp_path, master), "a9_tiny")))


@pytest.mark.parametrize("name", ["datasets.py", "notes.md", "extra.ipynb"])
def test_a_solution_in_a_released_file_is_refused(tmp_path, name):
    paths = course(tmp_path, MASTER, f'files = ["{name}"]\n{ASSIGNMENT}')
    cells = {"cells": [{"source": ["def other(x):\n", "  doubled_number = x+x\n"]}]}
    text = json.dumps(cells) if name.endswith("ipynb") else "def other(x):\n  doubled_number = x+x\n"
    (paths.assignment("a9_tiny") / name).write_text(text)
    with pytest.raises(AuthoringError, match=f"{name}: gives away a line of the solution: doubled_number = x"):
        built_files(paths, "a9_tiny")


def test_a_docstring_may_speak_of_solutions(tmp_path):
    told = '"""Two times x.\n\n    # Solution\n    SOLUTION: a number\n    """'
    master = MASTER.replace('"""Two times x."""', told)
    assert told in "\n".join(sources(built_files(course(tmp_path, master), "a9_tiny")))


@pytest.mark.parametrize("begins", ["text = ", ""])
def test_another_string_hides_no_mark(tmp_path, begins):
    with pytest.raises(AuthoringError, match="looks like a mark"):
        text = f'# %%\n{begins}"""\n### BEGIN SOLUTION\nx + x\n"""\n'
        built_files(course(tmp_path, given(text)), "a9_tiny")


def sources(files):
    return ["".join(cell["source"]) for cell in json.loads(files["a9_tiny.ipynb"])["cells"]]


def assert_named(told, master, line):
    """The message begins with the file and with a line of it that begins so."""
    found = re.match(r"solutions/a9_tiny/a9_tiny\.py, line (\d+): ", told)
    assert found, told
    assert "\n".join(master.split("\n")[int(found[1]) - 1 :]).startswith(line), told


def test_a_question_of_which_nothing_is_to_be_written_is_refused(tmp_path):
    master = re.sub(r"# %% \[raw\]\n# # (BEGIN|END) SOLUTION\n", "", MASTER.replace(SOLVED, BODY))
    with pytest.raises(AuthoringError, match="line 14: q1 has no solution between"):
        built_files(course(tmp_path, master, ASSIGNMENT.replace('names = ["twice"]', "")), "a9_tiny")


@pytest.mark.parametrize(
    "line",
    [
        "# region solution",
        "    # DÉBUT SOLUTION",
        "# fin de la solution",
        "# debut corrige",
        "# fin du corrigé",
        "# BEGINN LÖSUNG",
        "# Ende der Lösung",
        "# INICIO SOLUCIÓN",
        "# fin réponse",
        "# instructor only",
        "# end instructor only",
        "# teacher version",
        "# STRIP BEGIN",
    ],
)
def test_marks_in_other_words_and_languages_are_known(tmp_path, line):
    assert looks_like_a_mark(line, "code")
    beside = f'def helper(x):\n    """H"""\n    {line.strip()}\n    return x - 1\n\n\n'
    with pytest.raises(AuthoringError, match="looks like a mark"):
        built_files(course(tmp_path, MASTER.replace("def twice", f"{beside}def twice")), "a9_tiny")


@pytest.mark.parametrize(
    "line",
    [
        "# fin de la boucle",
        "# la solution du système linéaire",
        "# endregion",
        "# On renvoie la solution",
        "# the teacher forces the first version only here",
        "x = 1  # version",
        "# the solution of the linear system is unique",
        "# Solution of the heat equation by finite differences",
        "# start of the sequence, end of the sequence",
        "# your solution here",
        "# solution = solve(A, b)",
        "# begin with the hidden state of the encoder",
        "# being hidden, it is not seen",
        'x = "#end"  # the end',
    ],
)
def test_words_that_are_no_mark_are_left_alone(line):
    assert not looks_like_a_mark(line, "code")


@pytest.mark.parametrize(
    "line",
    [
        "## Ignore the bias",
        "## Solution of the heat equation",
        "The solution is unique.",
        "| hidden state | at the end |",
        "Begin with question 3.",
    ],
)
def test_text_about_solutions_is_left_alone(line):
    assert not looks_like_a_mark(line, "markdown")
