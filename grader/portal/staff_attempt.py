"""One attempt: the code with line numbers beside the checks; points changed by hand; who comes before and after."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from grader.bookkeeping.changes import Wanted, change, changed_question, delta_of, points_of
from grader.bookkeeping.extending import extend
from grader.bookkeeping.marking import Marking
from grader.bookkeeping.works import work_of
from grader.collect.times import late_minutes, shown_late
from grader.course.scheme import plain
from grader.dashboard.links import Links
from grader.dashboard.student_page import NO_WORK, attempt_parts
from grader.dashboard.work import Work, by_hand
from grader.errors import SubmissionError, UsageError
from grader.languages.formats import figure
from grader.languages.recorded import recorded, said
from grader.languages.translating import mark, tr
from grader.pages.markup import Html, badge, el, joined, within
from grader.portal.frame import area, box, button, choice, field, form, moment, page
from grader.portal.marking.line_pages import attempt_section
from grader.portal.marking.sheets import blind, masked
from grader.portal.people import Person
from grader.portal.staff_table import attempt_address, chosen_rows
from grader.portal.visit import NotThere, Visit
from grader.record.store import HandIn, Store
from grader.schema import WHOLE, Assignment, Attempt, Kind, Submission
from grader.submission import notebook
from grader.submission.answers import Answer
from grader.terminal.screen import total_of

LOCK = threading.Lock()  # two who extend at once: the second finds what the first wrote
NO_LINKS = Links(course=False, assignments=(), students=frozenset())
HOW = (
    ("add", mark("add points (+2, -0.5)")),
    ("set", mark("set the points to")),
    ("comment", mark("comment only")),
    ("note", mark("note only, which no student reads")),
    ("undo", mark("take back")),
)


@dataclass(frozen=True)
class Seen:
    """What is on record of one student and one assignment."""

    attempt: Attempt | None
    submission: Submission | None
    told: HandIn | None
    answers: dict[str, Answer]
    work: Work = NO_WORK
    changes: int = 0  # by hand so far, with those that were taken back


def attempt_page(visit: Visit) -> Response:
    """Everything about one student's work at one assignment, and what can be done about it."""
    assignment, person = visit.assignment, visit.student
    seen = _seen(visit, assignment, person)
    title = f"{assignment.id}: {person.called}"
    left = el("section", el("h2", tr("What was handed in")), *_code(assignment, seen), tabindex="0")
    parts = list(_checks(assignment, seen))
    forms = [*_by_hand(visit, assignment, person, seen.changes), *_more_time(visit, assignment, person)]
    lines = attempt_section(visit, assignment, person, seen.submission)
    right = el("section", *parts, *forms, *lines, tabindex="0")

    where, facts = _where(visit, assignment, person), _facts(visit, assignment, seen)
    return page(visit, title, where, *facts, el("div", left, right, class_="two"), wide=True)


def _seen(visit: Visit, assignment: Assignment, person: Person) -> Seen:
    paths = visit.portal.paths
    if not paths.record.exists():
        return Seen(None, None, None, {})
    with Store.open(paths.record, read_only=True) as store:
        digest = store.current_digests(assignment.id).get(person.id)
        told = store.hand_ins(assignment.id).get(person.id)
        submission = store.submission(digest, person.id, assignment.id) if digest else None
        stored = store.current_attempt(person.id, assignment.id)
        marking = Marking.read(paths, store, assignment)
        work = work_of(store, marking, person.id, stored)
        changes = len(store.all_overrides(assignment.id, person.id))
        if stored is None:
            return Seen(None, submission, told, {}, work, changes)
        hidden = blind(visit, assignment)
        attempt = masked(marking.completed(stored.attempt), hidden)
        work = replace(work, attempts=()) if hidden else work  # their points tell the mark
        return Seen(attempt, submission, told, marking.answers(stored.attempt), work, changes)


