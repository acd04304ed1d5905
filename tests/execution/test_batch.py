"""What is run, what is not run again, and what is left when something is killed: pool, batch and record together."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from tiny import IN_PROCESSES, RIGHT, attempts, small_course, submission

from grader.course.config import read_assignment
from grader.course.scheme import plain
from grader.errors import AuthoringError, MachineryError
from grader.execution import batch
from grader.execution.pool import Pool
from grader.execution.spec import PoolSpec
from grader.record.store import Store
from grader.schema import Outcome, Status, Submission

NEARLY = (*RIGHT, "def running_sum(x):\n    return 1.01 * np.cumsum(x)")
NOTHING = ("x = 1",)
CLASS = {"ada": RIGHT, "bob": NEARLY, "cy": NOTHING}


@pytest.fixture
def paths(tmp_path):
    return small_course(tmp_path)


def class_of(**students):
    return [submission(student, *sources) for student, sources in students.items()]


def batch_of(paths, store, **options):
    assignment = read_assignment(paths, "tiny")
    run = store.begin_run("tiny", "test")
    return batch.Batch(
        store, assignment, batch.question_digests(paths, assignment), batch.course_secret(paths), run, **options
    )


def graded(paths, submissions, spec=IN_PROCESSES, **options):
    """Grade in a pool of its own; the rows by student."""
    options.setdefault("old", batch.OldDigests(paths, read_assignment(paths, "tiny")))
    with Pool(paths, "tiny", spec) as pool, Store.open(paths.record) as store:
        for submission in submissions:
            store.add_submission(submission)
        rows = list(batch_of(paths, store, **options).grade(pool, submissions))
    assert len({row.submission.student for row in rows}) == len(rows)
    return {row.submission.student: row for row in rows}


def regraded(paths, spec=IN_PROCESSES):
    """Judge again; student -> (attempt before, row after)."""
    with Pool(paths, "tiny", spec) as pool, Store.open(paths.record) as store:
        return {before.student: (before, after) for before, after in batch_of(paths, store).regrade(pool)}


def points(rows):
    return {student: float(row.attempt.points) for student, row in rows.items()}


def edit(file, old, new):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


# ------------------------------------------------------------------------------------------------ not run again


def test_grading_twice_runs_nothing_twice(paths):
    first = graded(paths, class_of(**CLASS))
    assert points(first) == {"ada": 8.5, "bob": 7, "cy": 0}
    assert all(row.asked_live > 0 and not row.again for row in first.values())
    again = graded(paths, class_of(**CLASS))
    assert all(row.asked_live == 0 and row.again for row in again.values())
    assert {student: row.attempt for student, row in again.items()} == {
        student: row.attempt for student, row in first.items()
    }
    assert attempts(paths) == dict.fromkeys(CLASS, 1)


def test_only_the_question_whose_tests_changed_is_examined_again(paths):
    before = graded(paths, class_of(**CLASS))
    edit(paths.hidden_tests("tiny") / "test_q3.py", "rtol=1e-3", "rtol=1e-1")
    after = graded(paths, class_of(**CLASS))
    assert points(after) == {"ada": 8.5, "bob": 8.5, "cy": 0}
    for student, row in after.items():
        for question in ("q1", "q2"):  # the very same results, to the time they took
            assert row.attempt.of_question(question) == before[student].attempt.of_question(question)
        assert row.asked_live == 2  # the notebook's cells, and one call
    with Store.open(paths.record, read_only=True) as store:
        assert set(store.transcripts(store.current_attempt("ada", "tiny").id)) == {"q1", "q2", "q3"}
    assert all(row.again for row in graded(paths, class_of(**CLASS)).values())


@pytest.mark.parametrize(
    ("file", "old", "new", "anew"),
    [
        pytest.param("solutions/tiny/tiny.py", "import numpy", "import math\nimport numpy", True, id="reference"),
        pytest.param("assignments/tiny/assignment.toml", "call_s = 10", "call_s = 11", True, id="limits"),
        pytest.param("assignments/tiny/assignment.toml", "Softmax", "Soft maximum", False, id="a title"),
        pytest.param("course.toml", "Small course", "Another name", False, id="the course's name"),
    ],
)
def test_what_decides_results_has_them_made_anew_and_words_do_not(paths, file, old, new, anew):
    graded(paths, class_of(ada=RIGHT))
    edit(paths.root / file, old, new)
    [row] = graded(paths, class_of(ada=RIGHT)).values()
    assert row.again is not anew and attempts(paths) == {"ada": 2 if anew else 1}


@pytest.mark.parametrize("again", [graded, None], ids=["grade", "regrade"])
def test_other_points_are_given_from_the_evidence_and_no_student_code_runs(paths, again):
    first = graded(paths, class_of(**CLASS))
    edit(paths.assignment_toml("tiny"), "points = 4", "points = 10")  # over shares of 2.5 and 1.5
    if again:
        rows = graded(paths, class_of(**CLASS))
    else:
        nowhere = PoolSpec(image="grader-tests:nowhere", from_evidence=True)  # no sandbox at all
        rows = {student: row for student, (_, row) in regraded(paths, nowhere).items()}
    assert points(rows) == {"ada": 14.5, "bob": 13, "cy": 0}
    assert all(row.asked_live == 0 and row.attempt.status is Status.GRADED for row in rows.values())
    worth = {check.name: check.max_points for check in rows["ada"].attempt.of_question("q1")}
    assert worth == {"test_rows_add_up": Decimal("6.25"), "test_large_logits": Decimal("3.75")}
    assert attempts(paths) == dict.fromkeys(CLASS, 2)
    edit(paths.assignment_toml("tiny"), "points = 10", "points = 4")  # and back: what was found then is found again
    rows = graded(paths, class_of(**CLASS))
    assert all(row.again for row in rows.values())
    assert {who: row.attempt.results for who, row in rows.items()} == {
        who: row.attempt.results for who, row in first.items()
    }


def test_other_points_and_another_limit_run_the_code_again(paths):
    graded(paths, class_of(ada=RIGHT))
    edit(paths.assignment_toml("tiny"), "points = 4", "points = 10")
    edit(paths.assignment_toml("tiny"), "call_s = 10", "call_s = 11")
    [row] = graded(paths, class_of(ada=RIGHT)).values()
    assert row.asked_live > 0 and row.attempt.points == Decimal("14.5")


def test_thirds_of_points_lose_nothing_on_the_way_through_the_record(paths):
    third = "@pytest.mark.points(1)\ndef test_{name}(student):\n    assert student.number() >= {least}\n\n"
    head = 'import pytest\n\npytestmark = pytest.mark.question("q1")\n\n'
    (paths.hidden_tests("tiny") / "test_q1.py").write_text(
        head + "".join(third.format(name=f"at_least_{least}", least=least) for least in (1, 2, 3))
    )
    edit(paths.assignment_toml("tiny"), "points = 4", "points = 10")
    rows = graded(paths, class_of(ada=["def number():\n    return 3"], bob=["def number():\n    return 2"]))
    with Store.open(paths.record, read_only=True) as store:
        read = {who: stored.attempt for who, stored in store.current_attempts("tiny").items()}
    assert {who: row.attempt.results for who, row in rows.items()} == {who: each.results for who, each in read.items()}
    assert read["ada"].points == 10 and plain(read["ada"].points) == "10"
    assert read["bob"].points == Fraction(20, 3) and plain(read["bob"].points) == "6.67"


def test_a_known_mistake_that_was_reworded_has_its_question_judged_anew_and_no_other(paths):
    wrong = paths.wrong("tiny") / "q3.py"
    wrong.parent.mkdir()
    wrong.write_text("# %% backwards | fails: test_running_sum | hint: Begin at the front.\n")
    before = graded(paths, class_of(ada=RIGHT))["ada"].attempt
    edit(wrong, "at the front", "with the first number")
    row = graded(paths, class_of(ada=RIGHT))["ada"]
    assert not row.again and row.asked_live == 2  # the notebook's cells, and one call
    assert row.attempt.of_question("q1") == before.of_question("q1")  # the very same, to the time they took
    assert row.attempt.of_question("q3") != before.of_question("q3")


def test_a_file_beside_the_hidden_tests_is_part_of_them(paths):
    graded(paths, class_of(ada=RIGHT))
    (paths.hidden_tests("tiny") / "conftest.py").write_text("x = 1\n")
    [row] = graded(paths, class_of(ada=RIGHT)).values()
    assert not row.again


def test_a_new_secret_means_new_inputs(paths):
    graded(paths, class_of(ada=RIGHT))
    paths.secret.write_text("another\n")
    [row] = graded(paths, class_of(ada=RIGHT)).values()
    assert not row.again and row.attempt.points == Decimal("8.5")


def test_a_secret_is_made_once_and_is_its_owners(paths):
    secret = batch.course_secret(paths)
    assert batch.course_secret(paths) == secret and len(secret) == 64
    assert paths.secret.stat().st_mode & 0o777 == 0o600
    ada, eve = submission("ada", *RIGHT), submission("eve", *RIGHT)
    assert batch.seed_for(secret, ada) == batch.seed_for(secret, eve) != batch.seed_for(b"other", ada)
    assert batch.seed_for(secret, ada) != batch.seed_for(secret, submission("ada", *NOTHING))


def test_equal_work_of_two_students_is_examined_once(paths):
    rows = graded(paths, class_of(ada=RIGHT, eve=RIGHT, bob=NOTHING, fay=RIGHT))
    assert [rows[student].again for student in ("ada", "bob", "eve", "fay")] == [False, False, True, True]
    assert rows["ada"].attempt.results == rows["eve"].attempt.results == rows["fay"].attempt.results
    later = graded(paths, class_of(zoe=RIGHT))
    assert later["zoe"].again and later["zoe"].attempt.points == Decimal("8.5")
    assert attempts(paths) == dict.fromkeys(("ada", "bob", "eve", "fay", "zoe"), 1)


def test_force_runs_everything_again_also_equal_work(paths):
    graded(paths, class_of(ada=RIGHT, eve=RIGHT))
    rows = graded(paths, class_of(ada=RIGHT, eve=RIGHT), force=True)
    assert all(row.asked_live > 0 and not row.again for row in rows.values())
    assert attempts(paths) == {"ada": 2, "eve": 2}


def test_what_is_no_notebook_has_a_row_with_the_reason_and_is_read_once(paths):
    printed = Submission("ada", "tiny", "tiny.ipynb", b"%PDF-1.7")
    [row] = graded(paths, [printed]).values()
    assert row.attempt.status is Status.UNREADABLE and "PDF" in row.attempt.notices[0]
    assert row.attempt.points == 0 and row.asked_live == 0
    [row] = graded(paths, [printed]).values()
    assert row.again and attempts(paths) == {"ada": 1}
    [row] = graded(paths, class_of(ada=RIGHT)).values()  # the notebook itself, handed in later
    assert row.attempt.points == Decimal("8.5")


def test_work_that_was_handed_in_before_counts_again_when_it_comes_back(paths):
    graded(paths, class_of(ada=RIGHT))
    graded(paths, class_of(ada=NOTHING))
    [row] = graded(paths, class_of(ada=RIGHT)).values()
    assert row.again and row.attempt.points == Decimal("8.5") and attempts(paths) == {"ada": 2}


def test_results_of_another_device_do_not_count_and_a_gpu_that_is_not_there_is_no_zero(paths):
    described = paths.assignment_toml("tiny")
    described.write_text(described.read_text().replace('["numpy"]', '["numpy", "torch"]'))  # nothing else has a device
    graded(paths, class_of(ada=RIGHT))
    [row] = graded(paths, class_of(ada=RIGHT), device="cuda").values()
    assert row.attempt.status is Status.DEFERRED and "the sandbox cannot run a notebook" in row.fault
    [row] = graded(paths, class_of(ada=RIGHT)).values()
    assert row.again and row.attempt.evidence.device == "cpu" and row.attempt.points == Decimal("8.5")


def test_what_somebody_has_pytest_do_by_hand_changes_no_mark(paths, monkeypatch):
    monkeypatch.setenv("PYTEST_ADDOPTS", "-v --maxfail=1 -k nothing --no-such-option")
    monkeypatch.setenv("PYTEST_PLUGINS", "no_such_plugin")
    assert points(graded(paths, class_of(bob=NEARLY, cy=NOTHING, ada=RIGHT))) == {"ada": 8.5, "bob": 7, "cy": 0}


@pytest.mark.docker
def test_another_image_means_another_grading_and_the_first_one_is_remembered(paths):
    other = "grader-tests:other"
    text = f"FROM grader:latest\nLABEL made={time.time_ns()}\n"
    subprocess.run(["docker", "build", "-q", "-t", other, "-"], input=text, text=True, check=True, capture_output=True)
    try:
        rows = [
            graded(paths, class_of(ada=RIGHT), PoolSpec(image=image))["ada"]
            for image in (other, "grader:latest", other)
        ]
    finally:
        subprocess.run(["docker", "rmi", "-f", other], check=True, capture_output=True)
    assert [row.again for row in rows] == [False, False, True]
    assert rows[0].attempt.evidence.image != rows[1].attempt.evidence.image


# ------------------------------------------------------------------------------------------------ faults of ours


def test_a_hidden_test_that_raises_defers_and_is_not_tried_again(paths):
    edit(paths.hidden_tests("tiny") / "test_q3.py", "numbers = rng", "None + 1\n    numbers = rng")
    [row] = graded(paths, class_of(ada=RIGHT)).values()
    assert row.attempt.status is Status.DEFERRED and "test_running_sum" in row.fault
    assert attempts(paths) == {"ada": 1}
    edit(paths.hidden_tests("tiny") / "test_q3.py", "None + 1\n    ", "")
    [row] = graded(paths, class_of(ada=RIGHT)).values()
    assert row.attempt.status is Status.GRADED and row.attempt.points == Decimal("8.5")


def test_a_gpu_of_a_machine_that_has_none_is_refused_without_a_container_too(paths, monkeypatch, tmp_path):
    """Its submissions ran on the processor, and the record said cuda."""
    monkeypatch.setattr("grader.sandbox.container_gpu.DRIVER", tmp_path / "none")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MachineryError, match="no NVIDIA driver on this machine"):
        Pool(paths, "tiny", PoolSpec(kind="process", gpus=("0",)))


SLOW = (*RIGHT, "import time\ntime.sleep(0.8)")


def workers_of(pool):
    """The process ids of a pool's workers."""
    return [int(pid) for pid in Path(f"/proc/{pool.host}/task/{pool.host}/children").read_text().split()]


