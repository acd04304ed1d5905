"""What an author is told of hidden tests that cannot be right, before anything is graded: one line with its place."""

import subprocess
import sys

import pytest
from tiny import IN_PROCESSES, RIGHT, hidden, ipynb, small_course, submission

from grader.cli import main
from grader.course.config import read_assignment
from grader.errors import AuthoringError
from grader.examination.task import Task
from grader.execution.batch import question_digests
from grader.execution.pool import Pool

SOUND = """\
import pytest
from grader.testing import close, require

pytestmark = pytest.mark.question("q3")


@pytest.mark.points(1.5, hint="Add.")
def test_a(student):
    close(student.running_sum([1.0, 2.0])[-1], 3.0)
"""
HALF = SOUND.replace("1.5", "0.75")
SECOND = """

@pytest.mark.points(0.75)
def test_a(student):
    close(student.running_sum([1.0])[-1], 1.0)
"""
WITH_FIXTURE = """

@pytest.fixture{}
def sums(student):
    return student.running_sum([1.0, 2.0])


@pytest.mark.points(0.75)
def test_b(sums):
    close(sums[-1], 3.0)
"""


def course_of(folder, **files):
    """A small course whose only question is q3, with these files of hidden tests."""
    paths = small_course(folder)
    for file in paths.hidden_tests("tiny").glob("*.py"):
        file.unlink()
    for name, text in files.items():
        hidden(paths, f"{name}.py", text)
    toml = paths.assignment_toml("tiny")
    head, *_, last = toml.read_text().split("[[question]]")
    toml.write_text(f"{head}[[question]]{last}")
    return paths


def refused(folder, **files):
    with pytest.raises(AuthoringError) as caught:
        Pool(course_of(folder, **files), "tiny", IN_PROCESSES).close()
    return str(caught.value)


SOUND_ONES = {
    "one test": {"test_a": SOUND},
    "two tests in two files": {"test_a": HALF, "test_b": HALF.replace("test_a", "test_b")},
    "a fixture of its own": {"test_a": HALF + WITH_FIXTURE.format("")},
    "a fixture in conftest.py": {
        "test_a": HALF + WITH_FIXTURE.format("").split("\n\n\n")[1],
        "conftest": "import pytest\n" + WITH_FIXTURE.format("").split("\n\n\n")[0],
    },
    "a mark of its own": {
        "test_a": SOUND.replace("def test_a", "@pytest.mark.slow\ndef test_a"),
        "conftest": 'def pytest_configure(config):\n    config.addinivalue_line("markers", "slow: takes long")\n',
    },
    "a helper that returns": {"test_a": SOUND + "\n\ndef f(x):\n    return x\n\n\ndef f(x):\n    return 2 * x\n"},
    "parameters": {
        "test_a": HALF.replace("(student)", "(student, n)").replace(
            "def test_a", '@pytest.mark.parametrize("n", [1, 2])\ndef test_a'
        )
    },
    "tests in a class": {"test_a": SOUND.replace("\n@pytest", "\nclass TestSums:\n    @pytest").replace(
        "\ndef test_a(student):\n    close", "\n    def test_a(self, student):\n        close")},
    "a helper beside it": {
        "test_a": SOUND.replace("pytestmark", "from sums import THREE\npytestmark").replace("3.0", "THREE"),
        "sums": "THREE = 3.0\n",
    },
    "a helper of a helper, imported inside": {
        "test_a": SOUND.replace("    close", "    from sums import THREE\n    close").replace("3.0)", "THREE)"),
        "sums": "from numbers_of_ours import THREE\n",
        "numbers_of_ours": "THREE = 3.0\n",
    },
    "a probe and a lambda inside": {
        "test_a": SOUND + "    def probe(nb):\n        return 1\n    require(student.run(probe) == 1, 'x')\n"
    },
}  # fmt: skip


@pytest.mark.parametrize("files", SOUND_ONES.values(), ids=SOUND_ONES)
def test_what_is_legal_is_collected_and_passes(tmp_path, files):
    with Pool(course_of(tmp_path, **files), "tiny", IN_PROCESSES) as pool:
        [(_, examined)] = pool.run(iter([Task(submission("ada", *RIGHT), "5eed", ("q3",))]))
    assert not examined.fault and examined.results and all(result.outcome.earns for result in examined.results)


