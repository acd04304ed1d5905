"""The master held against assignment.toml, and what is written when something is refused: nothing."""

import shutil

import pytest
from tiny_master import ASSIGNMENT, MASTER, course

from grader.authoring import writing
from grader.authoring.build import build, built_files
from grader.cli import main
from grader.errors import AuthoringError, MachineryError
from grader.paths import PACKAGE

TOML = "assignments/a9_tiny/assignment.toml"
MASTER_FILE = "solutions/a9_tiny/a9_tiny.py"
SECOND = '[[question]]\nid = "q2"\ntitle = "Thrice"\npoints = 1\n'


def line_of(text, master=MASTER):
    return f"{MASTER_FILE}, line {master[: master.index(text)].count(chr(10)) + 1}: "


@pytest.mark.parametrize(
    ("old", "new", "begins", "says"),
    [
        pytest.param(
            "q1. Twice", "q1. Twice (3 points)", "# ## q1", "the heading says 3 points", id="points of a heading"
        ),
        pytest.param("q1. Twice", "q1. Twice [0.5 pts]", "# ## q1", "the heading says 0.5 points", id="half a point"),
        pytest.param("q1. Twice", "q2. Twice", "# ## q2", "the question is called q1", id="id of a heading"),
        pytest.param(
            "# points: 0", "# points: 3", "# # BEGIN QUESTION", "q1 states 3 points", id="points of a question"
        ),
        pytest.param(
            "# points: 0", "# points: [2, 2]", "# # BEGIN QUESTION", "q1 states 4 points", id="a list of points"
        ),
        pytest.param(
            "# points: 0", "# points: {each: 2}", "# # BEGIN QUESTION", "q1 states 2 points", id="points of each"
        ),
        pytest.param("# points: 0", "# points: three", "# # BEGIN QUESTION", "must be a number", id="points in words"),
        pytest.param(
            "# name: q1",
            "# name: q2",
            "# # BEGIN QUESTION",
            f"{TOML} has no question q2; there is: q1",
            id="a question more",
        ),
        pytest.param(
            "# name: q1", "# nam: q1", "# nam: q1", "unknown key 'nam' (did you mean 'name'?)", id="a misspelt key"
        ),
        pytest.param("# name: q1", "# name: [q1", "# points: 0", "this is no YAML", id="no YAML"),
        pytest.param(
            "# name: a9_tiny", "# files: [x.csv]", "# files: [", f"x.csv is to be released, and {TOML}", id="a file"
        ),
        pytest.param(
            "# name: a9_tiny", "# seed: 3", "# seed: 3", "seed is not supported", id="a key of Otter's grader"
        ),
        pytest.param(
            "# generate: false",
            "# generat: false",
            "# generat",
            "unknown key 'generat'",
            id="a misspelt key of the config",
        ),
        pytest.param(
            "    return doubled_number",
            "    return (doubled",
            "    return (d",
            "is not Python",
            id="a cell that does not compile",
        ),
        pytest.param(
            "def test_twice(twice)",
            "def test_twice(twice",
            "def test",
            "a public check is not Python",
            id="a check that does not compile",
        ),
        pytest.param(
            "def test_twice(twice)", "def test_twice(twise)", "def test", "asks for twise", id="a check of another name"
        ),
        pytest.param(
            "def test_twice(twice)",
            "def test_twice()",
            "def test",
            "asks nothing of the notebook",
            id="a check of nothing",
        ),
        pytest.param(
            '    """twice 3 is 6"""\n', "", "def test", "test_twice needs a docstring", id="a check without a name"
        ),
        pytest.param(
            "    assert near(",
            "    _ = near(",
            "def test",
            "test_twice can never fail",
            id="a check that asserts nothing",
        ),
        pytest.param(
            "assert near(twice",
            "assert nearly(twice",
            "def test",
            "knows no nearly",
            id="a check with an unknown function",
        ),
        pytest.param(
            "# %%\ndef test",
            "# %%\nx = 3\ndef test",
            "x = 3",
            "a check is one function",
            id="a check with more in its cell",
        ),
        pytest.param(
            "# %% [raw]\n# # END TESTS",
            "# %%\ndef test_twice(twice):\n    '''again'''\n    assert twice\n\n# %% [raw]\n# # END TESTS",
            'def test_twice(twice):\n    "',
            "two public checks of q1 are called test_twice",
            id="two checks of one name",
        ),
    ],
)
def test_a_master_that_disagrees_is_refused_in_its_own_line(tmp_path, old, new, begins, says):
    master = MASTER.replace(old, new, 1)
    assert master != MASTER
    with pytest.raises(AuthoringError) as caught:
        built_files(course(tmp_path, master), "a9_tiny")
    told = str(caught.value)
    assert told.startswith(line_of(begins, master)) and says in told and "\n" not in told


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        pytest.param(
            ASSIGNMENT + SECOND, f"{TOML}: the master does not ask question q2; it asks: q1", id="a question less"
        ),
        pytest.param(
            ASSIGNMENT.replace('"twice"]', '"twise"]'),
            f"{TOML}: q1 asks for twise, which the master does not define (did you mean 'twice'?)",
            id="a misspelt name",
        ),
    ],
)
def test_an_assignment_that_asks_for_more_than_the_master_is_refused(tmp_path, toml, says):
    with pytest.raises(AuthoringError) as caught:
        built_files(course(tmp_path, assignment=toml), "a9_tiny")
    assert str(caught.value) == says


