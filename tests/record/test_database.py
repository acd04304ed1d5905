"""The record's file: many writers and readers, and nothing lost or doubled when one is killed (real SIGKILLs).

Run as a program, this file is such a writer: test_database.py write|claim RECORD NUMBER
"""

import contextlib
import os
import random
import resource
import sqlite3
import subprocess
import sys
import threading
import time
from decimal import Decimal
from pathlib import Path

import pytest

from grader.errors import MachineryError, UsageError
from grader.record import database
from grader.record.claims import claimed, lock_of
from grader.record.database import APPLICATION_ID, MIGRATIONS, VERSION
from grader.record.packing import pack
from grader.record.store import Store
from grader.schema import Attempt, CheckResult, Evidence, Outcome, Status, Submission

A1 = "a1_mlp"


def submission(number):
    return Submission(f"student {number}", A1, f"{number}.ipynb", f"notebook {number}".encode())


def attempt(number):
    results = [
        CheckResult(f"test_{check}", f"q{check % 4}", Outcome.PASSED, Decimal(number) / 8, "as it should be")
        for check in range(20)
    ]
    evidence = Evidence(submission(number).digest, (("q0", "tests"),), "image", "cpu", f"{number:x}", "process")
    return Attempt(f"student {number}", A1, Status.GRADED, evidence, tuple(results))


def transcripts(number):
    draw = random.Random(number)
    return {f"q{question}": draw.randbytes(20_000) for question in range(4)}


def add(store, number):
    store.add_submission(submission(number))
    return store.add_attempt(store.begin_run(A1, "grade"), attempt(number), transcripts(number))


def write_forever(path, number):
    print("opening", flush=True)
    with Store.open(path) as store:
        while True:
            add(store, number)
            print(number, flush=True)
            number += 1


def claim_and_fork_a_worker(path, _):
    path.parent.mkdir()
    with claimed(lock_of(path, A1), "grade a1_mlp"):
        if os.fork() == 0:
            print(os.getpid(), flush=True)
        time.sleep(60)


