"""Hidden tests x one submission -> results and evidence.

The tests are collected once, in a pytest session that then waits for submissions; each is examined by a fork of that
session, which gets its candidates from the process it was forked from. So a submission costs neither imports nor
collection, and nothing that an examination does to this side's memory reaches the next one.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest

from grader.checking.margins import Margin, noted, smallest
from grader.errors import AuthoringError, MachineryError, SubmissionError
from grader.examination import at_fault
from grader.examination.channel import LOAD, Channel
from grader.examination.collecting import shares_state
from grader.examination.follow_ups import BESIDE, run_beside_reference
from grader.examination.misconceptions import Conversation, recognised
from grader.examination.pytest_plugin import Examination, Hidden, released_files
from grader.examination.replies import about_cells, read_more_errors
from grader.examination.student import load_errors
from grader.examination.stumbling import stumble
from grader.examination.task import Examined, Task
from grader.examination.transcript import Transcript, large_in
from grader.sandbox import Sandbox
from grader.schema import FLAWED, TAKEN_FOR, Assignment, Check, CheckResult, Outcome, Status
from grader.submission import notebook
from grader.submission.ipynb import DEFINED_TWICE

LONGEST_REPEATED_S = 5.0
MOST_TOLD, MAX_NOTICE = 20, 200  # errors of cells that are told in full; characters of each
MOST_IN_A_LINE = 40  # of the others
ANSWERED_OTHERWISE = "asked again for an answer that was too large to be kept, it gave another one"
NEVER_ASKED = "this call is not in the evidence"
_MAY_DEFINE = re.compile(r"^[ \t]*(?:(?:async[ \t]+)?def[ \t]+|class[ \t]+)?(\w+)[ \t]*[(:=,]", re.MULTILINE)


def examine(
    task: Task,
    hidden: Hidden,
    items: list[pytest.Item],
    sandbox: Callable[[], Sandbox],
    begun: Callable[[str], None] = lambda check: None,
    deadly: Sequence[str] = (),
) -> Examined:
    """Examine one submission with the collected tests. Every exception of ours becomes a deferred result.

    begun: hears of every check before it is run
    deadly: checks that ended the examining process before; they are not run, as if their tests failed by themselves
    """
    submission = task.submission
    if task.odd_s:
        return stumble(task, hidden, [item for item in items if _is_wanted(hidden.checks[item.nodeid], task)], begun)
    try:
        book = notebook.read(submission.content, submission.filename)
    except SubmissionError as error:
        return Examined(Status.UNREADABLE, notices=(str(error),))
    transcript = Transcript()
    for part in task.evidence:
        transcript.read(part)
    files = (*released_files(hidden.paths, hidden.assignment), *submission.extras)
    channel = Channel(hidden.assignment, book, files, _nothing if task.replay else sandbox, transcript, task.device)
    examination = Examination(channel, task.seed, hidden.close_names)
    hidden.examination = examination
    try:
        wanted = [item for item in items if _is_wanted(hidden.checks[item.nodeid], task)]
        if task.checks:
            wanted.sort(key=lambda item: -1 if shares_state(item) else task.checks.index(item.name))
        examination.deadly = frozenset(deadly)
        margins = _run(wanted, hidden, task, begun)
        begun("")
        flaws = {} if task.replay or task.first_failure else at_fault.settle(hidden, wanted, examination)
        if task.explain and not task.first_failure:
            run_beside_reference(hidden, wanted, examination, task.failing, begun)
            _name_misconceptions(hidden, examination)
        return replace(_collected(task, hidden, examination, book, flaws), margins=margins)
    finally:
        hidden.examination = None
        with contextlib.suppress(MachineryError):  # every check has its result; the sandbox is settled by its owner
            channel.close()


def _examination_of(hidden: Hidden) -> Examination:
    assert hidden.examination is not None
    return hidden.examination


def _is_wanted(check: Check, task: Task) -> bool:
    return check.question in task.questions and (not task.checks or check.name in task.checks)


def _nothing() -> Sandbox:
    raise AuthoringError(NEVER_ASKED)


def _run(
    items: list[pytest.Item], hidden: Hidden, task: Task, begun: Callable[[str], None]
) -> dict[str, tuple[Margin, ...]]:
    """Run the checks; return how near to their limits the answers were, where that is asked for.

    Questions whose share of the time was not enough are run again when all had their turn, whole, since their checks
    may share what they asked for: what was answered is not asked again.
    """
    margins: dict[str, tuple[Margin, ...]] = {}
    channel = _examination_of(hidden).channel
    question = {item: hidden.checks[item.nodeid].question for item in items}
    while items:
        channel.budget.share_among(question[item] for item in items)
        if not _run_once(items, _examination_of(hidden), task, margins, begun) or channel.budget.is_used_up:
            break
        items = [item for item in items if question[item] in channel.budget.unfinished]
        for item in items:
            channel.begin_again(item.name)
    return margins


def _run_once(
    items: list[pytest.Item],
    examination: Examination,
    task: Task,
    margins: dict[str, tuple[Margin, ...]],
    begun: Callable[[str], None],
) -> bool:
    """Run these checks; return whether there is a reason to go on."""
    for place, item in enumerate(items):
        following = items[place + 1] if place + 1 < len(items) else None
        begun(item.name)
        with noted(task.note_margins) as seen:
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
        margins[item.name] = smallest(seen)
        if examination.broken:
            return False  # the machine is at fault; asking it again will not help
        if task.first_failure and not all(result.outcome.earns for result in examination.results.values()):
            return False
    return True


def _name_misconceptions(hidden: Hidden, examination: Examination) -> None:
    """Let the hint of a failed check be that of the wrong solution that answers alike, where there is one."""
    failed: dict[str, list[Conversation]] = {}
    for result in sorted(examination.results.values(), key=lambda result: result.wall_s):  # what trains comes last
        talk = _conversation(examination.channel, result)
        if talk is not None:
            failed.setdefault(result.question, []).append(talk)
    hints = recognised(hidden.paths, hidden.assignment, failed) if failed else {}
    for check, hint in hints.items():
        examination.results[check] = replace(examination.results[check], hint=hint)


def _conversation(channel: Channel, result: CheckResult) -> Conversation | None:
    """What was said in a check that failed; None where nothing can be compared or it took too long to repeat."""
    answered = result.outcome in (Outcome.FAILED, Outcome.ERROR) and not (result.unwritten or result.passes_with)
    if not answered or result.wall_s > LONGEST_REPEATED_S:
        return None
    exchanges = []
    for key, request, _ in channel.asked.get(result.name, []):
        said = channel.transcript.find(result.name, key)
        if said is None or said.failure:
            return None
        exchanges.append((request, said.reply))
    return Conversation(result.name, tuple(exchanges)) if exchanges else None


def _collected(
    task: Task, hidden: Hidden, examination: Examination, book: notebook.Notebook, flaws: dict[str, str]
) -> Examined:
    channel = examination.channel
    place = {check.name: number for number, check in enumerate(hidden.checks.values())}
    results = tuple(sorted(examination.results.values(), key=lambda result: place[result.name]))
    notices = (*book.notices, *cell_notices(channel))
    notices += (*(_taken_for(hidden.assignment, book) if hidden.close_names else ()),)
    notices += _defined_twice(hidden.assignment, book)
    notices += tuple(f"{FLAWED}: {check}: {what}" for check, what in flaws.items())
    channel.close()
    notices += tuple(f"{check}: {ANSWERED_OTHERWISE}" for check in channel.transcript.otherwise)
    channel.transcript.bound()
    parts = {question: _names(hidden, question, task) for question in task.questions}
    transcripts = {
        question: channel.transcript.part([LOAD, *names, *(name + BESIDE for name in names)])
        for question, names in parts.items()
    }
    faults = [f"{result.name}: {result.message}" for result in results if result.outcome is Outcome.DEFERRED]
    missing = [name for names in parts.values() for name in names if name not in examination.results]
    if missing and not faults and not task.first_failure:
        faults.append(f"{missing[0]} gave no result")
    status = Status.DEFERRED if faults else Status.GRADED
    asked = {check: calls[-1][0] for check, calls in channel.asked.items() if calls}
    calls = itertools.chain.from_iterable(channel.asked.values()) if task.note_asked else ()
    requests = {key: request for key, request, _ in calls}
    return Examined(
        status,
        results,
        notices,
        channel.usage,
        transcripts,
        fault="; ".join(faults),
        asked_live=channel.answered,
        asked=asked,
        requests=requests,
        flaws=flaws,
        large={question: large_in(transcript) for question, transcript in transcripts.items()},
    )


def _names(hidden: Hidden, question: str, task: Task) -> list[str]:
    return [check.name for check in hidden.checks.values() if check.question == question and _is_wanted(check, task)]


def _defined_twice(assignment: Assignment, book: notebook.Notebook) -> tuple[str, ...]:
    """Which of the names that are asked for several cells define: a copied cell, an old version left in."""
    asked = set(assignment.names)
    may_define = {
        cell: asked.intersection(_MAY_DEFINE.findall(cell.code)) for cell in book.cells if not cell.experiment
    }
    times = Counter(itertools.chain.from_iterable(may_define.values()))
    doubtful = tuple(cell for cell, names in may_define.items() if any(times[name] > 1 for name in names))
    found = notebook.definitions(replace(book, cells=doubtful))  # parsing all would take as long as opening a candidate
    names_in: dict[tuple[int, ...], list[str]] = {}
    for name in assignment.names:
        cells = found.get(name, ())
        if len(set(cells)) > 1:
            names_in.setdefault(tuple(dict.fromkeys(cells)), []).append(name)
    return tuple(
        f"{DEFINED_TWICE}{', '.join(map(str, cells))}, of which the last counts: {', '.join(names)}"
        for cells, names in names_in.items()
    )


def _taken_for(assignment: Assignment, book: notebook.Notebook) -> Iterator[str]:
    """Which names were taken for others that are asked for and not there: the course grades close names."""
    written = {name for cell in book.cells for name in _MAY_DEFINE.findall(cell.code)}
    missing = [(each.id, name) for each in assignment.questions for name in each.names if name not in written]
    if not missing:
        return  # as nearly always; parsing all would take as long as opening a candidate
    defined = notebook.definitions(book)
    spare = sorted(set(defined).difference(assignment.names))
    for question, name in missing:
        close = notebook.nearest(name, spare)
        if close and name not in defined:
            yield f"{question}: {close} (cell {defined[close][-1]}) {TAKEN_FOR} {name}"


def cell_notices(channel: Channel) -> tuple[str, ...]:
    """What the student should know about the run of the cells: which raised, and what."""
    said = channel.load()
    if said.failure:
        return (f"running the notebook's cells: {said.message}",)
    raised = load_errors(said)
    others = [error for error in raised if not error["skipped"]][MOST_TOLD:]
    notices = list(about_cells([error for error in raised if error not in others], MAX_NOTICE))
    rest = [f"{error['cell']} ({error['type']})" for error in others]
    for start in range(0, len(rest), MOST_IN_A_LINE):
        notices.append(f"so did cells {', '.join(rest[start : start + MOST_IN_A_LINE])}")
    more = read_more_errors(said.reply)
    return (*notices, f"and {more} more") if more else tuple(notices)
