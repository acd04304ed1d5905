"""What students who cheat may try, run through the real line: pool, batch, record, document.

For every attack of the corpus (`tests/attacks`): it gains nothing, it learns nothing, it harms nobody, and what came of
it is put down to the student and not to the machine. Between the attacks an honest submission is graded on the same
pool, again and again; it must not notice.
"""

import contextlib
import json
import os
import re
import secrets
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest
from attacks.corpus import COURSE, LEVELS, Attack, attacks, honest

from grader import wire
from grader.batch import Batch, Graded, course_secret, tests_digests
from grader.course import read_assignment
from grader.pages import attempts_document
from grader.paths import Paths
from grader.pool import Pool
from grader.schema import Attempt, Outcome, Status, Submission
from grader.store import Store
from grader.wish import Wish

CORPUS = tuple(attacks())
EVERYWHERE = bool(os.environ.get("GRADER_ALL_ATTACKS"))  # every attack in `strict` too; minutes
CANARY = secrets.token_hex(8)
SECRET = "SECRET_OF_THE_EXAMINER"  # in the environment of what judges
LONGEST_MESSAGE = 1000


def runs_in(attack: Attack, level: str) -> bool:
    """A gpu attack needs scripts/gpu-checks; `strict` differs from the others only where a jail is missed."""
    if attack.gpu:
        return False
    return level in attack.levels or (EVERYWHERE and level == "strict" and attack.assignment == "probe")


# ------------------------------------------------------------------------------------------------ one run


@dataclass
class Row:
    """One graded attempt, and everything that the sandbox said during it."""

    graded: Graded
    said: bytes
    document: str

    @property
    def attempt(self) -> Attempt:
        return self.graded.attempt

    def points(self, question: str) -> Decimal:
        return sum((result.points for result in self.attempt.of_question(question)), Decimal(0))

    def judgement(self) -> list[tuple[object, ...]]:
        return [(result.name, result.outcome, result.points, result.message) for result in self.attempt.results]


@dataclass
class Run:
    """The whole corpus of one assignment, at one level."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    sentinels: list[Row] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    isolation: str = ""


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Paths:
    """The course to attack, with this run's canaries in the names, texts and values of its tests."""
    root = tmp_path_factory.mktemp("attacked")
    shutil.copytree(COURSE, root, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    for file in [*root.rglob("*.py"), *root.rglob("*.toml")]:
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("CANARYTEXT", f"canary{CANARY}").replace("CANARYNAME", f"canary{CANARY}"))
    return Paths(root)


def grade_all(course: Paths, assignment_id: str, level: str, chosen: list[Attack]) -> Run:
    """Grade the attacks, an honest submission after each, on one pool of two workers; look at what is left."""
    assignment = read_assignment(course, assignment_id)
    submissions: list[Submission] = []
    for attack in chosen:
        handed_in = attack.handed_in()
        for number in range(attack.runs):
            student = f"{attack.student}-{number}"
            submissions.append(
                Submission(student, assignment_id, handed_in.filename, handed_in.content, handed_in.extras)
            )
            submissions.append(Submission(f"honest-{student}", assignment_id, "honest.py", honest(assignment_id)))
    run = Run()
    wish = Wish("process") if level == "process" else Wish(level=level)
    slots = 2 if assignment_id == "probe" else 1
    with Pool(course, assignment_id, Wish(wish.kind, wish.level, gpus=(None,) * slots)) as pool:
        run.isolation = pool.ready.isolation
        if run.isolation == "process-bare":
            pytest.skip("without namespaces these attacks would meet this machine itself")
        store = Store.open(course.root / f"{assignment_id}-{level}.sqlite")
        batch = Batch(
            store,
            assignment,
            tests_digests(course, assignment),
            course_secret(course),
            store.begin_run(assignment_id, "grade"),
            force=True,
        )
        for graded in batch.grade(pool, submissions):
            stored = store.current_attempt(graded.submission.student, assignment_id)
            said = b"".join(map(replies, store.transcripts(stored.id).values()))
            document = json.dumps(attempts_document(assignment, [graded]), ensure_ascii=False)
            row = Row(graded, said, document)
            if graded.submission.student.startswith("honest-"):
                run.sentinels.append(row)
            else:
                run.rows.setdefault(graded.submission.student.rpartition("-")[0], []).append(row)
        run.left = processes_too_many(pool.host, level)
        store.close()
    return run


