"""Several people at one record, each a process of their own: a batch lets everybody pass, but not a second batch."""

import os
import re
import shutil
import signal
import subprocess
import sys

import pytest
from essays import course
from tiny import RIGHT, attempts, ipynb

from grader.record.store import Store
from grader.schema import Status

WAITS = """
from pathlib import Path
import time
import pytest

@pytest.fixture(autouse=True)
def waits_while_there_is_a_file():
    while (Path(__file__).parents[3] / "wait").exists():
        time.sleep(0.02)
"""  # in the hidden tests of q3: the batch stands still while others are at work
STUDENTS = ("ada", "bob", "cy", "dee")


@pytest.fixture
def paths(tmp_path):
    """Two assignments, and a class whose grading can be made to wait."""
    paths = course(tmp_path / "course", " ".join(STUDENTS))
    for folder in (paths.assignments, paths.solutions):
        shutil.copytree(folder / "tiny", folder / "other")
    shutil.copy(paths.starter("tiny"), paths.starter("other"))
    paths.reference("other").write_bytes(paths.reference("tiny").read_bytes())
    (paths.root / "course.toml").write_text(paths.course_toml.read_text().replace('["tiny"]', '["tiny", "other"]'))
    tests = paths.hidden_tests("tiny") / "test_q3.py"
    tests.write_text(tests.read_text() + WAITS)
    for student in STUDENTS:
        write(paths, "in", student, ipynb(*RIGHT, f"name = {student!r}"))
        write(paths, "second", student, ipynb(*RIGHT, f"other = {student!r}"))
    write(paths, "later", "dee", ipynb(*RIGHT, "later = 1"))
    return paths


def write(paths, folder, student, content):
    (paths.root / folder).mkdir(exist_ok=True)
    (paths.root / folder / f"{student}.ipynb").write_bytes(content)


def begin(paths, *arguments):
    """A command that runs beside this test, in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "grader.cli", *arguments],
        cwd=paths.root,
        env=os.environ | {"GRADER_COURSE": str(paths.root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def grade(paths, *more):
    return begin(paths, "grade", "tiny", *more, "--sandbox", "process", "--workers", "1")


def in_the_middle(paths):
    """A batch of which one is graded, and which waits until the file `wait` goes away."""
    batch = grade(paths, "in")
    for line in batch.stderr:
        if ", 1 of 4, " in line:
            (paths.root / "wait").touch()
            return batch
    raise AssertionError(batch.communicate())


def test_everything_but_a_second_batch_works_while_one_runs(paths):
    batch = in_the_middle(paths)
    overrides = [
        begin(paths, "override", "bob", "tiny", "q1", f"--comment={number}", "--who", f"assistant {number}")
        for number in range(8)
    ]
    others = {
        "collect other": begin(paths, "collect", "other", "second"),
        "collect again": begin(paths, "collect", "tiny", "later"),
        "manual": begin(paths, "manual", "tiny"),
        "feedback": begin(paths, "feedback", "tiny", "--out", "pages"),
    }
    seconds = [grade(paths, "in"), begin(paths, "regrade", "tiny", "--sandbox", "process", "--workers", "1")]
    refused = rf"`grader grade tiny` of \S+ is at it since 20\S+ \S+ \(pid {batch.pid}\); wait until it is done"
    for second in seconds:
        _, said = second.communicate(timeout=60)
        assert second.returncode == 4 and re.search(refused, said), said
    said_of = [each.communicate(timeout=60)[1] for each in overrides]
    assert [each.returncode for each in overrides] == [0] * 8, said_of
    for name, each in others.items():
        _, said = each.communicate(timeout=60)
        assert each.returncode in (0, 1) and "Traceback" not in said, (name, said)
    assert batch.poll() is None
    (paths.root / "wait").unlink()
    _, said = batch.communicate(timeout=60)
    assert batch.returncode == 0, said
    assert attempts(paths) == dict.fromkeys(STUDENTS, 1) | {"dee": attempts(paths)["dee"]}
    with Store.open(paths.record, read_only=True) as store:
        assert sorted(change.reason for change in store.overrides("tiny", "bob")) == list("01234567")
        assert sorted(store.current_digests("other")) == sorted(STUDENTS)
        newest = next(each for each in store.current_submissions("tiny") if each.student == "dee")
        assert b"later = 1" in newest.content  # the batch, which began with the one before, did not bring that back
        assert [run.state for run in store.runs("tiny")] == ["done"] * len(store.runs("tiny"))


def test_a_killed_batch_locks_nobody_out_and_nothing_is_graded_twice(paths):
    batch = in_the_middle(paths)
    batch.send_signal(signal.SIGKILL)
    batch.wait()
    (paths.root / "wait").unlink()
    after = grade(paths)  # at once, while what was below the killed one may still be there
    _, said = after.communicate(timeout=60)
    batch.communicate()
    assert after.returncode == 0, said
    with Store.open(paths.record, read_only=True) as store:
        assert {each.attempt.status for each in store.current_attempts("tiny").values()} == {Status.GRADED}
    assert attempts(paths) == dict.fromkeys(STUDENTS, 1)