def test_a_name_that_stands_outside_of_the_solution_would_be_given(tmp_path):
    master = MASTER.replace("# experiment: the same line again\n", "thrice = 3\n", 1)
    toml = ASSIGNMENT.replace('"twice"]', '"twice", "thrice"]')
    with pytest.raises(AuthoringError) as caught:
        built_files(course(tmp_path, master, toml), "a9_tiny")
    says = "thrice, which q1 asks for, stands outside of a SOLUTION block: it would be given"
    assert str(caught.value) == line_of("thrice = 3", master) + says


def test_the_points_of_a_part_of_a_question_are_left_alone(tmp_path):
    master = MASTER.replace("q1. Twice", "q1. Twice (1 point)\n# ### One half (0.5 points)")
    assert "One half" in built_files(course(tmp_path, master), "a9_tiny")["a9_tiny.ipynb"]


@pytest.mark.parametrize("above", ['"""x + x is what is wanted"""\n', "\n# x + x is the solution\n"])
def test_what_stands_above_the_first_cell_of_a_file_of_a_question_is_refused(tmp_path, above):
    line = above.count("\n")
    with pytest.raises(
        AuthoringError, match=rf"questions/q1\.py, line {line}: a file of a question begins with a cell"
    ):
        built_files(in_two_files(tmp_path, above), "a9_tiny")


def test_a_header_of_jupytext_and_a_byte_order_mark_are_no_part_of_the_master(tmp_path):
    plain = built_files(course(tmp_path / "plain"), "a9_tiny")
    header = "\ufeff# ---\n# jupyter:\n#   jupytext:\n#     format_name: percent\n# ---\n\n"
    assert built_files(course(tmp_path / "one", header + MASTER), "a9_tiny") == plain
    assert built_files(in_two_files(tmp_path / "two", header), "a9_tiny") == plain


def in_two_files(root, above):
    """The tiny course with its question in a file of its own, and something above its first cell."""
    opening, mark, rest = MASTER.partition("# %% [raw]\n# # BEGIN QUESTION")
    paths = course(root, opening)
    paths.questions("a9_tiny").mkdir()
    (paths.questions("a9_tiny") / "q1.py").write_text(above + mark + rest, encoding="utf-8")
    return paths


