"""Failures that may follow from an earlier question: their checks are run once more, beside the reference's functions.

Where a question fails and the student's code for it calls functions of earlier questions that fail, too, its checks
meet a fresh candidate, all of them in their order, in which the reference's definitions stand in the place of the
student's for all names of those earlier questions. What failed and passes then is said to, and earns its points where
the course forgives follow-up errors.

The judgement stays where it is: the same tests judge, from outside, in a process of the examination's. What enters the
sandbox is the part of the reference that defines those names, compiled and without comments, and nothing of the
question that is judged or of a later one. What the student's code learns of it comes out as one bit for each check that
failed. The exchanges are part of the evidence, under a name of their own, so that they are judged again like others.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from grader import wire
from grader.course.master import master_cells
from grader.course.reference_parts import taken_out
from grader.errors import MachineryError, SubmissionError
from grader.examination.budget import RUNNING
from grader.examination.channel import LOAD, TOO_MUCH, Channel
from grader.examination.transcript import Said
from grader.paths import Paths
from grader.schema import BROKEN, BY_ITSELF, FORGIVEN, OFF, PASSES_WITH, Assignment, CheckResult, Outcome, Question
from grader.submission.uses import reached, used

if TYPE_CHECKING:
    import pytest

    from grader.examination.pytest_plugin import Examination, Hidden

BESIDE = ", beside the reference"  # ends the name of such a check in transcripts
USED_UP = re.compile(r"\b(?:is|are) used up\b")  # as `budget` says it
NOT_PUT = "the reference's functions could not be put in place"
PUT = '''
def put_in_place(nb):
    """Bind these names of the notebook to what is defined below, also in its tables, defaults and bases."""
    import operator

    ours, names = globals(), nb._module.__dict__
    kinds = (type, type(put_in_place))
    new = {id(names[name]): ours[name] for name in NAMES if isinstance(names.get(name), kinds)}

    def with_ours(thing, depth):
        if id(thing) in new:
            return new[id(thing)]
        if depth and type(thing) in (list, tuple) and len(thing) < MOST:
            return type(thing)([with_ours(part, depth - 1) for part in thing])
        if depth and type(thing) is dict and len(thing) < MOST:
            return {key: with_ours(part, depth - 1) for key, part in thing.items()}
        return thing

    for name, thing in list(names.items()):
        if name[:2] == "__" or name in NAMES:
            continue
        names[name] = with_ours(thing, DEPTH)
        if type(thing) is kinds[1] and thing.__defaults__:
            thing.__defaults__ = with_ours(thing.__defaults__, DEPTH)
        if isinstance(thing, type) and thing.__module__ == "__main__":
            bases = with_ours(thing.__bases__, 1)
            if any(map(operator.is_not, bases, thing.__bases__)):
                thing.__bases__ = bases
    for name in NAMES:
        names[name] = ours[name]
'''
MOST, DEPTH = 1000, 3  # entries of a table that is looked through, and tables in it


class Beside(Channel):
    """A submission whose candidates have the reference's definitions of some names; `source` puts them in place."""

    def __init__(self, first: Channel, source: str) -> None:
        super().__init__(first.assignment, first.notebook, first.files, first.sandbox, first.transcript, first.device)
        self.budget, self.began, self.received = first.budget, first.began, first.received
        self.source = source
        self.without: set[str] = set()  # checks for which they could not be put in place

    def ask(
        self,
        check: str,
        request: dict[str, Any],
        limit_s: float,
        refer: Callable[[Any], wire.Ref] | None = None,
        function: str = "",
    ) -> Said:
        if check == LOAD:
            return super().ask(check, request, limit_s, refer, function)
        name = check + BESIDE
        if name not in self.asked:
            put = {"op": "run", "seed": 0, "source": self.source, "name": "put_in_place", "args": [], "kwargs": {}}
            if not _is_done(super().ask(name, put, self.assignment.limits.call_s)):
                self.without.add(name)
        if name in self.without:
            return Said(b"", Outcome.PROTOCOL.value, NOT_PUT)
        return super().ask(name, request, limit_s, refer, function)


def _is_done(said: Said) -> bool:
    """Whether the reply says that nothing went wrong."""
    if said.failure:
        return False
    try:
        reply = wire.decode(said.reply, lambda ref: ref)
    except wire.WireError:
        return False
    return type(reply) is dict and "fault" not in reply and reply.get("value", reply) is None


# ------------------------------------------------------------------------------------------------ what may follow


def origins(
    assignment: Assignment, question_id: str, uses: Mapping[str, frozenset[str]], failing: Collection[str]
) -> tuple[Question, ...]:
    """The earlier failing questions whose names the student's code for a question uses. uses: as `used` has it"""
    names = reached(assignment.question(question_id).names, uses)
    earlier = assignment.before(question_id)
    return tuple(each for each in earlier if each.id in failing and names.intersection(each.names))


def source_for(paths: Paths, assignment: Assignment, question_id: str, beside: Sequence[Question]) -> str:
    """What puts the reference's names of `beside` in place.

    "" where there is no reference, or where it would bring more than names of questions that come before this one.
    """
    names = tuple(name for question in beside for name in question.names)
    try:
        part = taken_out(master_cells(paths, assignment.id), names)
    except (OSError, SubmissionError, SyntaxError):
        return ""
    earlier = [name for question in assignment.before(question_id) for name in question.names]
    others = set(assignment.names).difference(earlier)
    if part.binds & others or not part.binds.issuperset(names):
        return ""
    put = PUT.replace("NAMES", repr(names)).replace("MOST", str(MOST)).replace("DEPTH", str(DEPTH))
    return f"{put.lstrip()}\n{part.source}\n"