def _where(visit: Visit, assignment: Assignment, person: Person) -> Html:
    """Links to the one before and the one after, in the order of the table that one came from."""
    asked = {name: visit.request.query_params[name] for name in ("find", "sort") if name in visit.request.query_params}
    rows = [row.person.id for row in chosen_rows(visit, assignment)]
    place = rows.index(person.id) if person.id in rows else 0
    links = [el("a", tr("All students"), href=f"/s/{assignment.id}?{urlencode(asked)}")]
    for text, at, key in ((tr("Previous"), place - 1, "p"), (tr("Next"), place + 1, "n")):
        if 0 <= at < len(rows):
            to = f"{attempt_address(assignment.id, rows[at])}&{urlencode(asked)}"
            links.append(el("a", f"{text}: {rows[at]}", href=to, rel="prev" if key == "p" else "next", data_key=key))
    as_student = f"/s/{assignment.id}/as-student?{urlencode({'student': person.id})}"
    links.append(el("a", tr("What the student reads"), href=as_student))
    return el("nav", *links, aria_label=tr("Attempts"))


def _facts(visit: Visit, assignment: Assignment, seen: Seen) -> Iterator[Html]:
    if seen.submission is None:
        yield box(el("p", tr("Nothing was handed in.")))
        return
    timezone = visit.portal.now.state.course.timezone
    told: list[object] = [el("bdi", seen.submission.filename), ", ", seen.submission.digest[:12]]
    if seen.told and seen.told.time:
        late = late_minutes(seen.told.time, visit.portal.access.deadline(seen.submission.student, assignment.id))
        told += [
            ", ",
            within(tr("received {time}"), time=moment(seen.told.time, timezone)),
            f" ({recorded(seen.told.source)})",
        ]
        told += [" ", badge(tr("{time} late", time=shown_late(late)), "warn")] if late else []
    file = f"/s/{assignment.id}/file?{urlencode({'student': seen.submission.student})}"
    yield el("p", *told, ". ", el("a", tr("The file"), href=file))
    if seen.attempt is not None:
        of = tr("{points} of {worth} points", points=total_of(seen.attempt), worth=figure(plain(assignment.max_points)))
        yield el("p", within(tr("{points} as graded"), points=el("b", of)))


def _code(assignment: Assignment, seen: Seen) -> Iterator[Html]:
    """Every code cell with the numbers of its lines. It is text: nothing of it is markup."""
    if seen.submission is None:
        return
    try:
        book = notebook.read(seen.submission.content, seen.submission.filename)
    except SubmissionError as reason:
        yield box(el("p", said(reason)), kind="bad")
        return
    yield _places(assignment, book)
    for each in (cell for cell in book.cells if not cell.experiment):  # these are not run
        lines = each.source.rstrip().split("\n")
        body = joined((el("span", f"{line}\n", class_="l", data_n=number) for number, line in enumerate(lines, 1)))
        yield el("h3", tr("Cell {cell}", cell=each.number), id=f"cell-{each.number}")
        yield el("pre", body, class_="code", tabindex="0")


def _places(assignment: Assignment, book: notebook.Notebook) -> Html:
    """In which cells the names of each question are."""
    defined = notebook.definitions(book)
    found = {
        question.id: dict.fromkeys(number for name in question.names for number in defined.get(name, ()))
        for question in assignment.questions
    }
    places = (joined((name, ": ", _cells(numbers) if numbers else tr("nowhere"))) for name, numbers in found.items())
    return el("span", joined(places, "; "), class_="small")


def _cells(numbers: Iterable[int]) -> Html:
    return joined((el("a", tr("cell {cell}", cell=number), href=f"#cell-{number}") for number in numbers), ", ")


def _checks(assignment: Assignment, seen: Seen) -> Iterator[Html]:
    if seen.attempt is None:
        yield box(el("p", tr("Not graded yet.")))
        yield from by_hand(seen.work)
        return
    yield from attempt_parts(assignment, seen.attempt, NO_LINKS, seen.answers, seen.work)


# ---------------------------------------------------------------------------------------------------- by hand


def _by_hand(visit: Visit, assignment: Assignment, person: Person, changes: int) -> Iterator[Html]:
    names = [(question.id, f"{question.id} {question.title}") for question in assignment.tested]
    yield el("h2", tr("Change points by hand"))
    yield form(
        visit,
        f"/s/{assignment.id}/override?{urlencode({'student': person.id})}",
        el("input", type="hidden", name="seen", value=str(changes)),
        choice(tr("Question"), "question", [*names, (WHOLE, tr("the whole assignment"))]),
        choice(tr("How"), "how", [(name, tr(text)) for name, text in HOW]),
        field(tr("Points"), "points", inputmode="decimal", autocomplete="off"),
        area(tr("Reason (the student reads it)"), "reason", maxlength=1000),
        area(tr("Note for the staff alone (no student reads it)"), "note", maxlength=1000),
        button(tr("Change")),
    )