def test_a_worker_that_is_killed_costs_its_task_a_second_try_and_nothing_else(paths):
    slow = [submission(student, *SLOW, f"name = {student!r}") for student in ("ada", "bob", "cy")]
    with Pool(paths, "tiny", PoolSpec(kind="process", gpus=(None, None))) as pool, Store.open(paths.record) as store:
        workers = workers_of(pool)
        assert len(workers) == 2
        threading.Timer(0.4, os.kill, (workers[0], signal.SIGKILL)).start()
        rows = list(batch_of(paths, store).grade(pool, slow))
        assert {row.submission.student: row.attempt.status for row in rows} == dict.fromkeys(
            ("ada", "bob", "cy"), Status.GRADED
        )
        assert all(row.attempt.points == Decimal("8.5") for row in rows)
        history = [stored.attempt for student in ("ada", "bob", "cy") for stored in store.history(student, "tiny")]
    deferred = [attempt for attempt in history if attempt.status is Status.DEFERRED]
    assert len(history) == 4 and len(deferred) == 1
    assert deferred[0].notices == ("deferred: the worker process ended",) and deferred[0].results == ()


def test_another_worker_takes_the_place_of_the_only_one(paths):
    slow = class_of(ada=SLOW, bob=(*SLOW, "x = 2"))
    with Pool(paths, "tiny", IN_PROCESSES) as pool, Store.open(paths.record) as store:
        [killed] = workers_of(pool)
        threading.Timer(0.3, os.kill, (killed, signal.SIGKILL)).start()
        rows = {row.submission.student: row for row in batch_of(paths, store).grade(pool, slow)}
        [another] = workers_of(pool)
    assert points(rows) == {"ada": 8.5, "bob": 8.5} and another != killed
    assert attempts(paths) == {"ada": 2, "bob": 1}