@contextlib.contextmanager
def child(job, path, number=1):
    command = [sys.executable, __file__, job, str(path), str(number)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def path(tmp_path):
    return tmp_path / ".grader" / "record.sqlite"


def assert_whole(store, numbers):
    for number in numbers:
        stored = store.current_attempt(f"student {number}", A1)
        assert stored.attempt == attempt(number)
        assert store.transcripts(stored.id) == transcripts(number)


def numbers_in(store):
    return {int(student.split()[1]) for student in store.current_attempts(A1)}


# --- killed at any instant


def test_nothing_reported_is_lost_when_the_writer_is_killed_at_any_instant(path):
    draw, there, reported = random.Random(15), set(), set()
    for turn in range(15):
        with child("write", path, max(there, default=0) + 1) as writer:
            writer.stdout.readline()
            if turn % 2:  # on a busy machine too, half of the writers come to write
                reported.add(int(writer.stdout.readline()))
            time.sleep(draw.uniform(0, 0.15))
            writer.kill()
            reported |= {int(line) for line in writer.stdout}
        with Store.open(path) as store:  # nothing is locked
            before, there = there, numbers_in(store)
            assert reported <= there
            assert_whole(store, there - before)
        with contextlib.closing(sqlite3.connect(path)) as file:
            assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert file.execute("PRAGMA foreign_key_check").fetchall() == []
    assert len(reported) >= 7


def test_a_record_whose_making_was_killed_can_be_made(tmp_path):
    draw = random.Random(8)
    for number in range(8):
        path = tmp_path / str(number) / "record.sqlite"
        with child("write", path) as writer:
            writer.stdout.readline()
            time.sleep(draw.uniform(0, 0.03))
        with Store.open(path) as store:
            add(store, 1000)
            assert_whole(store, numbers_in(store))


def test_what_a_killed_writer_left_can_be_read_before_anybody_writes(path):
    with child("write", path) as writer:
        writer.stdout.readline()
        reported = {int(writer.stdout.readline()) for _ in range(3)}
    with Store.open(path, read_only=True) as store:
        assert reported <= numbers_in(store)
        assert_whole(store, numbers_in(store))


def test_a_reader_beside_a_busy_writer_sees_whole_attempts_and_never_fewer(path):
    counts = []
    with child("write", path) as writer:
        for _ in range(2):
            writer.stdout.readline()
        with Store.open(path, read_only=True) as store:
            until = time.monotonic() + 5
            while time.monotonic() < until and len(set(counts)) < 5:
                numbers = numbers_in(store)
                counts.append(len(numbers))
                assert_whole(store, numbers)
        assert writer.poll() is None
    assert counts == sorted(counts)
    assert len(set(counts)) > 1


def test_several_writers_at_once_wait_for_each_other_and_killing_one_stops_no_other(path):
    """Three processes write as fast as they can, one is killed: nobody loses or doubles an attempt."""
    with contextlib.ExitStack() as ending:
        writers = [ending.enter_context(child("write", path, 1000 * number)) for number in (1, 2, 3)]
        for writer in writers:
            writer.stdout.readline()
        reported = {int(writer.stdout.readline()) for writer in writers}
        writers[0].kill()
        reported |= {int(writer.stdout.readline()) for writer in writers[1:] for _ in range(3)}
        with Store.open(path) as store:  # one more beside them
            add(store, 7)
    with Store.open(path, read_only=True) as store:
        assert reported | {7} <= numbers_in(store)
        assert_whole(store, numbers_in(store))
        assert all(len(store.history(f"student {number}", A1)) == 1 for number in numbers_in(store))


def test_a_claim_says_who_holds_it_and_ends_with_its_process(path):
    with child("claim", path) as killed:
        worker = int(killed.stdout.readline())
        try:
            told = rf"`grader grade a1_mlp` of .* since 20.*\(pid {killed.pid}\).*`kill {killed.pid}`"
            with pytest.raises(MachineryError, match=told), claimed(lock_of(path, A1), "grade a1_mlp"):
                pass
            killed.kill()
            killed.wait()
            os.kill(worker, 0)  # alive
            with claimed(lock_of(path, A1), "grade a1_mlp"):
                pass
        finally:
            os.kill(worker, 9)


def test_whoever_waits_for_a_claim_gets_it_when_it_is_free(path):
    path.parent.mkdir()
    with contextlib.ExitStack() as held:
        held.enter_context(claimed(lock_of(path, A1), "collect a1_mlp"))
        threading.Timer(0.2, held.close).start()
        with claimed(lock_of(path, A1), "collect a1_mlp", wait_s=20):
            assert not held.pop_all()._exit_callbacks  # it was given up


def test_a_full_disk_says_so_and_loses_nothing_recorded(path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Store.open(path) as store:
        add(store, 1)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
        try:
            with pytest.raises(MachineryError, match="free space on the disk"):
                store.add_attempt(1, attempt(1), {"q1": random.Random(1).randbytes(2 << 20)})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        add(store, 2)
        assert_whole(store, {1, 2})
        assert len(store.history("student 1", A1)) == 1


def test_a_commit_waits_for_the_disk(path):
    with Store.open(path) as store:
        assert store._rows.select("PRAGMA synchronous") == [(2,)]  # FULL
        assert store._rows.select("PRAGMA journal_mode") == [("wal",)]


# --- the file


def test_only_its_owner_may_read_the_record(path):
    with Store.open(path) as store:
        add(store, 1)
        modes = {file.name: oct(file.stat().st_mode & 0o777) for file in (path.parent, *path.parent.iterdir())}
    record_files = ("", "-wal", "-shm", ".lock")
    assert modes == {".grader": "0o700"} | {f"record.sqlite{suffix}": "0o600" for suffix in record_files}


def test_what_is_done_at_once_is_recorded_whole_or_not_at_all(path):
    with Store.open(path) as store, Store.open(path) as other:
        with store.at_once():
            add(store, 1)
            assert other.current_submissions(A1) == ()
        assert_whole(other, {1})
        with pytest.raises(ZeroDivisionError), store.at_once():
            add(store, 2)
            raise ZeroDivisionError
        assert numbers_in(other) == {1}


def test_a_writer_that_is_never_let_in_says_so(path, monkeypatch):
    monkeypatch.setattr(database, "BUSY_S", 0.1)
    with (
        Store.open(path) as store,
        Store.open(path) as other,
        store.at_once(),
        pytest.raises(MachineryError, match="others were writing .* nothing was recorded; run this again"),
    ):
        add(other, 1)


def test_a_reader_sees_what_is_written_beside_it_and_cannot_write(path):
    with Store.open(path) as store, Store.open(path, read_only=True) as reader:
        assert reader.current_submissions(A1) == ()
        add(store, 1)
        assert reader.current_submissions(A1) == (submission(1),)
        with pytest.raises(MachineryError, match="readonly"):
            reader.add_submission(submission(2))


@pytest.mark.parametrize("content", [None, b""], ids=["no file", "a file that was just made"])
def test_reading_before_anything_is_recorded_says_so(tmp_path, content):
    path = tmp_path / "record.sqlite"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match="nothing is recorded yet"):
        Store.open(path, read_only=True)


def test_opening_again_keeps_everything(path):
    for number in (1, 2):
        with Store.open(path) as store:
            add(store, number)
    with Store.open(path, read_only=True) as store:
        assert_whole(store, {1, 2})


def garble(path):
    path.write_bytes(b"PK\3\4" + bytes(5000))


def truncate(path):
    os.truncate(path, path.stat().st_size // 2)


def overwrite_a_page(path):
    content = bytearray(path.read_bytes())
    content[4096:8192] = b"\xff" * 4096
    path.write_bytes(content)


def rewrite_a_transcript(path):
    before, after = (pack(calls) for calls in (b"calls of ana", b"calls of bob"))
    content = path.read_bytes()
    assert content.count(before) == 1
    path.write_bytes(content.replace(before, after))


def raise_the_version(path):
    with contextlib.closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA user_version = 99")


def test_a_record_of_the_first_version_is_upgraded_by_its_next_writer_and_loses_nothing(path):
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path)) as file:
        file.executescript(MIGRATIONS[0])
        file.execute("INSERT INTO runs (assignment, command) VALUES ('a1_mlp', 'grade')")
        file.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        file.execute("PRAGMA user_version = 1")
        file.commit()
    with pytest.raises(MachineryError, match="version 1 is older than"):
        Store.open(path, read_only=True)
    with Store.open(path) as store:
        add(store, 7)
        assert [run.command for run in store.runs()] == ["grade", "grade"]
    with Store.open(path, read_only=True) as store:
        assert_whole(store, [7])


