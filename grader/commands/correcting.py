"""`status`, `diff`: where a batch stands, and what changed between two runs."""

from __future__ import annotations

import argparse
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from grader.bookkeeping.marking import Marking
from grader.bookkeeping.timing import deadlines_of, timings
from grader.cluster.board import boards
from grader.course.config import read_assignment, read_course
from grader.course.sheets import read_roster
from grader.errors import UsageError
from grader.exit_codes import DONE, NEEDS_A_PERSON
from grader.languages.formats import figure
from grader.languages.recorded import said
from grader.languages.translating import mark, tr
from grader.marks.changes import by_hand
from grader.marks.marksheet import clean
from grader.paths import Paths, find_root
from grader.record.overrides import in_force
from grader.record.store import Run, Store
from grader.schema import FLAWED, Assignment, Attempt, Outcome, Status
from grader.terminal import colour, screen, tables
from grader.terminal.endings import ended

MOST_NAMED = 20  # students in a line
COUNTED: Mapping[str, Callable[[dict[str, Any]], int]] = {  # columns of the table of all assignments
    mark("handed in"): lambda document: document["handed_in"],
    **{state.value: itemgetter(state.value) for state in Status},
    mark("not graded yet"): lambda document: len(document["waiting"]),
    mark("to be marked"): lambda document: sum(document["wait_for_a_mark_by_hand"].values()),
    mark("nothing handed in"): lambda document: len(document["nothing_handed_in"]),
    mark("not on roster"): lambda document: len(document["not_on_the_roster"]),
}
ALWAYS = ("handed in", Status.GRADED.value)  # although nobody is
BY_HAND = " by hand"
NAMED = {  # of the document: those that are named, and what they are
    "waiting": mark("not graded yet"),
    "nothing_handed_in": mark("nothing handed in"),
    "not_on_the_roster": mark("not on the roster"),
    "late": mark("late"),
    "extensions": mark("with a later deadline"),
}
RUN_STATES = (mark("done"), mark("interrupted"), mark("failed"), mark("did not end: still going on, or killed"))


def status(chosen: argparse.Namespace) -> int:
    """Print where an assignment stands, or all of them; 1 when something waits for a person or for the machine."""
    paths = Paths(find_root())
    if chosen.assignment is None:
        return _status_of_all(paths, chosen)
    assignment = read_assignment(paths, chosen.assignment)
    at_work = boards(paths)
    if at_work and not paths.record.exists():  # nodes get ready before anything is recorded
        if chosen.json:
            print(json.dumps({"assignment": assignment.id, "clusters": at_work}, indent=1))
        else:
            colour.show("".join(f"{clean(line)}\n" for shown in at_work for line in _cluster_lines(shown)).lstrip())
        return NEEDS_A_PERSON
    document = _document(paths, assignment, at_work)
    if chosen.json:
        print(json.dumps(document, indent=1, ensure_ascii=False))
    else:
        colour.show(_status_page(document))
    return NEEDS_A_PERSON if _unsettled(document) else DONE


def _status_of_all(paths: Paths, chosen: argparse.Namespace) -> int:
    """A row for each assignment with questions, without columns that hold nothing but zeros."""
    assignments = [read_assignment(paths, name) for name in read_course(paths).assignments]
    documents = [_document(paths, each, []) for each in assignments if each.questions]
    if chosen.json:
        print(json.dumps({"assignments": documents}, indent=1, ensure_ascii=False))
    else:
        told = [name for name, counted in COUNTED.items() if name in ALWAYS or any(map(counted, documents))]
        rows = [[each["assignment"], *(str(COUNTED[name](each)) for name in told)] for each in documents]
        head = [tr("assignment"), *map(_column, told)]
        table = tables.table(head, rows, right=range(1, len(told) + 1), high=True)
        colour.show(table + "".join(f"{clean(line)}\n" for line in _missing_lines(documents)))
    return NEEDS_A_PERSON if any(map(_unsettled, documents)) else DONE