def replies(part: bytes) -> bytes:
    """What the sandbox said in one recorded part; the names of checks in it are ours."""
    return b"".join(reply for exchanges in wire.decode(part).values() for reply, _, _ in exchanges.values())


def processes_too_many(host: int, level: str) -> list[str]:
    """What runs below the pool besides its workers and, in the process sandbox, their zygotes."""
    time.sleep(0.2)
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    table = [line.split(None, 2) for line in listed.splitlines()]
    workers = [pid for pid, parent, _ in table if parent == str(host)]
    zygotes = [(pid, args) for pid, parent, args in table if parent in workers]
    below = [args for _, parent, args in table if parent in [pid for pid, _ in zygotes]]
    wrong = [args for _, args in zygotes if "grader.zygote" not in args]
    return [*below, *wrong] if level == "process" else [args for _, args in zygotes]


@pytest.fixture(scope="module")
def runs(course):
    """Runs by (assignment, level), each made when the first test asks for it."""
    made: dict[tuple[str, str], Run] = {}
    os.environ[SECRET] = f"canary{CANARY}"

    def run(assignment: str, level: str) -> Run:
        if (assignment, level) not in made:
            chosen = [attack for attack in CORPUS if attack.assignment == assignment and runs_in(attack, level)]
            made[assignment, level] = grade_all(course, assignment, level, chosen)
        return made[assignment, level]

    yield run
    del os.environ[SECRET]


# ------------------------------------------------------------------------------------------------ every attack


def cases():
    for level in LEVELS:
        for attack in CORPUS:
            if runs_in(attack, level):
                marks = [] if level == "process" else [pytest.mark.docker]
                yield pytest.param(level, attack, id=f"{level}-{attack.name}", marks=marks)


@pytest.mark.parametrize(("level", "attack"), list(cases()))
def test_an_attack_gains_learns_and_harms_nothing_and_is_called_by_its_name(runs, level, attack):
    rows = runs(attack.assignment, level).rows[attack.student]
    assert len(rows) == attack.runs
    for row in rows:
        assert row.attempt.status is Status(attack.status), (row.graded.fault, row.attempt.notices)
        check_gain(attack, row)
        check_leak(attack, row)
        assert row.attempt.usage.wall_s <= attack.max_seconds


def check_gain(attack: Attack, row: Row) -> None:
    attacked = row.attempt.of_question(attack.question) if attack.question else row.attempt.results
    told = [(result.name, result.outcome.value, result.message) for result in attacked]
    assert {result.outcome.value for result in attacked} <= set(attack.outcomes), told
    assert sum((result.points for result in attacked), Decimal(0)) <= attack.most_points, told
    for question in attack.keeps:
        messages = [(result.outcome.value, result.message) for result in row.attempt.of_question(question)]
        assert messages and all(outcome == "passed" for outcome, _ in messages), (question, messages)


def check_leak(attack: Attack, row: Row) -> None:
    """The random word of this run is in the names, texts and values of the tests; nothing inside may have known it."""
    assert CANARY.encode() not in row.said
    assert CANARY not in "".join([*(result.message for result in row.attempt.results), *row.attempt.notices])
    assert CANARY not in re.sub(rf"test_canary{CANARY}_\w+", "", row.document)
    assert attack.answers.encode() in row.said
    for words in attack.never_answers:
        assert words.encode() not in row.said, row.said[row.said.index(words.encode()) - 100 :][:300]
    for text in [*(result.message for result in row.attempt.results), *row.attempt.notices]:
        assert len(text) <= LONGEST_MESSAGE
        assert text.isprintable()
        assert not attack.never or not re.search(attack.never, text), text


@pytest.mark.parametrize(
    "level", [pytest.param(level, marks=[pytest.mark.docker] * (level != "process")) for level in LEVELS]
)
@pytest.mark.parametrize("assignment", ["probe", "probe_torch"])
def test_an_honest_submission_among_attacks_does_not_notice_them(runs, assignment, level):
    if not any(attack.assignment == assignment and runs_in(attack, level) for attack in CORPUS):
        pytest.skip(f"no attack of {assignment} runs in {level}")
    run = runs(assignment, level)
    assert len(run.sentinels) == sum(map(len, run.rows.values()))
    first = run.sentinels[0].judgement()
    for row in run.sentinels:
        assert row.judgement() == first
        assert all(outcome is Outcome.PASSED for _, outcome, _, _ in row.judgement())
    assert run.left == []