def test_when_worker_after_worker_is_killed_the_operator_hears_it_and_the_same_command_goes_on(paths):
    def kill_all() -> None:
        while not enough.wait(0.05):
            for worker in workers_of(pool):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker, signal.SIGKILL)

    slow, enough = class_of(ada=SLOW, bob=(*SLOW, "x = 2")), threading.Event()
    with Pool(paths, "tiny", IN_PROCESSES) as pool, Store.open(paths.record) as store:
        killer = threading.Thread(target=kill_all)
        killer.start()
        with pytest.raises(MachineryError, match="every worker process ended"):
            list(batch_of(paths, store).grade(pool, slow))
        enough.set()
        killer.join()
    assert points(graded(paths, slow)) == {"ada": 8.5, "bob": 8.5}


def test_a_pool_that_cannot_be_had_says_why(paths):
    with pytest.raises(MachineryError, match="no grading image 'grader-tests:nowhere'|Docker is not running"):
        Pool(paths, "tiny", PoolSpec(image="grader-tests:nowhere"))
    for file in paths.hidden_tests("tiny").glob("*.py"):
        file.unlink()
    with pytest.raises(AuthoringError, match="holds no test with a question mark"):
        batch.question_digests(paths, read_assignment(paths, "tiny"))


# ------------------------------------------------------------------------------------------------ regrading