def test_a_mistake_in_a_file_of_a_question_names_that_file(tmp_path):
    opening, _, rest = MASTER.partition("# %% [raw]\n# # BEGIN QUESTION")
    paths = course(tmp_path, opening)
    paths.questions("a9_tiny").mkdir()
    question = ("# %% [raw]\n# # BEGIN QUESTION" + rest).replace("    # END SOLUTION\n", "")
    (paths.questions("a9_tiny") / "q1.py").write_text(question)
    with pytest.raises(AuthoringError) as caught:
        built_files(paths, "a9_tiny")
    line = question[: question.index('    """ # BEGIN PROMPT')].count("\n") + 1
    assert str(caught.value).startswith(f"solutions/a9_tiny/questions/q1.py, line {line}: ")


def test_a_notebook_as_a_master_is_refused_with_the_way_to_convert_it(tmp_path):
    paths = course(tmp_path)
    paths.reference("a9_tiny").rename(paths.reference("a9_tiny").with_suffix(".ipynb"))
    with pytest.raises(AuthoringError, match=r"once: jupytext --to py:percent solutions/a9_tiny/a9_tiny\.ipynb"):
        built_files(paths, "a9_tiny")


# ------------------------------------------------------------------------------------------------ all or nothing


def everything_below(folder):
    return {file: file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_nothing_is_written_when_a_master_is_refused(tmp_path):
    paths = course(tmp_path)
    build(paths, "a9_tiny")
    (paths.assignment("a9_tiny") / "tests" / "q7.py").write_text("of a question that was there once")
    paths.reference("a9_tiny").write_text(MASTER.replace("# # A tiny", "# Try `return doubled_number`. # A tiny"))
    before = everything_below(tmp_path)
    with pytest.raises(AuthoringError, match="gives away"):
        build(paths, "a9_tiny")
    assert everything_below(tmp_path) == before


def test_files_are_all_replaced_or_none(tmp_path):
    (tmp_path / "first").write_text("old")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "inside").write_text("old")
    before = everything_below(tmp_path)
    with pytest.raises(MachineryError, match="nothing was changed"):
        writing.replace_all({tmp_path / "first": "new", tmp_path / "new": "new", tmp_path / "taken": "new"})
    assert everything_below(tmp_path) == before
    writing.replace_all({tmp_path / "first": "new", tmp_path / "deep" / "second": "new"})
    assert (tmp_path / "first").read_text() == (tmp_path / "deep" / "second").read_text() == "new"


def test_building_all_writes_nothing_when_one_master_is_refused(tmp_path, monkeypatch, capsys):
    paths = course(tmp_path)
    shutil.copy(PACKAGE.parent / "tests" / "small_course" / "course.toml", paths.course_toml)
    toml = paths.course_toml.read_text().replace('"tiny"', '"a9_tiny"')
    paths.course_toml.write_text(toml)
    paths.assignment("b1").mkdir()
    paths.assignment_toml("b1").write_text(ASSIGNMENT)
    paths.reference("b1").parent.mkdir()
    paths.reference("b1").write_text("# %%\ndef twice(x):\n    return x + x\n")
    monkeypatch.setenv("GRADER_COURSE", str(tmp_path))
    assert main(["build"]) == 3
    assert "solutions/b1/b1.py, line 2: the master has no question" in capsys.readouterr().err
    assert not paths.starter("a9_tiny").exists()


# ------------------------------------------------------------------------------------------------ grader new


