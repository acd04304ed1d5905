"""The record keeps everything that was reported, whatever happens to the process that writes it."""

import contextlib
import math
import random
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import grader
from grader.errors import MachineryError, UsageError
from grader.record.judgements import Answered, Item, Judgement, Judgements, LineComment, Reading
from grader.record.store import HandIn, Store
from grader.schema import Attempt, CheckResult, Evidence, Outcome, Status, Submission, Usage

ROOT = Path(grader.__file__).resolve().parents[1]
A1 = "a1_mlp"
TESTS = (("q1", "tests of q1"), ("q2", "tests of q2"))


def handed_in(student="ana", content=b"first", assignment=A1, filename="a1_mlp.ipynb"):
    return Submission(student, assignment, filename, content)


def result(question="q1", outcome=Outcome.PASSED, name="test_shape"):
    return CheckResult(name, question, outcome, Decimal("1.50"), "the shape", "look at the axis", 0.25)


def graded(submission, **changes):
    evidence = Evidence(submission.digest, TESTS, "image 1", "cpu", "00ff", "process")
    attempt = Attempt(
        submission.student, submission.assignment, Status.GRADED, evidence, (result("q1"), result("q2")), ("a notice",)
    )
    of_evidence = {name: changes.pop(name) for name in list(changes) if hasattr(evidence, name)}
    return replace(attempt, evidence=replace(evidence, **of_evidence), **changes)


def deferred(submission):
    return graded(submission, status=Status.DEFERRED, results=(result(outcome=Outcome.DEFERRED),))


@pytest.fixture
def path(tmp_path):
    return tmp_path / ".grader" / "record.sqlite"


EVIDENCE = {"q1": b"calls of q1", "q2": b"calls of q2"}


@pytest.fixture
def store(path):
    with Store.open(path) as store:
        yield store


def record(store, *attempts, transcripts=None):
    run = store.begin_run(A1, "grader grade a1_mlp")
    return [store.add_attempt(run, attempt, transcripts or {}) for attempt in attempts]


# --- what goes in comes out

words = st.text(st.characters(exclude_categories=()), max_size=8)  # with lone surrogates and NUL
seconds = st.floats(allow_nan=False)
questions = st.sampled_from(["q1", "q2", "q10"])
points = st.decimals(allow_nan=False, allow_infinity=False)
check_results = st.builds(
    CheckResult, words, questions, st.sampled_from(Outcome), points, message=words, hint=words, wall_s=seconds
)


@st.composite
def attempts(draw):
    student = draw(words.filter(str.strip))
    submission = Submission(student, A1, "a.ipynb", draw(st.binary(max_size=20)))
    tests = tuple(draw(st.dictionaries(questions, words, max_size=3)).items())
    evidence = Evidence(submission.digest, tests, draw(words), draw(words), draw(words), draw(words))
    results = tuple(draw(st.lists(check_results, max_size=4)))
    notices = tuple(draw(st.lists(words, max_size=2)))
    usage = draw(st.builds(Usage, seconds, seconds, seconds))
    return submission, Attempt(student, A1, draw(st.sampled_from(Status)), evidence, results, notices, usage)


@pytest.fixture(scope="module")
def lasting_store(tmp_path_factory):
    with Store.open(tmp_path_factory.mktemp("lasting") / "record.sqlite") as store:
        yield store


@settings(deadline=None, max_examples=60)
@given(attempts(), st.dictionaries(questions, st.binary(max_size=50), max_size=3))
def test_every_attempt_comes_back_equal(lasting_store, submitted, transcripts):
    submission, attempt = submitted
    lasting_store.add_submission(submission)
    run = lasting_store.begin_run(A1, "grade")
    stored = lasting_store.attempt(lasting_store.add_attempt(run, attempt, transcripts))
    assert (stored.attempt, stored.run, stored.filename) == (attempt, run, "a.ipynb")
    assert [str(r.max_points) for r in stored.attempt.results] == [str(r.max_points) for r in attempt.results]
    assert lasting_store.transcripts(stored.id) == transcripts
    assert lasting_store.history(attempt.student, A1)[-1] == stored


@settings(deadline=None, max_examples=40)
@given(
    words.filter(str.strip),
    st.binary(max_size=50),
    st.lists(st.tuples(st.text(max_size=5), st.binary()), max_size=3).map(sorted),  # their order is no difference
)
def test_every_submission_comes_back_equal(lasting_store, student, content, extras):
    submission = Submission(student, "a2_cnn", "ü \udcff.ipynb", content, tuple(extras))
    digest = lasting_store.add_submission(submission)
    assert lasting_store.submission(digest, student, "a2_cnn") == submission
    assert submission in lasting_store.current_submissions("a2_cnn")


