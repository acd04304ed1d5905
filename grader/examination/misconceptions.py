"""Known mistakes recognised: when a failed check was answered as a wrong solution of ours answers it, its hint is told.

The requests of the check are repeated to every wrong solution of the question, beside the reference's other answers,
and the replies compared with the submission's. All of it is our code, no student's; it runs in a fork with a deadline,
because wrong solutions may hang like any other.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from grader import wire
from grader.candidate.cells import TimeLimit, run_cells
from grader.candidate.serve import Candidate
from grader.course import isolation, known_solutions
from grader.course.master import beside, master_cells
from grader.examination.matching import same_answer
from grader.examination.probes import OURS, as_sent
from grader.paths import Paths
from grader.schema import Assignment

WHOLE_CPU_S = 4  # for all questions of a submission together
WHOLE_S = 60.0  # the same on the wall, for a machine that is busy
ONE_CPU_S = 0.5  # for one wrong solution and all failed checks of its question
LOAD_S = 10.0
ANSWER_BYTES = 64 << 20


class OtherwiseAsked(BaseException):
    """A wrong solution calls a function that was handed to it otherwise than the submission did."""


@dataclass(frozen=True)
class Conversation:
    """What was asked in one check, and what the submission replied."""

    check: str
    exchanges: tuple[tuple[bytes, bytes], ...]  # (encoded request, reply)


def recognised(paths: Paths, assignment: Assignment, failed: dict[str, list[Conversation]]) -> dict[str, str]:
    """The hint of the wrong solution that answers alike, by check; `failed` holds conversations by question."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _become_matcher(paths, assignment, failed, writing)
    os.close(writing)
    try:
        said = read_until(reading, time.monotonic() + WHOLE_S)
    finally:
        os.close(reading)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    found: dict[str, str] = {}
    for line in said.decode("utf-8").split("\n")[:-1]:  # what stands behind the last line's end is cut off
        check, _, hint = line.partition("\t")
        found[check] = hint
    return found


def read_until(reading: int, deadline: float) -> bytes:
    """What another process writes until it is done or the deadline (time.monotonic) has passed."""
    said = b""
    while select.select([reading], [], [], max(0.0, deadline - time.monotonic()))[0]:
        part = os.read(reading, 65536)
        if not part:
            break
        said += part
    return said


def _become_matcher(
    paths: Paths, assignment: Assignment, failed: dict[str, list[Conversation]], writing: int
) -> NoReturn:
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (WHOLE_CPU_S, WHOLE_CPU_S))
        master = [(cell.number, cell.code) for cell in master_cells(paths, assignment.id)]
        with beside(paths, assignment.id):
            for place, (question, conversations) in enumerate(failed.items()):
                solutions = known_solutions.wrong(paths, assignment.id, question)
                beside_it = assignment.names_beside(question)
                now_s = time.process_time()
                until_s = now_s + (WHOLE_CPU_S - ONE_CPU_S - now_s) / (len(failed) - place)
                for check, hint in _matches(master, beside_it, solutions, conversations, until_s):
                    os.write(writing, f"{check}\t{hint}\n".encode())
    except BaseException:  # noqa: BLE001 - a wrong solution may raise anything; then the check's own hint stays
        pass
    finally:
        os._exit(0)


@dataclass
class _Program:
    """The names of a notebook with a solution in it, and the processor time that it may still take."""

    names: dict[str, Any]
    left_s: float = ONE_CPU_S


def _matches(
    master: list[tuple[int, str]],
    beside_it: list[str],
    solutions: Sequence[known_solutions.KnownSolution],
    conversations: Sequence[Conversation],
    until_s: float,
) -> Iterator[tuple[str, str]]:
    """(check, hint of the wrong solution of its question that answers most of the failed checks alike).

    Check by check in the order of `conversations`, all solutions each; the later word on a check counts. It ends when
    this process has taken until_s of processor time, with what is known by then.
    """
    candidate = Candidate(ANSWER_BYTES, 0)
    run_cells(candidate.module, master, LOAD_S)
    here = vars(candidate.module)
    right = _Program(dict(here), until_s - time.process_time())
    here["_right"] = isolation.isolate_questions(here, beside_it)
    before = dict(here)
    programs = []
    for solution in solutions:
        here.clear()
        here.update(before)
        run_cells(candidate.module, list(enumerate(solution.cells)), LOAD_S)
        programs.append(_Program(dict(here)))
    alike_in: dict[str, list[known_solutions.KnownSolution]] = {}
    for talk in conversations:
        if _answers_in_time(candidate, talk, right):  # the check failed for another reason
            continue
        for solution, wrong in zip(solutions, programs, strict=True):
            if time.process_time() > until_s:
                return
            if _answers_in_time(candidate, talk, wrong):
                alike_in.setdefault(talk.check, []).append(solution)
        matched = Counter(solution.id for found in alike_in.values() for solution in found)
        for check, found in alike_in.items():
            yield check, max(found, key=lambda solution: (check in solution.fails, matched[solution.id])).text


def _answers_in_time(candidate: Candidate, talk: Conversation, program: _Program) -> bool:
    """Whether this program answers alike before its time is over."""
    here = vars(candidate.module)
    here.clear()
    here.update(program.names)
    begun_s = time.process_time()
    try:
        with contextlib.suppress(TimeLimit), _within(program.left_s):
            return _answers_alike(candidate, talk)
        return False
    finally:
        program.left_s -= time.process_time() - begun_s
        program.names = dict(here)


def _answers_alike(candidate: Candidate, talk: Conversation) -> bool:
    candidate.scope = ""
    exchanges = list(reversed(talk.exchanges))
    expected = b""

    def next_request() -> bytes:
        nonlocal expected
        request, expected = exchanges.pop()
        return wire.extend(as_sent(request, OURS), {"id": 0, "scope": talk.check})

    def converse(said: bytes) -> bytes:
        if not (same_answer(said, expected) and exchanges):
            raise OtherwiseAsked
        return next_request()

    candidate.converse = converse
    while exchanges:
        request = next_request()
        if not same_answer(candidate.answer(request), expected):
            return False
    return True


@contextlib.contextmanager
def _within(cpu_s: float) -> Iterator[None]:
    def interrupt(number: int, frame: Any) -> None:
        raise TimeLimit(f"{cpu_s} s are over")

    if cpu_s <= 0:
        raise TimeLimit("no time is left")
    signal.signal(signal.SIGPROF, interrupt)
    signal.setitimer(signal.ITIMER_PROF, cpu_s, 0.1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