# ------------------------------------------------------------------------------------------------ running


def run_beside_reference(
    hidden: Hidden,
    items: Sequence[pytest.Item],
    examination: Examination,
    also_failing: Collection[str],
    begun: Callable[[str], None],
) -> None:
    """Run the checks of follow-up failures again, and say so in the results of those that pass.

    also_failing: questions that are not examined now, and fail
    """
    results, channel, assignment = examination.results, examination.channel, hidden.assignment
    if assignment.follow_up_errors == OFF:
        return
    failed = {name for name, result in results.items() if is_failure(result)}
    failing = {results[name].question for name in failed}.union(also_failing)
    if len(failing) < 2 or channel.load().failure or any(map(_of_machine, results.values())):
        return
    uses = used(channel.notebook, [name for question in assignment.tested for name in question.names])
    todo = {
        question.id: [item for item in items if item.name in results and results[item.name].question == question.id]
        for question in assignment.tested
        if any(results[name].question == question.id for name in failed)
        and origins(assignment, question.id, uses, failing)
    }
    channel.close()
    channel.budget.share_among(todo)
    for question, of in todo.items():
        beside = origins(assignment, question, uses, failing)
        source = source_for(hidden.paths, assignment, question, beside) if beside else ""
        if source and not channel.budget.is_used_up:
            again = replace(examination, channel=Beside(channel, source), results={}, crashes={})
            _run(hidden, of, examination, again, begun)
            of_it = failed.intersection(item.name for item in of)
            for name in of_it:
                results[name] = _settled(assignment, beside, results[name], again)
            if all(results[name].passes_with for name in of_it):
                failing.discard(question)  # its own code is right: what fails over it does so for the same reason


def is_failure(result: CheckResult) -> bool:
    """Whether a check failed over what it asked for, and not because nothing could be asked any more."""
    if result.outcome.earns or result.outcome is Outcome.DEFERRED or result.message.startswith(f"{RUNNING}: "):
        return False
    if result.outcome is Outcome.PROTOCOL and result.message == TOO_MUCH:
        return False
    return not (result.outcome is Outcome.TIMEOUT and USED_UP.search(result.message))


def _of_machine(result: CheckResult) -> bool:
    return result.outcome is Outcome.DEFERRED and not result.message.startswith(BROKEN)


def _run(
    hidden: Hidden,
    items: Sequence[pytest.Item],
    examination: Examination,
    again: Examination,
    begun: Callable[[str], None],
) -> None:
    """Run checks in `again`, and count what that takes for `examination`."""
    from _pytest.runner import runtestprotocol

    todo = [item for item in items if item.name + BESIDE not in examination.deadly]
    hidden.examination = again
    try:
        for place, item in enumerate(todo):
            begun(item.name + BESIDE)
            runtestprotocol(item, log=False, nextitem=todo[place + 1] if place + 1 < len(todo) else None)
            if again.broken:
                return
    finally:
        begun("")
        hidden.examination = examination
        examination.own_cpu_s = again.own_cpu_s
        _add_usage(examination.channel, again.channel)


def _settled(
    assignment: Assignment, beside: Sequence[Question], before: CheckResult, again: Examination
) -> CheckResult:
    """The result of a check, now that it is known how it ends beside the reference's functions."""
    after = again.results.get(before.name)
    forgiven = assignment.follow_up_errors == FORGIVEN
    if after is not None and after.outcome.earns:
        names = ", ".join(question.id for question in beside)
        message = f"{PASSES_WITH}{names}{before.message and BY_ITSELF + before.message}"
        counts = forgiven and _asks_for_own(again.channel, assignment, before)
        return replace(before, outcome=Outcome.PASSED if counts else before.outcome, message=message, hint="")
    if after is not None and _of_machine(after) and forgiven:
        return replace(before, outcome=Outcome.DEFERRED, message=after.message)
    return before


def _asks_for_own(channel: Channel, assignment: Assignment, result: CheckResult) -> bool:
    """Whether a check asked for a name of its own question; else it would judge the reference alone."""
    own = assignment.question(result.question).names
    return any(name in own for name in _names_in(channel, result.name + BESIDE))


def _names_in(channel: Channel, check: str) -> Iterator[str]:
    for _, request, _ in channel.asked.get(check, ())[1:]:  # the first one puts the reference's in place
        asked = wire.decode(request, lambda ref: ref)
        yield from (asked[key] for key in ("target", "name") if type(asked.get(key)) is str)
        yield from (value for value in asked.get("args", ()) if type(value) is str)
        yield from re.findall(r"\w+", asked.get("source", ""))


def _add_usage(channel: Channel, other: Channel) -> None:
    """Close the other channel, and count for the first one what it used."""
    with contextlib.suppress(MachineryError):  # every check has its result; the sandbox is settled by its owner
        other.close()
    channel.cpu_s += other.cpu_s
    channel.wall_s += other.wall_s
    channel.peak_mib = max(channel.peak_mib, other.peak_mib)
    channel.answered += other.answered