def test_an_unmeasured_time_is_still_a_number_that_is_none(store):
    store.add_submission(handed_in())
    record(store, graded(handed_in(), usage=Usage(math.nan, 1.5, math.inf)))
    usage = store.current_attempt("ana", A1).attempt.usage
    assert math.isnan(usage.cpu_s)
    assert (usage.wall_s, usage.peak_mib) == (1.5, math.inf)


def test_equal_bytes_are_stored_once(store, path):
    for student in ("ana", "bo", "cy"):
        store.add_submission(handed_in(student))
        record(store, graded(handed_in(student)), transcripts={"q1": b"same calls", "q2": b"same calls"})
    with contextlib.closing(sqlite3.connect(path)) as file:
        assert file.execute("SELECT count(*) FROM blobs").fetchone() == (2,)
        assert file.execute("SELECT count(*) FROM transcripts").fetchone() == (6,)


# --- what is current

FIRST, SECOND = handed_in(content=b"first"), handed_in(content=b"second")


def test_the_last_file_handed_in_is_the_current_one(store):
    for submission in (FIRST, SECOND, handed_in("bo"), FIRST, FIRST):
        store.add_submission(submission)
    assert store.current_submissions(A1) == (FIRST, handed_in("bo"))
    assert store.current_digests(A1) == {"ana": FIRST.digest, "bo": handed_in("bo").digest}
    assert store.current_submissions("a2_cnn") == ()


def test_handing_in_the_current_file_again_adds_nothing(store, path):
    for submission in (FIRST, FIRST, SECOND, FIRST, FIRST):
        store.add_submission(submission)
    with contextlib.closing(sqlite3.connect(path)) as file:
        assert file.execute("SELECT digest FROM submissions ORDER BY id").fetchall() == [
            (FIRST.digest,), (SECOND.digest,), (FIRST.digest,),
        ]  # fmt: skip


# --- when it came

NOON = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)


def test_what_the_platform_said_comes_back_in_utc(store):
    in_india = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    store.add_submission(FIRST, HandIn(in_india, True, "moodle \udcff.zip"))
    store.add_submission(handed_in("bo"), HandIn(None))
    store.add_submission(handed_in("cy"))
    assert store.hand_ins(A1) == {"ana": HandIn(NOON, True, "moodle \udcff.zip"), "bo": HandIn(None)}
    assert store.hand_ins(A1)["ana"].time.utcoffset() == timedelta(0)
    assert store.hand_ins("a2_cnn") == {}


def test_what_was_said_last_counts_and_silence_changes_nothing(store, path):
    for hand_in in (HandIn(NOON), HandIn(NOON), None, HandIn(NOON + timedelta(hours=1)), None):
        store.add_submission(FIRST, hand_in)
    assert store.hand_ins(A1) == {"ana": HandIn(NOON + timedelta(hours=1))}
    with contextlib.closing(sqlite3.connect(path)) as file:
        assert file.execute("SELECT count(*) FROM hand_ins").fetchone() == (2,)


def test_another_file_does_not_inherit_the_time(store):
    store.add_submission(FIRST, HandIn(NOON))
    store.add_submission(SECOND)
    assert store.hand_ins(A1) == {}


def test_a_time_on_nobodys_clock_is_refused():
    with pytest.raises(UsageError, match="needs its zone"):
        HandIn(datetime(2026, 9, 1, 12, 0))


@pytest.mark.parametrize(
    ("recorded", "counts"),
    [
        pytest.param([], None, id="nothing graded"),
        pytest.param([graded(SECOND)], 0, id="one"),
        pytest.param([graded(SECOND), graded(SECOND, seed="01")], 1, id="the newest"),
        pytest.param([graded(SECOND), deferred(SECOND)], 0, id="not a deferred one"),
        pytest.param([deferred(SECOND), deferred(SECOND)], 1, id="the newest deferred one if there is no other"),
        pytest.param([graded(SECOND), graded(FIRST)], 0, id="not one for another file"),
        pytest.param([graded(FIRST)], None, id="the current file was not graded yet"),
        pytest.param([graded(SECOND), graded(SECOND, results=(result(outcome=Outcome.DEFERRED),))], 0,
                     id="not one with a deferred result"),
        pytest.param([graded(SECOND), graded(SECOND, status=Status.UNREADABLE, results=())], 1, id="an unreadable one"),
    ],
)  # fmt: skip
def test_the_attempt_that_counts(store, recorded, counts):
    for submission in (SECOND, FIRST, SECOND, handed_in("bo")):
        store.add_submission(submission)
    ids = record(store, *recorded)
    current = store.current_attempt("ana", A1)
    assert (current and current.id) == (None if counts is None else ids[counts])
    assert store.current_attempts(A1) == ({} if current is None else {"ana": current})
    assert store.all_current() == ({} if current is None else {("ana", A1): current.attempt})
    assert [stored.id for stored in store.history("ana", A1)] == ids


