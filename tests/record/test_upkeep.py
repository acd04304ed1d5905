"""`grader record`: a check finds what is not as it was recorded, a backup is whole, pruning changes no mark."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from tiny import RIGHT, ipynb, small_course

from grader import cli
from grader.errors import MachineryError
from grader.paths import Paths
from grader.record import upkeep
from grader.record.claims import claimed, lock_of
from grader.record.packing import pack
from grader.record.store import Store

IN_PROCESSES = ("--sandbox", "process", "--workers", "1", "--quiet")
ANOTHER = """

@pytest.mark.points(0.5)
def test_another(student):
    close(student.running_sum(np.ones(2)), np.array([1.0, 2.0]))
"""
LARGE = (*RIGHT, "def running_sum(x):\n    return np.random.default_rng(1).normal(size=100_000)")


@pytest.fixture
def grader(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("GRADER_COURSE", str(tmp_path / "course"))

    def run(*arguments):
        code = cli.main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Ada answered with 800 kB, then handed in again; Bob once; q3 was judged twice."""
    paths = small_course(tmp_path_factory.mktemp("made"))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("GRADER_COURSE", str(paths.root))
        (paths.root / "in").mkdir()
        for student, cells in (("ada", LARGE), ("bob", RIGHT), ("ada", (*RIGHT, "second = 2"))):
            (paths.root / "in" / f"{student}.ipynb").write_bytes(ipynb(*cells))
            cli.main(["grade", "tiny", str(paths.root / "in"), *IN_PROCESSES])
        test = paths.hidden_tests("tiny") / "test_q3.py"
        test.write_text(test.read_text().replace("1.5, hint", "1, hint") + ANOTHER)
        cli.main(["regrade", "tiny", *IN_PROCESSES])
    return paths.root


@pytest.fixture
def paths(made, tmp_path):
    return Paths(shutil.copytree(made, tmp_path / "course"))


def changed(record, *statements):
    """Change a record behind its guards."""
    with contextlib.closing(sqlite3.connect(record)) as file:
        for statement in statements:
            file.execute(*statement)
        file.commit()


NO_GUARD = ("DROP TRIGGER blobs_refuses_UPDATE",)


def test_a_check_of_a_whole_record_says_what_is_in_it(paths, grader):
    code, said = grader("record", "check")
    assert code == 0 and "3 submissions, 5 attempts" in said and "is as it was recorded" in said


def test_a_check_names_whose_work_is_not_what_was_recorded(paths, grader):
    of_bob = "SELECT content FROM submissions WHERE student = 'bob'"
    of_ada = "SELECT content FROM transcripts WHERE question = 'q2' ORDER BY attempt LIMIT 1"
    changed(
        paths.record,
        NO_GUARD,
        (f"UPDATE blobs SET compressed = ? WHERE id = ({of_bob})", (pack(b"another notebook"),)),
        (f"UPDATE blobs SET compressed = ? WHERE id = ({of_ada})", (b"\x99",)),
    )
    code, said = grader("record", "check")
    assert code == 1 and "NOT as it was recorded" in said
    assert "handed in by bob for tiny" in said and "ada's q2 of tiny (attempt 1)" in said
    assert "blobs: rows may have been changed, for what refuses UPDATE is gone" in said


def test_a_check_finds_a_submission_under_the_digest_of_another(paths, grader):
    wrong = ("UPDATE submissions SET content = (SELECT max(content) FROM submissions) WHERE student = 'bob'",)
    guard = "CREATE TRIGGER submissions_refuses_UPDATE BEFORE UPDATE ON submissions BEGIN SELECT 1; END"
    changed(paths.record, ("DROP TRIGGER submissions_refuses_UPDATE",), wrong, (guard,))
    code, said = grader("record", "check")
    assert code == 1 and "bob's tiny is not what was handed in" in said


