"""A small assignment with one fault in its hidden tests is red with one finding, and its repaired twin is green."""

import json
import re
from decimal import Decimal

import pytest
from tiny import IN_PROCESSES, hidden, ipynb, small_course

from grader.authoring import variants
from grader.authoring.audit_words import sentence
from grader.authoring.causes import KINDS, Finding, Seen, findings
from grader.authoring.repeatability import unrepeatable
from grader.cli import main
from grader.course.config import read_assignment
from grader.examination.task import Task
from grader.execution.pool import Pool
from grader.schema import Status

HEAD = """\
import datetime, os, pathlib, random, time, uuid
import numpy as np
import pytest
from grader.testing import array, close, require, same

pytestmark = pytest.mark.question("q3")


@pytest.mark.points(0.75, hint="Add up what came before.")
def test_first(student, rng):
    numbers = rng.normal(size=4)
    close(student.running_sum(numbers), np.cumsum(numbers))


@pytest.mark.points(0.75, hint="Add up what came before.")
def test_second(student, rng, reference):
"""
WRONG = """\
# %% echo | fails: test_first, test_second | hint: Nothing is added.
def running_sum(x):
    return x
# %% total | fails: test_first, test_second | hint: That is the sum of all.
def running_sum(x):
    return np.sum(x)
"""
RIGHT = """\
# %% loop | why: the sums by hand
def running_sum(x):
    sums = []
    for number in x:
        sums.append((sums[-1] if sums else 0.0) + number)
    return np.array(sums)
# %% add | why: a ufunc's own
def running_sum(x):
    return np.add.accumulate(x)
"""