@pytest.fixture
def empty_course(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADER_COURSE", str(tmp_path))
    (tmp_path / "course.toml").write_text(
        'name = "Course"\n[[component]]\nid = "exam"\ntitle = "Exam"\nweight = 100\ncolumns = ["exam"]\n'
    )
    return tmp_path


def test_a_new_assignment_needs_a_readable_course(empty_course, capsys):
    toml = empty_course / "course.toml"
    toml.write_text(toml.read_text().replace("weight", "wieght"))
    before = everything_below(empty_course)
    assert main(["new", "a5_rl"]) == 3 and "wieght" in capsys.readouterr().err
    assert everything_below(empty_course) == before and [toml] == list(empty_course.iterdir())


def test_a_new_assignment_that_cannot_be_built_leaves_nothing_behind(empty_course, monkeypatch, capsys):
    monkeypatch.setattr("grader.authoring.build.OTTER_TIMEOUT_S", 0.01)
    assert main(["new", "a5_rl"]) == 4 and "has not ended" in capsys.readouterr().err
    assert [file.name for file in empty_course.iterdir()] == ["course.toml"]


def test_a_new_assignment_looks_for_its_tools_before_it_writes(empty_course, monkeypatch, capsys):
    monkeypatch.setattr("grader.authoring.build.find_spec", lambda name: None)
    assert main(["new", "a5_rl"]) == 4 and "pip install 'coursegrader[authoring]'" in capsys.readouterr().err
    assert [file.name for file in empty_course.iterdir()] == ["course.toml"]


def test_a_new_assignment_is_written_with_its_starter(empty_course, capsys):
    assert main(["new", "a5_rl"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert "assignments/a5_rl/a5_rl.ipynb" in said and (empty_course / "assignments/a5_rl/a5_rl.ipynb").is_file()


# ---------------------------------------------------------------------------------------------------- read by a person

ESSAY = ASSIGNMENT + '[[question]]\nid = "q2"\ntitle = "Why?"\npoints = 5\nmanual = true\n'
PLACE = "\n\n# %% [markdown]\n# ## q2. Why? (5 points)\n#\n# In ten lines.\n"


def test_a_question_that_a_person_marks_is_a_heading_or_a_block_of_its_own(tmp_path):
    files = built_files(course(tmp_path, MASTER + PLACE, ESSAY), "a9_tiny")
    assert "## q2. Why?" in files["a9_tiny.ipynb"] and "tests/q2.py" not in files


def test_an_assignment_for_a_person_alone_may_be_headings_alone(tmp_path):
    essay = 'title = "Essay"\n[[question]]\nid = "q2"\ntitle = "Why?"\npoints = 5\nmanual = true\n'
    opening = MASTER.partition("# %% [raw]\n# # BEGIN QUESTION")[0]
    files = built_files(course(tmp_path, opening + PLACE, essay), "a9_tiny")
    assert list(files) == ["a9_tiny.ipynb"] and "## q2. Why?" in files["a9_tiny.ipynb"]


def test_a_master_without_a_question_is_refused_where_a_question_is_graded_by_tests(tmp_path):
    with pytest.raises(AuthoringError, match="line 2: the master has no question: no raw cell begins with # BEGIN QU"):
        built_files(course(tmp_path, MASTER.partition("# %% [raw]\n# # BEGIN QUESTION")[0]), "a9_tiny")


@pytest.mark.parametrize("ok_format", ["true", "false"])
def test_checks_of_two_kinds_in_one_master_are_refused_with_both_ways_out(tmp_path, ok_format):
    check = "# %%\ntwice(3)\n\n\n# %% [raw]\n# # END TESTS"
    mixed = MASTER.replace("# %% [raw]\n# # END TESTS", check).replace("ok_format: false", f"ok_format: {ok_format}")
    with pytest.raises(AuthoringError, match="all checks of a master are of one kind: .*ok_format: "):
        built_files(course(tmp_path, mixed), "a9_tiny")


@pytest.mark.parametrize(
    ("master", "assignment", "says"),
    [
        pytest.param(MASTER, ESSAY, "q2 is marked by a person, and the master has no place for it", id="no place"),
        pytest.param(MASTER + PLACE.replace("5", "4"), ESSAY, "the heading says 4 points", id="other points"),
        pytest.param(
            MASTER.replace("# points: 0", "# points: 0\n# manual: true"), ASSIGNMENT, "write manual = true", id="here"
        ),
        pytest.param(
            MASTER,
            ASSIGNMENT.replace('names = ["twice"]\n', "manual = true\n"),
            f"q1 is manual in {TOML}; write manual: true here",
            id="there",
        ),
    ],
)
def test_master_and_assignment_agree_on_what_a_person_marks(tmp_path, master, assignment, says):
    with pytest.raises(AuthoringError) as caught:
        built_files(course(tmp_path, master, assignment), "a9_tiny")
    assert says in str(caught.value)