def _more_time(visit: Visit, assignment: Assignment, person: Person) -> Iterator[Html]:
    """A later deadline for this student, where there is one at all."""
    state = visit.portal.now.state
    if assignment.id not in state.course.deadlines:
        return
    extension = state.deadlines.extended.get((person.id, assignment.id))
    yield el("h2", tr("More time"))
    yield el("p", recorded(extension.words)) if extension else el("p", tr("The deadline is everybody's."))
    yield form(
        visit,
        f"/s/{assignment.id}/extend?{urlencode({'student': person.id})}",
        field(tr("Until (on the course's clock)"), "until", kind="datetime-local", required="required"),
        field(tr("Reason"), "reason", required="required", maxlength=300),
        button(tr("Extend")),
    )


def extend_deadline(visit: Visit) -> Response:
    """Give a student more time: a line of extensions.csv, as if it had been written there by hand."""
    assignment, person = visit.assignment, visit.student
    until, reason = visit.given("until"), " ".join(visit.needed("reason", tr("why? Write a reason")).split())
    with LOCK:
        extend(visit.portal.paths, person.id, assignment.id, until.replace("T", " "), reason[:300])
    visit.portal.database.note(visit.me.id, f"extended {assignment.id} for {person.id} to {until}", reason)
    visit.portal.now.hurry()
    return RedirectResponse(attempt_address(assignment.id, person.id), 303)


def override(visit: Visit) -> Response:
    """Record a change of points, in the name of whoever is signed in."""
    assignment, person = visit.assignment, visit.student
    wanted = wanted_change(
        visit, assignment, person.id, visit.given("how"), visit.given("points"), visit.given("reason")
    )
    record_change(visit, assignment, wanted)
    return RedirectResponse(attempt_address(assignment.id, person.id), 303)


def wanted_change(visit: Visit, assignment: Assignment, student: str, how: str, points: str, reason: str) -> Wanted:
    """What a form asks for. Raises UsageError unless that is one thing."""
    question = changed_question(assignment, visit.given("question"))
    note = visit.given("note", 1000)
    if how == "note":
        reason, note = note, ""
    if not reason and how != "undo":
        raise UsageError(tr("why? Write a reason, which the student reads; a note alone is for the staff alone"))
    kind, delta = {
        "add": lambda: (Kind.ADD, delta_of(points)),
        "set": lambda: (Kind.SET, points_of(points, assignment, question)),
        "comment": lambda: (Kind.COMMENT, Decimal(0)),
        "note": lambda: (Kind.NOTE, Decimal(0)),
        "undo": lambda: (Kind.UNDO, Decimal(0)),
    }.get(how, _nothing)()
    return Wanted(student, question, kind, delta, reason or None, visit.me.id, note)


def _nothing() -> tuple[Kind, Decimal]:
    raise UsageError(tr("what is to be done? Choose one of: {names}", names=", ".join(name for name, _ in HOW)))


def record_change(visit: Visit, assignment: Assignment, wanted: Wanted) -> None:
    portal = visit.portal
    with Store.open(portal.paths.record) as store, store.at_once():
        there = len(store.all_overrides(assignment.id, wanted.student))
        if visit.given("seen") not in ("", str(there)):
            raise UsageError(tr("points were changed meanwhile, or this form was sent twice; open the page again"))
        made = change(portal.paths, store, assignment, wanted)
    last = made.taken_back or made.after[-1]
    what = f"{wanted.kind.name.lower()} {wanted.delta} in {wanted.question} of {wanted.student}, {assignment.id}"
    portal.database.note(visit.me.id, what, wanted.reason or last.reason)
    portal.now.hurry()


# ---------------------------------------------------------------------------------------------------- files


def handed_in_file(visit: Visit) -> Response:
    """What a student handed in, as a file to keep; never shown as a page."""
    seen = _seen(visit, visit.assignment, visit.student)
    if seen.submission is None:
        raise NotThere(tr("nothing was handed in"))
    from starlette.responses import FileResponse  # for the header with the file's name

    plain_name = seen.submission.filename.rsplit("/", 1)[-1]
    header = FileResponse("/", filename=plain_name).headers["content-disposition"]
    return Response(
        seen.submission.content, media_type="application/octet-stream", headers={"content-disposition": header}
    )