def test_a_loosened_tolerance_is_judged_from_transcripts_alone(paths):
    graded(paths, class_of(**CLASS))
    edit(paths.hidden_tests("tiny") / "test_q3.py", "rtol=1e-3", "rtol=1e-1")
    nowhere = PoolSpec(image="grader-tests:nowhere", from_evidence=True)  # no sandbox at all
    pairs = regraded(paths, nowhere)
    assert {
        student: (float(before.points), float(after.attempt.points)) for student, (before, after) in pairs.items()
    } == {
        "ada": (8.5, 8.5),
        "bob": (7, 8.5),
        "cy": (0, 0),
    }
    for before, after in pairs.values():
        assert after.asked_live == 0 and not after.fault
        assert after.attempt.evidence.image == before.evidence.image and after.attempt.usage == before.usage
    unchanged = regraded(paths, nowhere)  # and once more: nothing changes, nothing is recorded
    assert all(before.points == after.attempt.points for before, after in unchanged.values())
    assert attempts(paths)["bob"] == 2
    assert all(row.again for row in graded(paths, class_of(**CLASS)).values())  # what was judged again counts as graded


@pytest.mark.parametrize(
    ("file", "old", "new", "changed"),
    [
        pytest.param("hidden/test_q3.py", "rtol=1e-3", "rtol=1e-1", {"q3"}, id="a test"),
        pytest.param("assignment.toml", "points = 3", "points = 6", {"q2"}, id="points"),
        pytest.param("assignment.toml", "call_s = 10", "call_s = 11", {"q1", "q2", "q3"}, id="limits of all"),
        pytest.param("assignment.toml", "Softmax", "Soft maximum", set(), id="words"),
    ],
)
def test_what_has_changed_is_judged_again_and_the_rest_stands(paths, file, old, new, changed):
    first = graded(paths, class_of(ada=NEARLY))["ada"].attempt
    edit(paths.assignment("tiny") / file, old, new)
    nowhere = PoolSpec(image="grader-tests:nowhere", from_evidence=True)
    with Pool(paths, "tiny", nowhere) as pool, Store.open(paths.record) as store:
        again = batch_of(paths, store, old=batch.OldDigests(paths, read_assignment(paths, "tiny")))
        assert set(again.changed(first)) == changed
        pairs = list(again.regrade(pool, questions={"ada": again.changed(first)}))
        assert len(pairs) == bool(changed)
        stored = store.current_attempt("ada", "tiny")
        assert store.transcripts(stored.id).keys() == {"q1", "q2", "q3"}
        assert again.changed(stored.attempt) == ()
    for question in {"q1", "q2", "q3"} - changed:
        assert stored.attempt.of_question(question) == first.of_question(question)  # to the time it took
    [row] = graded(paths, class_of(ada=NEARLY)).values()
    assert row.again and row.attempt == stored.attempt