IN_A = "assignments/tiny/hidden/test_a.py, line "
FAULTS = {
    "no such question": (
        {"test_a": SOUND.replace("q3", "q9")},
        "test_a.py: test_a: there is no question 'q9'; there is: q3",
    ),
    "no question": (
        {"test_a": SOUND.replace("pytestmark", "mark")},
        "hidden/test_a.py: test_a belongs to no question; write pytestmark = pytest.mark.question(",
    ),
    "no points": (
        {"test_a": SOUND.replace('@pytest.mark.points(1.5, hint="Add.")', "")},
        "assignments/tiny/hidden/test_a.py: test_a is worth nothing; write @pytest.mark.points(2, hint=...)",
    ),
    "negative points": (
        {"test_a": SOUND.replace("1.5", "-1")},
        "assignments/tiny/hidden/test_a.py: test_a: points must be finite and not negative, got -1",
    ),
    "zero points": ({"test_a": SOUND.replace("1.5", "0")}, "test_a is worth 0 points; every hidden test counts"),
    "a name in two files": (
        {"test_a": HALF, "test_b": HALF},
        "assignments/tiny/hidden: two tests are called test_a: test_a.py, line 7 and test_b.py, line 7",
    ),
    "a name twice in one file": (
        {"test_a": HALF + SECOND},
        IN_A + "13: test_a is defined again; it replaces the test of line 8",
    ),
    "a misspelt mark of points": (
        {"test_a": SOUND.replace("mark.points", "mark.point")},
        "mark point is unknown; do you mean points? there is: question, points, needs",
    ),
    "a misspelt mark of the question": (
        {"test_a": SOUND.replace("mark.question", "mark.qestion")},
        "mark qestion is unknown; do you mean question? there is: question, points, needs",
    ),
    "a misspelt hint": (
        {"test_a": SOUND.replace("hint=", "hnt=")},
        IN_A + "7: test_a: mark points: unknown argument hnt; do you mean hint? there is: hint",
    ),
    "a hint that is no text": (
        {"test_a": SOUND.replace('"Add."', '("Add.",)')},
        IN_A + "7: test_a: mark points: hint must be a text, got ('Add.',)",
    ),
    "a hint without its name": (
        {"test_a": SOUND.replace("hint=", "")},
        IN_A + '7: test_a: mark points has 2 values for one; write pytest.mark.points(2, hint="...")',
    ),
    "points without a number": (
        {"test_a": SOUND.replace("1.5, ", "")},
        IN_A + '7: test_a: mark points has 0 values for one; write pytest.mark.points(2, hint="...")',
    ),
    "a device that does not exist": (
        {"test_a": SOUND.replace("def test_a", '@pytest.mark.needs("gpu")\ndef test_a')},
        IN_A + "7: test_a: mark needs: nothing is called 'gpu'; there is: cuda",
    ),
    "a test that is to be skipped": (
        {"test_a": SOUND.replace("def test_a", '@pytest.mark.skip("later")\ndef test_a')},
        IN_A + "7: test_a: mark skip: a hidden test always counts",
    ),
    "a file that skips itself": (
        {"test_a": SOUND + 'pytest.importorskip("nowhere")\n'},
        "assignments/tiny/hidden/test_a.py skips itself (could not import 'nowhere': No module named 'nowhere')",
    ),
    "a fixture that does not exist": (
        {"test_a": SOUND.replace("(student)", "(studnet)")},
        IN_A + "7: test_a: no fixture 'studnet'; do you mean student? there is: student, rng, reference, ",
    ),
    "a fixture that does not exist, beside one that does": (
        {"test_a": HALF + WITH_FIXTURE.format("").replace("(sums)", "(sum)")},
        IN_A + "17: test_b: no fixture 'sum'; do you mean sums? there is: student, rng, reference, datasets, "
        "device, sums",
    ),
    "a fixture that lasts longer than student": (
        {"test_a": HALF + WITH_FIXTURE.format('(scope="module")')},
        IN_A + "17: test_b: fixture sums lasts for a module and asks for student, which is another one for every test",
    ),
    "a test that asks nothing of student": (
        {"test_a": SOUND.replace("(student)", "(rng)")},
        IN_A + "7: test_a does not ask for student, so that everybody passes or nobody",
    ),
    "a test whose name begins otherwise": (
        {"test_a": HALF + SECOND.replace("test_a", "tset_a")},
        IN_A + "13: tset_a is not collected; hidden tests are functions test_... of files test_*.py",
    ),
    "a file whose name begins otherwise": (
        {"test_a": HALF, "q3": HALF.replace("test_a", "test_b")},
        "assignments/tiny/hidden/q3.py, line 8: test_b is not collected",
    ),
    "tests in a class with another name": (
        {"test_a": SOUND + "\n\nclass Sums:\n    def test_b(self, student): ...\n"},
        IN_A + "13: test_b is not collected",
    ),
    "a coroutine": (
        {"test_a": SOUND.replace("def test_a", "async def test_a")},
        IN_A + "9: test_a: a hidden test is an ordinary function",
    ),
    "a verdict that is returned": (
        {"test_a": SOUND.replace("    close(", "    return (")},
        IN_A + "9: test_a: what a test returns is for nobody; judge with close, same or require",
    ),
    "a test that yields": ({"test_a": SOUND + "    yield 1\n"}, "'yield' keyword is allowed in fixtures, but not"),
    "a comparison that is dropped": (
        {"test_a": SOUND + "    student.running_sum([2.0])[0] == 2.0\n"},
        IN_A + "10: test_a: the comparison has no effect; judge with close, same or require",
    ),
    "a block that is not entered": (
        {"test_a": SOUND.replace("    close(", "    student.pure()\n    close(")},
        IN_A + "9: test_a: student.pure(...) has no effect by itself; write with student.pure(...):",
    ),
    "raises of pytest around the student": (
        {"test_a": SOUND.replace("    close(", "    with pytest.raises(ValueError):\n        close(")},
        IN_A + "9: test_a: an error of the student's code is not raised here; write with student.raises(...):",
    ),
    "an import that fails": (
        {"test_a": SOUND + "import nowhere"},
        IN_A + "10: ModuleNotFoundError: No module named 'nowhere'",
    ),
    "a name that does not exist": (
        {"test_a": SOUND + "LIMIT = nowhere\n"},
        IN_A + "10: NameError: name 'nowhere' is not defined",
    ),
    "an import that fails in a helper": (
        {
            "test_a": SOUND + "import sys\nsys.path.insert(0, __file__.rpartition('/')[0])\nimport aid",
            "aid": "import nowhere",
        },
        "assignments/tiny/hidden/test_a.py: ModuleNotFoundError: No module named 'nowhere' (aid.py, line 1)",
    ),
    "an import of what has moved": (
        {"test_a": SOUND + "from grader.compare import close"},
        "test_a.py: ModuleNotFoundError: No module named 'grader.compare'; hidden tests import from grader.testing",
    ),
    "no Python": ({"test_a": SOUND + "def f(:"}, IN_A + "10: SyntaxError: invalid syntax"),
    "indented otherwise": ({"test_a": SOUND + "  x = 1\n"}, IN_A + "10: IndentationError: unindent does not match"),
    "no Python in conftest.py": (
        {"test_a": SOUND, "conftest": "import pytest\ndef f(:"},
        "assignments/tiny/hidden/conftest.py, line 2: SyntaxError: invalid syntax",
    ),
    "an import that fails in conftest.py": (
        {"test_a": SOUND, "conftest": "import nowhere"},
        "assignments/tiny/hidden/conftest.py, line 1: ModuleNotFoundError: No module named 'nowhere'",
    ),
    "a parameter that a test does not take": (
        {"test_a": SOUND.replace("def test_a", '@pytest.mark.parametrize("n", [1])\ndef test_a')},
        "test_a.py: In assignments/tiny/hidden/test_a.py::test_a: function uses no argument 'n'",
    ),
    "tests in OK format": (
        {"test_a": SOUND, "q3": "OK_FORMAT = True\ntest = {'name': 'q3', 'suites': []}\n"},
        "assignments/tiny/hidden/q3.py, line 1: tests in OK format are not run here; hidden tests are functions",
    ),
    "tests in OK format, named as ours are": (
        {"test_a": SOUND, "test_b": "test = {'name': 'q3', 'suites': []}\n"},
        "assignments/tiny/hidden/test_b.py, line 1: tests in OK format are not run here",
    ),
    "a file that nothing uses": (
        {"test_a": SOUND, "sums": "def total(x):\n    return sum(x)\n"},
        "assignments/tiny/hidden/sums.py has no test, and no test imports it; hidden tests are functions test_...",
    ),
    "a file of another name": (
        {"test_a": HALF, "q3": HALF.replace("test_a", "test_b")},
        "assignments/tiny/hidden/q3.py, line 8: test_b is not collected; hidden tests are functions",
    ),
    "no tests": ({"test_a": "x = 1\n"}, "assignments/tiny/hidden holds no tests"),
    "no files": ({}, "assignments/tiny/hidden holds no tests"),
}  # fmt: skip