def _missing_lines(documents: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Who has handed in nothing: a line for each assignment, with as many as have room there."""
    missing = {each["assignment"]: each["nothing_handed_in"] for each in documents if each["nothing_handed_in"]}
    if not missing:
        return
    everybody = {each["assignment"] for each in documents if len(each["nothing_handed_in"]) == each["roster"]}
    yield ""
    yield tr("nothing handed in (--json names all):")
    wide = max(map(tables.width_of, missing))
    for name, students in missing.items():
        who = tr("everybody") if name in everybody else tables.that_fit(students, tables.screen_width() - wide - 4)
        yield f"  {tables.padded(name, wide)}  {who}"


def _column(name: str) -> str:
    """The heading of a column: the word for a state, or what COUNTED calls it."""
    states = {state.value: state for state in Status}
    return ended(states[name]) if name in states else tr(name)


def _document(paths: Paths, assignment: Assignment, at_work: list[dict[str, Any]]) -> dict[str, Any]:
    """Where one assignment stands. at_work: the clusters that grade now"""
    with Store.open(paths.record, read_only=True) as store:
        handed_in = store.current_digests(assignment.id)
        marking = Marking.read(paths, store, assignment)
        current = store.current_attempts(assignment.id)
        attempts = {student: marking.completed(stored.attempt) for student, stored in current.items()}
        runs = store.runs(assignment.id)
        timing = timings(paths, store, assignment.id)
        extended = deadlines_of(paths).extended
    counted = Counter(attempt.status for attempt in attempts.values())
    roster = [student.id for student in read_roster(paths)] if paths.roster_csv.exists() else []
    return {
        "assignment": assignment.id,
        "roster": len(roster),
        "handed_in": len(handed_in),
        **{state.value: counted[state] for state in Status},
        "waiting": sorted(set(handed_in) - set(attempts)),
        "wait_for_a_mark_by_hand": {
            question.id: sum(question.id in attempt.waiting for attempt in attempts.values())
            for question in assignment.manual
        },
        "nothing_handed_in": sorted(set(roster) - set(handed_in)),
        "not_on_the_roster": sorted(set(handed_in) - set(roster)) if roster else [],
        "late": {student: its.words for student, its in sorted(timing.items()) if its.days},
        "extensions": {who: each.words for (who, name), each in sorted(extended.items()) if name == assignment.id},
        "hidden_tests_to_be_mended": _flawed(attempts.values()),
        "incidents": {who: attempt.notices[-1] for who, attempt in sorted(attempts.items()) if _incident(attempt)},
        "clusters": at_work,
        "runs": [_run_entry(run) for run in runs],
    }


def _unsettled(document: dict[str, Any]) -> bool:
    """Whether something waits for a person or for the machine."""
    states = ("waiting", Status.DEFERRED.value, Status.OUTDATED.value, "not_on_the_roster")
    return any(document[name] for name in states) or any(document["wait_for_a_mark_by_hand"].values())


def _listed(students: Sequence[str]) -> str:
    more = len(students) - MOST_NAMED
    some = ", ".join(students[:MOST_NAMED])
    return tr("{names} and {n} more (--json has all)", names=some, n=more) if more > 0 else some


def _incident(attempt: Attempt) -> bool:
    return attempt.status is not Status.GRADED and bool(attempt.notices)


def _flawed(attempts: Iterable[Attempt]) -> dict[str, int]:
    """Hidden tests that failed by themselves over an answer, by check: over how many submissions."""
    notices = [notice for attempt in attempts for notice in attempt.notices if notice.startswith(FLAWED)]
    found = Counter(notice.removeprefix(f"{FLAWED}: ").partition(":")[0] for notice in notices)
    return dict(sorted(found.items()))


def _run_entry(run: Run) -> dict[str, Any]:
    state = run.state or RUN_STATES[-1]
    return {"run": run.id, "command": run.command, "started": run.started, "ended": run.ended, "state": state}


def _status_page(document: dict[str, Any]) -> str:
    counts = [(tr("roster"), document["roster"]), (tr("handed in"), document["handed_in"])]
    counts += [(ended(status), document[status.value]) for status in Status]
    lines = [document["assignment"], *(f"  {count:5}  {name}" for name, count in counts)]
    for name, words in NAMED.items():
        if document[name]:
            lines.append(f"  {len(document[name]):5}  {tr(words)}: {_listed(list(document[name]))}")
    for question, count in document["wait_for_a_mark_by_hand"].items():
        due = tr("to be marked by hand: {questions}", questions=question)
        lines += [f"  {count:5}  {due}"] if count else []
    for check, count in document["hidden_tests_to_be_mended"].items():
        mend = tr("over whose answer a hidden test failed by itself; it is to be mended: {check}", check=check)
        lines.append(f"  {count:5}  {mend}")
    if document["incidents"]:
        together: dict[str, list[str]] = {}
        for who, what in document["incidents"].items():
            together.setdefault(what, []).append(who)
        lines += ["", *(f"  {_listed(students)}: {said(what)}" for what, students in together.items())]
    lines += [line for shown in document["clusters"] for line in _cluster_lines(shown)]
    rows = [[str(run["run"]), run["command"], run["started"], tr(run["state"])] for run in document["runs"][-10:]]
    text = "".join(
        f"{tables.fitted(clean(line), deeper=7 if line[:7].strip().isdigit() else 2).rstrip()}\n" for line in lines
    )
    return text + "\n" + tables.table([tr("run"), tr("command"), tr("started"), tr("state")], rows)


def _cluster_lines(shown: dict[str, Any]) -> Iterator[str]:
    """What a cluster is doing: a line for each slot, and for each node that has none."""
    yield ""
    page = shown["dashboard"] or tr("none")
    yield tr("{assignment} on a cluster; Dask's page of it: {page}", assignment=shown["assignment"], page=page)
    for node in shown["nodes"]:
        if node["state"] != "ready":
            yield f"  {node['node']}: {said(node['state'])}"
        else:
            yield from (f"  {each['slot']}: {each['busy_with'] or tr('idle')}" for each in node["slots"])


def diff(chosen: argparse.Namespace) -> int:
    """Print what changed between two runs: the gradebook as it was after each."""
    paths = Paths(find_root())
    with Store.open(paths.record, read_only=True) as store:
        runs = {run.id: run for run in store.runs()}
        before, after = (_run(runs, number) for number in (chosen.before, chosen.after))
        if before.assignment != after.assignment:
            raise UsageError(f"run {before.id} is about {before.assignment}, run {after.id} about {after.assignment}")
        students = store.current_digests(before.assignment)
        marking = Marking.read(paths, store, read_assignment(paths, before.assignment))
        until = {run.id: later.started for run, later in itertools.pairwise(store.runs(before.assignment))}
        spans = [(run, until.get(run.id, "")) for run in (before, after)]
        pairs = {student: [_as_of(marking, student, *span) for span in spans] for student in sorted(students)}
    rows = [row for student, (old, new) in pairs.items() for row in _changes(student, old, new)]
    if chosen.json:
        names = ("student", "what", "before", "after")
        print(json.dumps([dict(zip(names, row, strict=True)) for row in rows], indent=1, ensure_ascii=False))
    else:
        both = [tr("run {n}", n=run.id) for run in (before, after)]
        colour.show(tables.table([tr("student"), tr("what"), *both], [*map(_shown, rows)], right=(2, 3)))
        screen.tell(f"{len({row[0] for row in rows})} of {len(pairs)} students changed")
    return DONE


def _run(runs: dict[int, Run], number: int) -> Run:
    if number not in runs:
        there_is = ", ".join(map(str, runs)) or "none"
        raise UsageError(f"no run {number} on record; there is: {there_is}")
    return runs[number]


@dataclass(frozen=True)
class _Then:
    """A student's marks as they were after a run: the attempt, its points, what people had changed by then."""

    attempt: Attempt | None = None
    points: str = "-"
    changed: Mapping[str, str] = field(default_factory=dict)  # by question

    @property
    def outcomes(self) -> dict[str, str]:
        return {result.name: result.outcome.value for result in self.attempt.results} if self.attempt else {}


def _as_of(marking: Marking, student: str, run: Run, until: str) -> _Then:
    """The student's last attempt up to and including a run, with what people gave and what they changed.

    until: when the next run began, "" if none did: what was changed before that was so after this run
    """
    history = marking.store.history(student, run.assignment)
    upto = [stored for stored in history if stored.run <= run.id and not stored.deferred]
    if not upto:
        return _Then()
    attempt = marking.completed(max(upto, key=lambda stored: stored.id).attempt)
    changes = [
        change for change in marking.store.all_overrides(run.assignment, student) if not until or change.made < until
    ]
    made = [each for each in by_hand(attempt, marking.assignment, in_force(changes)) if each.changes]
    changed = {each.question: f"{screen.plain(each.before)} -> {screen.plain(each.after)}" for each in made}
    return _Then(attempt, screen.or_waiting(marking.total(attempt, in_force(changes))), changed)


def _shown(row: Sequence[str]) -> list[str]:
    """A row as a person reads it; --json has it as it is."""
    student, what, *both = row
    name = what.removesuffix(BY_HAND)
    what = tr("points") if what == "points" else tr("{question} by hand", question=name) if name != what else what
    words = {each.value: ended(each) for each in Outcome} | {"open": tr("open")}
    return [student, what, *(words.get(cell, figure(cell)) for cell in both)]


def _changes(student: str, old: _Then, new: _Then) -> list[list[str]]:
    """One row for the points, one for each check whose outcome changed; beside them what people changed."""
    rows = []
    if old.points != new.points:
        rows.append([student, "points", old.points, new.points])
    for name in {**old.outcomes, **new.outcomes}:
        if old.outcomes.get(name) != new.outcomes.get(name):
            rows.append([student, name, old.outcomes.get(name, "-"), new.outcomes.get(name, "-")])
    both = {**old.changed, **new.changed}
    people = [[student, f"{name}{BY_HAND}", old.changed.get(name, "-"), new.changed.get(name, "-")] for name in both]
    return [*rows, *people] if rows or old.changed != new.changed else []