def test_a_new_call_runs_what_is_needed_for_it_and_no_more(paths):
    graded(paths, class_of(**CLASS))
    edit(
        paths.hidden_tests("tiny") / "test_q3.py",
        "np.cumsum(numbers), rtol=1e-3)\n",
        "np.cumsum(numbers), rtol=1e-3)\n    close(student.running_sum(np.ones(2)), np.array([1.0, 2]))\n",
    )
    pairs = regraded(paths)
    # ada's second call is new: the cells, the first call again, and it; the others fail before they come to it
    assert {student: after.asked_live for student, (_, after) in pairs.items()} == {"ada": 3, "bob": 0, "cy": 0}
    assert pairs["ada"][1].attempt.points == Decimal("8.5")
    assert all(after.asked_live == 0 for _, after in regraded(paths).values())


def test_a_new_call_without_a_sandbox_defers_and_leaves_the_mark_that_was(paths):
    graded(paths, class_of(ada=RIGHT))
    edit(paths.hidden_tests("tiny") / "test_q3.py", "size=6", "size=7")
    [(before, after)] = regraded(paths, PoolSpec(image="grader-tests:nowhere", from_evidence=True)).values()
    assert after.attempt.status is Status.DEFERRED
    assert "a call that no transcript holds needs a sandbox" in after.fault
    with Store.open(paths.record, read_only=True) as store:
        assert store.current_attempt("ada", "tiny").attempt.points == before.points


def test_what_a_candidate_failed_at_is_evidence_too(paths):
    dies = (*RIGHT, "import os\ndef running_sum(x):\n    os._exit(3)", "def softmax(z):\n    while True: pass")
    edit(paths.assignment_toml("tiny"), "call_s = 10", "call_s = 0.5")
    first = graded(paths, class_of(ada=dies))["ada"].attempt
    assert {result.name: result.outcome for result in first.results} == {
        "test_rows_add_up": Outcome.TIMEOUT,
        "test_large_logits": Outcome.TIMEOUT,
        "test_starts_at_zero": Outcome.PASSED,
        "test_counts": Outcome.PASSED,
        "test_running_sum": Outcome.CRASHED,
    }
    [(_, after)] = regraded(paths).values()
    assert after.asked_live == 0
    assert [(row.outcome, row.message) for row in after.attempt.results] == [
        (row.outcome, row.message) for row in first.results
    ]