def test_attempts_at_a_file_handed_in_a_second_time_count_again(store):
    store.add_submission(FIRST)
    (attempt,) = record(store, graded(FIRST))
    store.add_submission(SECOND)
    assert store.current_attempt("ana", A1) is None
    store.add_submission(FIRST)
    assert store.current_attempt("ana", A1).id == attempt


def test_all_students_and_assignments_are_listed_in_order(store):
    submissions = [handed_in(student, assignment=of) for of in ("a2_cnn", A1) for student in ("cy", "ana")]
    for submission in submissions:
        store.add_submission(submission)
    record(store, *map(graded, submissions))
    assert list(store.all_current()) == [("ana", A1), ("ana", "a2_cnn"), ("cy", A1), ("cy", "a2_cnn")]
    assert list(store.current_attempts("a2_cnn")) == ["ana", "cy"]


# --- what need not be graded again


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        pytest.param({}, {"q1", "q2"}, id="nothing changed"),
        pytest.param({"tests": (("q1", "corrected"), TESTS[1])}, {"q2"}, id="a question's tests changed"),
        pytest.param({"image": "image 2"}, set(), id="another image"),
        pytest.param({"device": "cuda"}, set(), id="another device"),
        pytest.param({"status": Status.DEFERRED}, set(), id="deferred"),
        pytest.param({"results": (result("q1"), result("q2", Outcome.DEFERRED))}, set(), id="a deferred result"),
        pytest.param({"status": Status.UNREADABLE, "results": ()}, set(), id="unreadable"),
        pytest.param({"status": Status.UNREADABLE}, set(), id="unreadable, whatever was added"),
        pytest.param({"results": (result("q1", Outcome.FAILED),)}, {"q1"}, id="a question without results"),
        pytest.param({"seed": "01", "isolation": "strict"}, {"q1", "q2"}, id="another seed and isolation"),
    ],
)
def test_a_result_is_known_for_the_same_file_tests_image_and_device(store, changes, found):
    store.add_submission(FIRST)
    attempt = graded(FIRST, **changes)
    (row,) = record(store, attempt, transcripts=EVIDENCE)
    known = store.known(FIRST.digest, dict(TESTS), "image 1", "cpu")
    assert known.keys() == found
    for question, each in known.items():
        assert each.results == attempt.of_question(question)
        assert (each.attempt, each.seed) == (row, attempt.evidence.seed)
    assert store.known(SECOND.digest, dict(TESTS), "image 1", "cpu") == {}


def test_a_result_without_evidence_is_not_known_for_it_could_not_be_judged_again(store):
    store.add_submission(FIRST)
    record(store, graded(FIRST), transcripts={"q2": b"calls"})
    assert store.known(FIRST.digest, dict(TESTS), "image 1", "cpu").keys() == {"q2"}


def test_the_newest_known_result_is_used_and_a_later_fault_does_not_hide_it(store):
    store.add_submission(FIRST)
    wrong = result("q1", Outcome.FAILED)
    attempts = graded(FIRST), graded(FIRST, results=(wrong,)), deferred(FIRST)
    older, newer, _ = record(store, *attempts, transcripts=EVIDENCE)
    known = store.known(FIRST.digest, dict(TESTS), "image 1", "cpu")
    assert (known["q1"].attempt, known["q1"].results) == (newer, (wrong,))
    assert known["q2"].attempt == older


def test_the_same_file_of_another_student_is_known(store):
    store.add_submission(handed_in("ana"))
    store.add_submission(handed_in("bo"))
    record(store, graded(handed_in("ana")), transcripts=EVIDENCE)
    assert store.known(handed_in("bo").digest, dict(TESTS), "image 1", "cpu").keys() == {"q1", "q2"}
    assert store.current_attempt("bo", A1) is None


# --- runs and overrides


def test_a_run_without_an_end_can_be_told_from_one_that_ended(store):
    killed, done = store.begin_run(A1, "grader grade a1_mlp"), store.begin_run("a2_cnn", "grader grade a2_cnn")
    store.end_run(done, "done")
    store.end_run(done, "interrupted")
    assert [(run.id, run.state, run.ended is None) for run in store.runs()] == [
        (killed, None, True),
        (done, "done", False),
    ]
    assert [run.command for run in store.runs(A1)] == ["grader grade a1_mlp"]