def replace_by_another_database(path):
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TABLE cookies (name)")


@pytest.mark.parametrize("read_only", [True, False], ids=["reader", "writer"])
@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (garble, "damaged.*recover"),
        (truncate, "damaged.*recover"),
        (overwrite_a_page, "damaged.*recover"),
        (rewrite_a_transcript, "damaged"),
        (raise_the_version, f"newer grader.*record version 99 .*{VERSION}"),
        (replace_by_another_database, "not a grading record"),
    ],
)
def test_a_file_that_is_not_as_it_was_written_is_named(path, spoil, says, read_only):
    with Store.open(path) as store:
        store.add_submission(submission(1))
        row = store.add_attempt(store.begin_run(A1, "grade"), attempt(1), {"q1": b"calls of ana"})
    spoil(path)
    with (
        pytest.raises(MachineryError, match=f"^{path}: .*{says}"),
        Store.open(path, read_only=read_only) as store,
    ):
        store.runs()
        store.transcripts(row)
    if not read_only:
        with pytest.raises(MachineryError, match=says), Store.open(path) as store:  # and again
            store.runs()
            store.transcripts(row)


def test_a_folder_where_nothing_can_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineryError, match="writable"):
        Store.open(tmp_path / "file" / "record.sqlite")


if __name__ == "__main__":
    {"write": write_forever, "claim": claim_and_fork_a_worker}[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
