"""How the attacks are graded and what is held against them: for the tests, and for `make attack`."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from attacks.corpus import COURSE, Attack, honest

from grader import wire
from grader.course.config import read_assignment
from grader.execution.batch import Batch, Graded, course_secret, question_digests
from grader.execution.pool import Pool
from grader.execution.spec import PoolSpec
from grader.paths import Paths
from grader.record.store import Store
from grader.sandbox.engine import connect
from grader.schema import Attempt, Submission, add_up
from grader.terminal.attempt_json import attempts_document

BUSY = 10  # how much slower than a quiet one a machine may be that still ends what never ends
CANARY = secrets.token_hex(8)
SECRET = "SECRET_OF_THE_EXAMINER"  # in the environment of what judges
LONGEST_MESSAGE = 1000
IMAGE = os.environ.get("GRADER_TEST_IMAGE", "grader:latest")


class NotIsolated(Exception):
    """Without namespaces the attacks would meet this machine itself."""


def attacked_course(root: Path) -> Paths:
    """The course to attack, with this run's canaries in the names, texts and values of its tests."""
    shutil.copytree(COURSE, root, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    for file in [*root.rglob("*.py"), *root.rglob("*.toml")]:
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("CANARYTEXT", f"canary{CANARY}").replace("CANARYNAME", f"canary{CANARY}"))
    return Paths(root)


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

    def points(self, question: str) -> Fraction:
        return self.attempt.points_of(question) or Fraction(0)

    def judgement(self) -> list[tuple[object, ...]]:
        return [(result.name, result.outcome, result.points, result.message) for result in self.attempt.results]


@dataclass
class Run:
    """The whole corpus of one assignment, at one level."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    sentinels: list[Row] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    isolation: str = ""


def spec_for(level: str, slots: int = 1) -> PoolSpec:
    if level == "process":
        return PoolSpec("process", gpus=(None,) * slots)
    return PoolSpec("docker", level, IMAGE, (None,) * slots)


def grade_all(
    course: Paths,
    assignment_id: str,
    level: str,
    chosen: list[Attack],
    device: str = "cpu",
    fault: Callable[[Pool], None] | None = None,
    after_s: float = 1.0,
) -> Run:
    """Grade the attacks, an honest submission after each, on one pool of two workers; look at what is left.

    fault: what happens to the machine meanwhile, so long after the beginning
    """
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
    with Pool(course, assignment_id, spec_for(level, 2 if assignment_id == "probe" else 1)) as pool:
        run.isolation = pool.ready.isolation
        if run.isolation == "process-bare":
            raise NotIsolated("without namespaces these attacks would meet this machine itself")
        happening = threading.Timer(after_s, fault or (lambda pool: None), [pool])
        happening.start()
        store = Store.open(course.root / f"{assignment_id}-{level}-{device}.sqlite")
        batch = Batch(
            store,
            assignment,
            question_digests(course, assignment),
            course_secret(course),
            store.begin_run(assignment_id, "grade"),
            device=device,
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
        happening.cancel()
        happening.join()
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
    table = [line.split(None, 2) for line in listed.splitlines() if not line.endswith("<defunct>")]
    workers = [pid for pid, parent, _ in table if parent == str(host)]
    zygotes = [(pid, args) for pid, parent, args in table if parent in workers]
    below = [args for _, parent, args in table if parent in [pid for pid, _ in zygotes]]
    wrong = [args for _, args in zygotes if "grader.zygote" not in args]
    return [*below, *wrong] if level == "process" else [args for _, args in zygotes]


# ------------------------------------------------------------------------------------------------ what must hold


def check_gain(attack: Attack, row: Row) -> None:
    attacked = row.attempt.of_question(attack.question) if attack.question else row.attempt.results
    told = [(result.name, result.outcome.value, result.message) for result in attacked]
    assert {result.outcome.value for result in attacked} <= set(attack.outcomes), told
    assert add_up(result.points for result in attacked) <= attack.most_points, told
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


# ------------------------------------------------------------------------------------------------ faults of ours


def workers_of(pool: Pool) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pool.host)], capture_output=True, text=True, check=True)
    return [int(pid) for pid in listed.stdout.split()]


def containers_of(pool: Pool) -> list[str]:
    workers = [str(worker) for worker in workers_of(pool)]
    with connect() as client:
        listed = client.api.containers(filters={"label": "grader.owner"})
        return [entry["Id"] for entry in listed if entry["Labels"]["grader.owner"].split(":")[0] in workers]


def container_is_killed(pool: Pool) -> None:
    with connect() as client:
        for container in containers_of(pool):
            client.api.kill(container)


def zygote_is_killed(pool: Pool) -> None:
    """Its keeper too, which is of the same process group; the candidate has left it."""
    for worker in workers_of(pool):
        for zygote in Path(f"/proc/{worker}/task/{worker}/children").read_text().split():
            if b"grader.zygote" in Path(f"/proc/{zygote}/cmdline").read_bytes():
                os.killpg(int(zygote), signal.SIGKILL)


def worker_is_killed(pool: Pool) -> None:
    os.kill(max(workers_of(pool), key=children_of), signal.SIGKILL)


def children_of(pid: int) -> int:
    return len(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