@pytest.mark.parametrize(("files", "says"), FAULTS.values(), ids=FAULTS)
def test_an_author_is_told_where_what_is_wrong(tmp_path, files, says):
    told = refused(tmp_path, **files)
    assert says in told and "\n" not in told


@pytest.mark.parametrize("command", [["grade", "tiny", "ada.ipynb"], ["regrade", "tiny"], ["audit", "tiny"]])
@pytest.mark.parametrize("fault", ["no Python", "an import that fails", "a name twice in one file"])
def test_every_command_says_it_in_the_same_line(tmp_path, monkeypatch, capsys, command, fault):
    files, says = FAULTS[fault]
    paths = course_of(tmp_path, **files)
    for file in (paths.starter("tiny"), paths.root / "ada.ipynb"):
        file.write_bytes(ipynb("x = 1"))
    monkeypatch.chdir(paths.root)
    assert main([*command, "--sandbox", "process"]) == 3
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    "fault",
    [
        *("no Python", "an import that fails", "a name twice in one file", "a misspelt mark of points"),
        *("a file of another name", "tests in OK format", "a file that nothing uses"),
    ],
)
def test_by_hand_it_is_one_line_too(tmp_path, fault):
    files, says = FAULTS[fault]
    paths = course_of(tmp_path, **files)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(paths.hidden_tests("tiny"))]
    options = ["--submission", str(paths.reference("tiny"))]
    done = subprocess.run([*command, *options], cwd=paths.root, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0 and says in done.stdout + done.stderr
    assert "INTERNALERROR" not in done.stdout and "Traceback" not in done.stdout


@pytest.mark.parametrize("choice", [["test_a.py"], ["", "-k", "test_a"]])
def test_by_hand_a_part_of_the_tests_is_not_held_against_the_rest(tmp_path, choice):
    paths = course_of(tmp_path, **FAULTS["a file of another name"][0])
    place, *options = choice
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(paths.hidden_tests("tiny") / place)]
    options += ["--submission", str(paths.reference("tiny"))]
    done = subprocess.run([*command, *options], cwd=paths.root, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "differs"),
    [("numbers_of_ours.py", True), ("expected/table.csv", True), ("expected/.table.csv.swp", False), ("t.csv~", False)],
)
def test_whatever_hidden_tests_may_read_is_part_of_their_digest(tmp_path, name, differs):
    paths = course_of(tmp_path, **SOUND_ONES["a helper of a helper, imported inside"])
    (paths.hidden_tests("tiny") / "expected").mkdir()
    hidden(paths, name, "THREE = 2\n")
    before = question_digests(paths, read_assignment(paths, "tiny"))
    hidden(paths, name, "THREE = 3\n")
    assert (question_digests(paths, read_assignment(paths, "tiny")) != before) is differs


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "no submission to examine; add --submission notebook.ipynb"),
        (["--submission", "gone.ipynb"], "--submission gone.ipynb: No such file or directory"),
        (["--submission", "printed.ipynb"], "--submission printed.ipynb: "),
    ],
)
def test_by_hand_a_submission_that_is_not_there_is_one_line_for_all_tests(tmp_path, options, says):
    paths = course_of(tmp_path, test_a=HALF, test_b=HALF.replace("test_a", "test_b"))
    (paths.root / "printed.ipynb").write_bytes(b"%PDF-1.7")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(paths.hidden_tests("tiny"))]
    done = subprocess.run([*command, *options], cwd=paths.root, capture_output=True, text=True, timeout=60, check=False)
    told = done.stdout + done.stderr
    assert (
        done.returncode == 4 and told.count(f"ERROR: {says}") == 1 and "Traceback" not in told and "test_a" not in told
    )
