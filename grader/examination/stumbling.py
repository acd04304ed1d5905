"""Whether hidden tests fall over odd answers: a recorded conversation is judged again, with one answer changed.

No student's code runs, and none of the reference's: the answers come from a transcript in the order in which they were
given, whatever is asked. A test that has asked all that was asked before is over.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from grader import wire
from grader.examination.channel import LOAD, Channel
from grader.examination.collecting import shares_state
from grader.examination.odd_answers import odd
from grader.examination.student import StudentFault
from grader.examination.task import Examined, Task
from grader.examination.transcript import Said, Transcript
from grader.schema import BROKEN, Assignment, Outcome, Status
from grader.submission.notebook import Notebook

if TYPE_CHECKING:
    import pytest

    from grader.examination.pytest_plugin import Hidden

ALIKE = 3  # answers to one kind of request that are changed, however often a check makes it
LEAST = 2  # odd answers that every check meets, however little time there is


class Recorded(Channel):
    """Says again what was said, in that order; one answer is another one."""

    def __init__(self, assignment: Assignment, said: dict[str, list[Said]]) -> None:
        super().__init__(assignment, Notebook(()), (), _nobody, Transcript())
        self.said = said
        self.odd: tuple[str, int, bytes] = ("", 0, b"")  # check, place, reply
        self.heard: dict[str, list[str]] = {}  # check -> what it asked for, in order

    def ask(
        self,
        check: str,
        request: dict[str, Any],
        limit_s: float,
        refer: Callable[[Any], wire.Ref] | None = None,
        function: str = "",
    ) -> Said:
        wire.encode(request, 1 << 30, refer)  # as when it is sent
        place = len(self.heard.setdefault(check, []))
        self.heard[check].append(_wanted(request))
        if (check, place) == self.odd[:2]:
            return Said(self.odd[2])
        if place >= len(self.said.get(check, ())):
            raise StudentFault(Outcome.TIMEOUT, "there is no more to be heard")
        return self.said[check][place]

    def load(self) -> Said:
        return self.said[LOAD][0]


def _nobody() -> Any:
    raise AssertionError("a conversation that is repeated opens no sandbox")


def _wanted(request: dict[str, Any]) -> str:
    """What a request asks for, in a word."""
    target = request.get("target", request.get("name", request.get("operator", "")))
    return target if isinstance(target, str) else request["op"]


def stumble(task: Task, hidden: Hidden, items: list[pytest.Item], begun: Callable[[str], None]) -> Examined:
    """Judge a task's evidence with odd answers, for `task.odd_s` seconds each check; `flaws` says what they fell over.

    Its keys are "check\\nthe odd answer", in words.
    """
    transcript = Transcript()
    for part in task.evidence:
        transcript.read(part)
    said = {check: list(exchanges.values()) for check, exchanges in transcript.checks.items()}
    flaws: dict[str, str] = {}
    faults = []
    together = [item for item in items if shares_state(item)]
    for unit in filter(None, [*([item] for item in items if item not in together), together]):
        channel = _judge(hidden, unit, task, said)
        broken = [name for name, result in _results(hidden).items() if not result.outcome.earns]
        if broken:
            faults.append(f"{broken[0]} does not pass the answers that it passed before")
            continue
        deadline = time.monotonic() + task.odd_s * len(unit)
        for number, (check, place, words, reply) in enumerate(_in_disorder(said, channel.heard)):
            if number >= LEAST and time.monotonic() > deadline:
                break
            begun(check)
            _judge(hidden, unit, task, said, (check, place, reply))
            for name, result in _results(hidden).items():
                if result.message.startswith(BROKEN):
                    flaws.setdefault(f"{name}\n{words}", result.message.removeprefix(f"{BROKEN}: "))
    begun("")
    return Examined(Status.DEFERRED if faults else Status.GRADED, fault="; ".join(faults), flaws=flaws)


def _results(hidden: Hidden) -> dict[str, Any]:
    assert hidden.examination is not None
    return hidden.examination.results


def _judge(
    hidden: Hidden,
    items: list[pytest.Item],
    task: Task,
    said: dict[str, list[Said]],
    odd_one: tuple[str, int, bytes] = ("", 0, b""),
) -> Recorded:
    """Run the checks on the conversation; the results are those of the examination then."""
    from _pytest.runner import runtestprotocol

    from grader.examination.pytest_plugin import Examination

    channel = Recorded(hidden.assignment, said)
    channel.odd = odd_one
    hidden.examination = Examination(channel, task.seed)
    for number, item in enumerate(items):
        if number + 1 < len(items):
            runtestprotocol(item, log=False, nextitem=items[number + 1])
        else:
            runtestprotocol(item, log=False, nextitem=_elsewhere(item))
    return channel


def _elsewhere(item: pytest.Item) -> pytest.Item | None:
    """A test of another file: what the fixtures of this one keep goes, what those of the session keep stays."""
    return next((other for other in item.session.items if other.path != item.path), None)


def _in_disorder(said: dict[str, list[Said]], heard: dict[str, list[str]]) -> Iterator[tuple[str, int, str, bytes]]:
    """(check, place, in words, reply) for every odd answer; in no order, so that all kinds come early."""
    found: list[tuple[bytes, str, int, str]] = []
    times: Counter[tuple[str, str]] = Counter()
    for check, asked in heard.items():
        for place, wanted in enumerate(asked):
            times[check, wanted] += 1
            if times[check, wanted] <= ALIKE:
                for words, _ in _odd_values(said[check][place]):
                    text = f"{check}/{place}/{words}".encode()
                    found.append((hashlib.blake2b(text, digest_size=8).digest(), check, place, words))
    for _, check, place, words in sorted(found):
        reply = wire.decode(said[check][place].reply, lambda ref: ref)
        value = next(value for shown, value in _odd_values(said[check][place]) if shown == words)
        with contextlib.suppress(wire.WireError):  # no candidate could send it
            encoded = wire.encode({**reply, "value": value}, 1 << 30, lambda ref: ref)
            yield check, place, f"{heard[check][place]}: {words}", encoded


def _odd_values(said: Said) -> Iterator[tuple[str, Any]]:
    reply = wire.decode(said.reply, lambda ref: ref) if said.reply else {}
    if "value" in reply:
        yield from odd(reply["value"])