def test_overrides_are_kept_exactly_and_in_order(store):
    store.add_override("ana", A1, "q1", Decimal("0.50"), "the test was too strict", "ta1")
    store.add_override("ana", A1, "q1", Decimal("-0.1"), "half of it", "ta2")
    store.add_override("bo", "a2_cnn", "q3", Decimal(2), "agreed by mail", "ta1")
    assert [(str(each.delta), each.who) for each in store.overrides(A1)] == [("0.50", "ta1"), ("-0.1", "ta2")]
    assert [each.reason for each in store.overrides(student="bo")] == ["agreed by mail"]
    assert len(store.overrides()) == 3


@pytest.mark.parametrize(("delta", "reason", "who"), [("1", " ", "ta"), ("1", "mail", ""), ("NaN", "mail", "ta")])
def test_an_override_needs_a_number_a_reason_and_a_person(store, delta, reason, who):
    with pytest.raises(UsageError, match="override of ana a1_mlp q1"):
        store.add_override("ana", A1, "q1", Decimal(delta), reason, who)
    assert store.overrides() == ()


# --- nothing is edited, nothing is half


def test_equal_large_answers_are_kept_once_and_every_transcript_comes_back(store):
    answer, other = random.Random(1).randbytes(50_000), random.Random(2).randbytes(50_000)
    cut = {
        "q1": (b"before ", answer, b" between ", other, b""),
        "q2": (b"", answer, b"", answer, b" after"),
        "q3": (b"",),
    }
    whole = {question: b"".join(parts) for question, parts in cut.items()}
    for submission in (FIRST, SECOND):
        store.add_submission(submission)
        (row,) = record(store, graded(submission), transcripts=cut)
        assert store.transcripts(row) == whole
    run = store.begin_run(A1, "regrade")
    later = store.add_attempt(run, graded(SECOND), {"q3": b"new"}, {"q1": row, "q2": row})
    assert store.transcripts(later) == whole | {"q3": b"new"}
    assert store.transcripts(later, ["q2"]) == {"q2": whole["q2"]}
    assert store._rows.select("SELECT count(*) FROM blobs WHERE length(compressed) > 49000") == [(2,)]


def test_every_table_refuses_updates_and_deletions(store, path):
    submission = replace(FIRST, extras=(("weights.bin", b"w"),))
    store.add_submission(submission, HandIn(NOON))
    record(store, graded(submission), transcripts={"q1": (b"calls", b"a large answer", b"")})
    store.end_run(1, "done")
    store.add_override("ana", A1, "q1", Decimal(1), "mail", "ta")
    by_people, about = Judgements(store), Answered("ana", A1, "q1", "s1", "a1")
    by_people.add_version(Item(A1, "q1", 1, "an item", Decimal(1), who="ta"))
    by_people.set_from_full(A1, "q1", True, "ta")
    by_people.add(Judgement(about, Reading.FIRST, (1,), Decimal(0), "", Fraction(1), "+1: an item", "ta"))
    by_people.add_line_comment(LineComment("ana", A1, submission.digest, "q1", 1, 1, "x = 1", "well named", "ta"))
    with contextlib.closing(sqlite3.connect(path)) as file:
        tables = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            row = file.execute(f"SELECT * FROM {table}")
            assert row.fetchone(), f"{table} is empty: its guards were not tried"
            column = row.description[0][0]
            for edit in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
                with pytest.raises(sqlite3.IntegrityError, match=f"{table} is append-only"):
                    file.execute(edit)
    assert {"attempts", "results", "transcripts", "submissions", "overrides"} <= set(tables)


def test_an_attempt_that_cannot_be_written_leaves_nothing(store, path):
    store.add_submission(FIRST)
    with pytest.raises(sqlite3.Error):
        record(store, graded(FIRST, results=(result(), replace(result(), name=object()))), transcripts={"q1": b"calls"})
    assert store.history("ana", A1) == ()
    (row,) = record(store, graded(FIRST))
    assert store.current_attempt("ana", A1).id == row


def test_an_attempt_at_a_file_that_was_never_handed_in_is_refused(store):
    store.add_submission(handed_in("bo", content=b"second"))
    with pytest.raises(MachineryError, match="of ana to a1_mlp is not recorded"):
        record(store, graded(SECOND))


def test_an_attempt_belongs_to_a_run_that_was_begun(store):
    store.add_submission(FIRST)
    with pytest.raises(sqlite3.IntegrityError):
        store.add_attempt(7, graded(FIRST), {})
    assert store.history("ana", A1) == ()


def test_opening_the_record_imports_neither_torch_nor_numpy():
    program = "import sys, grader.record.store; print(*{'torch', 'numpy', 'docker'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""