def test_what_counts_is_judged_again_after_pruning_and_the_rest_is_gone(paths, grader):
    marks = grader("marks", "--json")
    size = paths.record.stat().st_size
    code, said = grader("record", "prune")
    assert code == 1 and "in 3 attempts that do not count any more: 0.7 MiB" in said and "2 attempts that count" in said
    assert paths.record.stat().st_size == size
    code, said = grader("record", "prune", "--yes")
    assert code == 0 and "in 3 attempts was removed" in said
    assert paths.record.stat().st_size < size - 600_000
    assert grader("record", "check")[0] == 0
    assert grader("marks", "--json") == marks
    code, said = grader("regrade", "tiny", "--all", *IN_PROCESSES)
    assert "2 attempts judged again, 0 marks changed; no student code was run" in said
    code, said = grader("record", "prune")
    assert code == 0 and "in 0 attempts" in said
    with Store.open(paths.record, read_only=True) as store:
        assert [len(store.history(who, "tiny")) for who in ("ada", "bob")] == [3, 2]  # with their results
        assert store.history("ada", "tiny")[0].attempt.points == 7
        assert store.transcripts(store.history("ada", "tiny")[0].id) == {}


def test_what_was_pruned_and_counts_again_is_asked_again(paths, grader):
    grader("record", "prune", "--yes")
    grader("collect", "tiny", "--forget", paths.root / "in" / "ada.ipynb")
    code, said = grader("regrade", "tiny", *IN_PROCESSES)
    assert "q3 of 1" in said and "ran student code" in said
    assert grader("show", "ada", "tiny")[1].count("7 of 8.5 points") == 1


def test_nothing_is_pruned_while_somebody_grades_or_where_it_fails(paths, grader, monkeypatch):
    before = upkeep.prune(paths.record, for_good=False)
    with claimed(lock_of(paths.record, "tiny"), "grade tiny"):
        code, said = grader("record", "prune", "--yes")
        assert code == 4 and "`grader grade tiny` of" in said
    monkeypatch.setattr(Store, "end_run", lambda *_: 1 / 0)  # the last step
    with pytest.raises(ZeroDivisionError):
        upkeep.prune(paths.record, for_good=True)
    assert upkeep.prune(paths.record, for_good=False) == before
    assert upkeep.check(paths.record).findings == ()


def test_a_backup_is_whole_while_others_write_and_goes_on_when_it_is_put_back(tmp_path):
    record = tmp_path / "course" / ".grader" / "record.sqlite"
    writer = [sys.executable, str(Path(__file__).with_name("test_database.py")), "write", str(record), "1"]
    process = subprocess.Popen(writer, stdout=subprocess.PIPE, text=True)
    try:
        process.stdout.readline()
        reported = {int(process.stdout.readline()) for _ in range(3)}
        written = upkeep.backup(record, tmp_path / "saved")
        assert process.poll() is None
        reported_later = int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()
    assert [file.name for file in written] == ["record.sqlite"]
    assert upkeep.check(written[0]).findings == ()
    shutil.rmtree(record.parent)
    record.parent.mkdir()
    shutil.copy(written[0], record)
    with Store.open(record) as store:
        numbers = {int(who.split()[1]) for who in store.current_attempts("a1_mlp")}
        assert reported <= numbers and reported_later > 3
        store.end_run(store.begin_run("a1_mlp", "goes on"), "done")
        assert store._rows.select("PRAGMA journal_mode") == [("wal",)]


def test_a_backup_has_the_secret_and_overwrites_nothing(paths, grader, tmp_path):
    folder = tmp_path / "backups" / "monday"
    code, said = grader("record", "backup", folder)
    assert code == 0 and "monday/secret" in said
    assert {file.name: oct(file.stat().st_mode & 0o777) for file in (folder, *folder.iterdir())} == {
        "monday": "0o700",
        "record.sqlite": "0o600",
        "secret": "0o600",
    }
    assert (folder / "secret").read_bytes() == paths.secret.read_bytes()
    code, said = grader("record", "backup", folder)
    assert code == 2 and "is there already" in said
    assert grader("record", "backup")[0] == 2 and grader("record", "check", folder)[0] == 2


def test_a_copy_that_cannot_be_written_leaves_nothing_behind(paths, grader, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "rename", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(MachineryError, match="No space left"):
        upkeep.backup(paths.record, tmp_path / "saved")
    assert not [file.name for file in tmp_path.iterdir() if "saved" in file.name]