@pytest.fixture
def course(tmp_path, monkeypatch):
    """The small course with its question q3 alone, a starter, two wrong solutions and two right ones."""
    paths = small_course(tmp_path)
    for file in paths.hidden_tests("tiny").glob("*.py"):
        file.unlink()
    toml = paths.assignment_toml("tiny")
    head, *_, last = toml.read_text().split("[[question]]")
    toml.write_text(f"{head}[[question]]{last}")
    paths.starter("tiny").write_bytes(ipynb("def running_sum(x):\n    raise NotImplementedError"))
    for folder, text in ((paths.wrong("tiny"), WRONG), (paths.right("tiny"), RIGHT)):
        folder.mkdir(parents=True)
        (folder / "q3.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    return paths


@pytest.fixture
def audit(course, capsys):
    """A function from the body of test_second to (exit code, findings as pairs, the whole document)."""

    def audited(body, head=HEAD):
        hidden(course, "test_q3.py", head + indented(body))
        code = main(["audit", "tiny", "--quick", "--seeds", "2", "--sandbox", "process", "--json", "--workers", "2"])
        said = json.loads(capsys.readouterr().out)
        return code, [(row["about"], row["says"]) for row in said["findings"]], said

    return audited


def indented(body):
    return "".join(f"    {line}\n" for line in body.splitlines())


JUDGED = "close(student.running_sum(numbers), np.cumsum(numbers))"
SOUND = f"numbers = rng.normal(size=5)\n{JUDGED}"
SEEDLESS = "it draws without a seed, or uses an id() or a uuid; draw from the rng fixture"
OF_A_SET = "it depends on the order of a set, or on hash(); sort it"
CLOCK = "it depends on the clock"
ELSEWHERE = "it depends on the environment or on the working folder"
UNREPEATABLE = {  # name -> (what makes the numbers that are asked for, what it depends on)
    "numpy": ("np.random.normal(size=5)", SEEDLESS),
    "default_rng": ("np.random.default_rng().normal(size=5)", SEEDLESS),
    "random": ("np.array([random.random() for _ in range(5)])", SEEDLESS),
    "torch": ("torch.rand(5).numpy()", SEEDLESS),
    "uuid": ("np.array([uuid.uuid4().int % 1000 / 8, 2.0])", SEEDLESS),
    "id": ("np.array([id(object()) / 2**40, 2.0])", SEEDLESS),
    "time": ("np.array([time.time() / 1e9, 2.0])", SEEDLESS),
    "year": ("np.array([datetime.datetime.now().year / 2, 2.0])", CLOCK),
    "today": ("np.array([datetime.date.today().year / 2, 2.0])", CLOCK),
    "localtime": ("np.array([time.localtime().tm_year / 2, 2.0])", CLOCK),
    "set": ("np.array([len(name) for name in {'relu', 'tanhs', 'sigmoid', 'e'}])", OF_A_SET),
    "hash": ("np.array([hash('relu') / 2**40, 2.0])", OF_A_SET),
    "environment": ("np.array([len(os.environ['HOME']) / 2, 2.0])", ELSEWHERE),
    "ci": ("np.arange(4.0 + ('CI' in os.environ))", ELSEWHERE),
    "folder": ("np.array([len(os.getcwd()) / 2, 2.0])", ELSEWHERE),
    "left_behind": ("np.arange(3.0) + len(LEFT)", "it depends on what tests before it left behind"),
}  # fmt: skip
LEAVES = {"leaves": "(LEFT.append(1), rng.normal(size=5))[1]"}
REPEATABLE = {
    "rng": "rng.normal(size=5)",
    "seeded_global": "(np.random.seed(int(rng.integers(99))), np.random.normal(size=5))[1]",
    "seeded_torch": "(torch.manual_seed(3), torch.rand(5).numpy())[1]",
    "own_seed": "np.random.default_rng(7).normal(size=5)",
    "sorted_set": "np.array([len(name) / 2 for name in sorted({'relu', 'tanh', 'sigmoid', 'gelu', 'elu'})])",
    "setting_of_a_library": "np.arange(3.0 + len(os.environ['MKL_CBWR']))",
    "idle_clock": "np.arange(5.0) * (time.time() > 0)",
}


def asking(numbers):
    """Tests that ask for these numbers, by name; the points of q3 are shared out to them."""
    worth = f"@pytest.mark.points({Decimal('1.5') / len(numbers)})"
    tests = (
        f"{worth}\ndef test_{name}(student, rng):\n    numbers = {made}\n    {JUDGED}" for name, made in numbers.items()
    )
    return "\n\n\n".join([HEAD.partition("\n\n\n")[0] + "\nimport torch\nLEFT = []", *tests, ""])


def test_what_asks_otherwise_when_it_judges_again_is_found_with_its_cause_and_nothing_else_is(course, monkeypatch):
    monkeypatch.setenv("MKL_CBWR", "COMPATIBLE")  # which sums a library forms is no matter of a hidden test
    numbers = LEAVES | {name: made for name, (made, _) in UNREPEATABLE.items()} | REPEATABLE
    more = {f"other_{number}": "rng.normal(size=2)" for number in range(25 - len(numbers))}  # for points without a rest
    said = judged_again(course, asking(numbers | more))
    other = "asks other inputs when the same answers are judged again"
    assert said == {f"test_{name}": f"{other}: {cause}" for name, (_, cause) in UNREPEATABLE.items()}


def judged_again(course, text):
    """What is found when the reference's answers to these tests are judged again."""
    hidden(course, "test_q3.py", text)
    made = variants.reference(course, read_assignment(course, "tiny"))
    with Pool(course, "tiny", IN_PROCESSES) as pool:
        [(task, examined)] = pool.run(iter([Task(made.submission, "5eed", ("q3",))]))
    assert examined.status is Status.GRADED, examined.fault
    return dict(unrepeatable(course, task, examined, workers=2))


def test_what_judges_otherwise_the_next_time_is_found_with_its_cause(course, monkeypatch):
    monkeypatch.setenv("COURSE_SIZE", "5")
    text = HEAD + f"    numbers = rng.normal(size=int(os.environ['COURSE_SIZE']))\n    {JUDGED}\n"
    text = text.replace("close(", "began = time.perf_counter()\n    close(", 1)
    text = text.replace(
        "np.cumsum(numbers))", "np.cumsum(numbers))\n    require(time.perf_counter() - began < 60, 'slow')", 1
    )
    said = judged_again(course, text)
    assert said.pop("test_first") == f"passes once and fails once (slow): {CLOCK}"
    assert said.pop("test_second").startswith(
        "judges once and fails by itself once (the hidden test itself failed: KeyError: 'COURSE_SIZE' (test_q3.py, line"
    )
    assert said == {}


def test_what_can_be_collected_in_this_folder_only_is_found(course):
    (course.root / "numbers.txt").write_text("1 2 3")
    head = HEAD.replace("pytestmark", "N = pathlib.Path('numbers.txt').read_text()\npytestmark", 1)
    said = judged_again(course, head + indented(SOUND))
    assert list(said) == ["the hidden tests"]
    assert said["the hidden tests"].startswith("cannot be collected in another environment or folder: ")
    assert "test_q3.py, line 6: FileNotFoundError" in said["the hidden tests"]


def test_an_audit_judges_again_and_its_twin_is_green(audit):
    code, found, _ = audit(f"numbers = np.random.normal(size=5)\n{JUDGED}")
    assert (
        found == [("test_second", f"asks other inputs when the same answers are judged again: {SEEDLESS}")]
        and code == 1
    )
    code, found, said = audit(SOUND)
    assert found == [] and code == 0 and said["green"]


# ----------------------------------------------------------------------------------------------- one cause, one finding


def test_a_test_that_fails_by_itself_is_one_finding_whoever_meets_it(audit):
    code, [(about, says)], said = audit(f"{SOUND}\nnumbers + None")
    assert code == 1 and about == "test_second"
    assert says.startswith(
        "fails by itself: TypeError: unsupported operand type(s) for +: 'float' and 'NoneType' (test_q3"
    )
    [finding] = said["findings"]
    assert {"reference", "q3-loop", "q3-add"} <= set(finding["submissions"])  # the others lose it before


def test_one_line_of_a_test_that_trips_over_many_answers_is_one_finding(audit):
    code, found, said = audit(
        "answer = student.running_sum(rng.normal(size=5))\nrequire(answer[0] < answer.sum() + 99, 'no')"
    )
    assert code == 1 and {about for about, _ in found} == {"test_second"}
    broken = [finding for finding in said["findings"] if finding["says"].startswith("fails by itself")]
    places = [re.search(r"\((test_q3.py, line \d+)\)", finding["says"])[1] for finding in broken]
    assert len(places) == 1 and len(broken[0]["submissions"]) > 7


def test_a_check_that_tests_nothing_is_one_finding(audit):
    code, found, said = audit("student.running_sum([1.0])")
    assert found == [("test_second", "is passed by what must fail it")] and code == 1
    assert {"nan", "q3-echo", "q3-total"} <= set(said["findings"][0]["submissions"])


def test_a_check_that_what_is_right_loses_is_one_finding(audit):
    code, found, said = audit(f"numbers = rng.normal(size=5)\n{JUDGED[:-1]} + 1)")
    [(about, says)] = found
    assert code == 1 and about == "test_second"
    assert says.startswith("what is right loses it (failed: result ")
    assert {"reference", "q3-loop", "q3-add"} <= set(said["findings"][0]["submissions"])


def test_a_known_solution_whose_cell_stops_is_found_though_what_stands_before_it_passes(audit, course):
    file = course.right("tiny") / "q3.py"
    file.write_text(f"{RIGHT}# %% names | why: with a module that is not imported\nfrom nowhere import sums\n")
    code, found, _ = audit(SOUND)
    assert code == 1 and [about for about, _ in found] == ["q3-names"] and "nowhere" in found[0][1]
    file.write_text(f"{RIGHT}# %% named | why: a default that is not defined\ndef running_sum(x, start=zero): ...\n")
    code, [(about, says)], _ = audit(SOUND)
    assert code == 1 and about == "q3-named" and "raised NameError: name 'zero' is not defined; " in says


def test_a_finding_is_one_line_with_an_example_or_two():
    many = Finding("test_a", "fails by itself", ("reference", "starter", "q1-x"))
    assert sentence(many) == "test_a: fails by itself (3 submissions, reference and starter among them)"
    assert sentence(Finding("test_a", "fails by itself", ("x", "y"))) == "test_a: fails by itself (x and y)"
    assert sentence(Finding("x", "loses test_a (failed)")) == "x: loses test_a (failed)"


def test_what_several_submissions_lose_is_the_checks_and_what_one_loses_is_its_own():
    rows = [("test_a", "x"), ("test_a", "y"), ("test_b", "x"), ("test_c", "z"), ("test_d", "z")]
    said = findings([Seen("loses", check, submission, "failed: no") for check, submission in rows])
    assert said == [
        Finding("test_a", "what is right loses it (failed: no)", ("x", "y")),
        Finding("x", "loses test_b (failed: no)"),
        Finding("z", "loses test_c (failed: no), test_d (failed: no)"),
    ]


def test_every_kind_of_what_is_seen_becomes_a_finding():
    for kind in KINDS:
        [found] = findings(
            [Seen(kind, "test_a", "x", "why"), Seen(kind, "test_a", "x", "why")][: 1 + (kind != "harmless")]
        )
        assert "test_a" in sentence(found) or "x" in sentence(found), kind


# ------------------------------------------------------------------------------------------------ what students read

MUTE = (
    "can fail without a word to the student, who never sees what an assertion or pytest.fail says; "
    "use require(condition, text)"
)


@pytest.mark.parametrize(
    ("mute", "repaired"),
    [
        pytest.param(
            "assert np.allclose(sums, np.cumsum(numbers))",
            "require(np.allclose(sums, np.cumsum(numbers)), 'not the sums')",
            marks=pytest.mark.long,
        ),
        (
            "assert np.allclose(sums, np.cumsum(numbers)), f'not {np.cumsum(numbers)}'",
            "close(sums, np.cumsum(numbers))",
        ),
        pytest.param(
            "np.allclose(sums, np.cumsum(numbers)) or pytest.fail(f'{numbers}')",
            "close(sums, np.cumsum(numbers))",
            marks=pytest.mark.long,
        ),
    ],
)
def test_an_assertion_shows_nothing_and_is_a_finding(audit, mute, repaired):
    before = "numbers = rng.normal(size=5)\nsums = array(student.running_sum(numbers), shape=5)\n"
    code, found, said = audit(before + mute)
    assert found == [("test_second", MUTE)] and code == 1
    assert "q3-echo" in said["findings"][0]["submissions"]
    code, found, _ = audit(before + repaired)
    assert found == [] and code == 0


def test_an_assertion_that_nothing_known_fails_is_found_too(audit):
    code, found, said = audit(f"{SOUND}\nassert numbers.ndim == 1")
    assert found == [("test_second", MUTE)] and said["findings"][0]["submissions"] == [] and code == 1


# ------------------------------------------------------------------------------------------------ plausible faults

FAULTS = {  # name -> (body, what is said, who is among those concerned); all in one audit
    "misspelt": ("close(student.runing_sum([1.0]), np.ones(1))",
                 "what is right loses it (missing: looked for runing_sum; your notebook does", "reference"),
    "asks_itself": ("close(reference.running_sum(np.ones(2)), np.cumsum(np.ones(2)))",
                    "is passed by what must fail it", "starter"),
    "swallows": (f"try:\n    {JUDGED.replace('numbers', 'np.ones(3)')}\nexcept Exception:\n    pass",
                 "is passed by what must fail it", "nothing"),
    "other_way_round": ("close(np.cumsum(np.ones(3)), student.running_sum(np.ones(3)))",
                        "fails by itself: result: ", "nan"),
    "expects_nan": ("close(student.running_sum(np.ones(2)), np.full(2, np.nan))",
                    "fails by itself: result: the expected value holds NaN, which no answer equals", "reference"),
    "sends_an_object": ("student.running_sum(object())",
                         "fails by itself: test_sends_an_object: a test sends what cannot be sent", "reference"),
    "without_text": ("answer = array(student.running_sum(np.ones(3)), shape=3)\nrequire(answer[2] == 3)",
                     "fails by itself: TypeError: require() missing 1 required positional", "reference"),
    "tells": ("numbers = rng.normal(size=3)\nsums = array(student.running_sum(numbers), shape=3)\n"
              "require(np.allclose(sums, np.cumsum(numbers)), f'expected {np.cumsum(numbers)}')",
              "shows the student numbers, of the hidden inputs or of what is expected: 'expected [", "q3-echo"),
    "insists": ("answer = student.running_sum(np.ones(3))\nrequire(answer.flags.owndata and answer.sum() == 6, 'no')",
                "fails by itself: ", "nan"),
    "not_called": ("close(student.running_sum, np.ones(1))",
                   "fails by itself: result: student.running_sum is a name, not a value: call it", "reference"),
    "method": ("close(student.Counter().step, 1.0)",
               "student.Counter().step is a method or function that was not called; call it", "reference"),
    "sound_too": (SOUND, "", ""),
    "sound": ("print('numbers')\nnp.log(np.zeros(1))\nrequire(callable(student.Counter().step), 'no')\n"
              + SOUND, "", ""),
}  # fmt: skip


def test_plausible_faults_are_said_so_that_an_author_knows_what_to_do(audit, course):
    worth = f"@pytest.mark.points({Decimal('1.5') / len(FAULTS)})"
    tests = [
        f"{worth}\ndef test_{name}(student, rng, reference):\n{indented(body)}" for name, (body, _, _) in FAULTS.items()
    ]
    (course.wrong("tiny") / "q3.py").write_text(WRONG.replace("test_first, test_second", "test_sound"))
    _, found, said = audit("", "\n\n\n".join([HEAD.partition("\n\n\n")[0], *tests]))
    for name, (_, says, who) in FAULTS.items():
        mine = [row for row in said["findings"] if row["about"] == f"test_{name}"]
        matching = [row for row in mine if says and row["says"].startswith(says) and who in row["submissions"]]
        assert len(matching) == bool(says), (name, mine)
        assert name != "method" or [row["says"] for row in mine if "step" not in row["says"]] == []
    assert "test_sound" not in dict(found)


def test_a_check_that_no_wrong_solution_fails_may_test_nothing(audit, course):
    (course.wrong("tiny") / "q3.py").write_text(
        WRONG.replace("test_first, test_second", "test_first").split("# %% total")[0]
    )
    shape = "array(student.running_sum(rng.normal(size=5)), shape=5)"
    code, found, _ = audit(shape)
    assert found == [("test_second", "no wrong solution of q3 fails it")] and code == 1
