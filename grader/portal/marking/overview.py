"""Marking as a whole: how far each question is, who has which pile, second readers, with or without names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from starlette.responses import RedirectResponse, Response

from grader.course.staff import Role
from grader.errors import UsageError
from grader.pages.markup import Html, badge, cell, el, heading, number, table
from grader.portal.frame import button, choice, field, form, page, tick
from grader.portal.marking import papers
from grader.portal.marking.agreement_page import in_words
from grader.portal.marking.sheets import (
    Sheet,
    attempts,
    blind,
    compared,
    history,
    marked_students,
    next_unmarked,
    sheets,
)
from grader.portal.people import Person
from grader.portal.visit import NotThere, Visit
from grader.record.judgements import Reading, standing
from grader.schema import Assignment, Question

HOW = (
    ("student", "by student: each one's answers to all questions to one marker"),
    ("question", "by question: all answers to a question to one marker"),
)
WHICH = (("rest", "what is in nobody's pile"), ("unmarked", "all that is not marked yet, dealt anew"))


def all_assignments(visit: Visit) -> Response:
    """The assignments of which people mark something."""
    there = [each for each in visit.portal.now.state.assignments.values() if each.manual]
    if len(there) == 1:
        return RedirectResponse(f"/m/{there[0].id}", 303)
    lines = [
        el("li", el("a", f"{each.id}: {each.title}", href=f"/m/{each.id}"), f", {len(each.manual)} questions")
        for each in there
    ]
    none = el("p", "No assignment has a question that a person marks (manual = true in assignment.toml).")
    return page(visit, "Marking", el("ul", *lines) if lines else none)


def overview(visit: Visit) -> Response:
    """How far the marking of an assignment is, and for instructors who does it."""
    assignment = visit.assignment
    if not assignment.manual:
        raise NotThere(f"a person marks no question of {assignment.id}")
    there = {question.id: sheets(visit, assignment, question.id) for question in assignment.manual}
    hidden = papers.anonymous(visit.portal.database, assignment.id)
    sections = [_question(visit, assignment, question, there[question.id]) for question in assignment.manual]
    names = "Names are hidden while this is marked." if hidden else "Names are shown."
    forms = _forms(visit, assignment, hidden) if visit.me.role is Role.INSTRUCTOR else ()
    return page(visit, f"Marking of {assignment.id}", el("p", names), *sections, *forms)


def _question(visit: Visit, assignment: Assignment, question: Question, there: Sequence[Sheet]) -> Html:
    to = f"/m/{assignment.id}/{question.id}"
    links = [el("a", "Rubric, bank and papers", href=to)]
    waiting = next_unmarked(there, 0, visit.me.id)
    if waiting is not None:
        links.append(el("a", "Mark the next", href=f"{to}/{waiting.paper}"))
    if visit.me.role is Role.INSTRUCTOR:
        links.append(el("a", "Two readers", href=f"{to}/agreement"))
    marked = marked_students(visit, assignment, question.id)
    done = len(marked)
    state = badge("all marked", "good") if there and done == len(there) else badge(f"{len(there) - done} to be marked")
    progress = el("progress", value=str(done), max=max(len(there), 1), aria_label=f"{question.id}: marked")
    told = el("p", state, f" {done} of {len(there)} ", progress)
    may_know = all(asked != question.id for asked, _ in blind(visit, assignment))  # of one pair it tells the mark
    agreed = in_words(compared(history(visit, assignment, question.id)), question.points) if may_know else ""
    parts = [told, _markers(visit, assignment, question, marked, list(attempts(visit, assignment)))]
    parts += [el("p", f"Two readers: {agreed}")] if agreed else []
    return el("section", el("h2", f"{question.id} {question.title}"), el("nav", *links, aria_label=question.id), *parts)


def _markers(visit: Visit, assignment: Assignment, question: Question, marked: set[str], there: list[str]) -> Html:
    """A row for each marker: how many of their pile are marked."""
    dealt = papers.piles(visit.portal.database, assignment.id)
    seconds = {each.about.student for each in standing(history(visit, assignment, question.id), second=True)}
    rows: dict[tuple[str, str], list[bool]] = {}
    for student in there:
        pair = (question.id, student)
        rows.setdefault((dealt.first.get(pair, ""), "first"), []).append(student in marked)
        if pair in dealt.second:
            rows.setdefault((dealt.second[pair], "second"), []).append(student in seconds)
    head = el("tr", heading("pile of"), heading("reading"), heading("marked", "n"), heading("of", "n"))
    lines = [
        [el("th", who or "nobody", scope="row"), cell(reading), number(sum(done)), number(len(done))]
        for (who, reading), done in sorted(rows.items())
    ]
    return table([head], lines, label=f"piles of {question.id}") if lines else el("p", "Nothing was graded yet.")


# ---------------------------------------------------------------------------------------------------- for instructors


def _markers_of(visit: Visit) -> list[Person]:
    return visit.portal.people.of(Role.ASSISTANT, Role.INSTRUCTOR)


def _forms(visit: Visit, assignment: Assignment, hidden: bool) -> Iterator[Html]:
    staff = _markers_of(visit)
    yield el("h2", "Deal the piles")
    yield form(
        visit,
        f"/m/{assignment.id}/deal",
        choice("How", "how", HOW),
        choice("What", "which", WHICH),
        el("fieldset", el("legend", "To whom"), *_ticks(staff)),
        el("p", "By question, the questions go round among those who are ticked.", class_="dim small"),
        button("Deal"),
    )
    yield el("h2", "A second reader")
    yield form(
        visit,
        f"/m/{assignment.id}/sample",
        choice("Question", "question", [(each.id, f"{each.id} {each.title}") for each in assignment.manual], of="s"),
        field("How many answers: a number (10) or a share (20 %)", "size", of="s", required="required"),
        el("fieldset", el("legend", "By whom"), *_ticks(staff, of="s")),
        el("p", "Drawn by chance. Nobody reads an answer twice, or sees the other's mark.", class_="dim small"),
        button("Draw the sample"),
    )
    yield el("h2", "Names")
    word = "Show names again" if hidden else "Hide names while it is marked"
    on = el("input", type="hidden", name="anonymous", value="" if hidden else "on")
    yield form(visit, f"/m/{assignment.id}/names", on, button(word, class_="quiet"))


def _ticks(staff: Sequence[Person], of: str = "") -> Iterator[Html]:
    """Everybody of the staff, the assistants ticked."""
    for place, person in enumerate(staff):
        yield tick(person.called, f"marker-{place}", person.role is Role.ASSISTANT, of)


def deal(visit: Visit) -> Response:
    """Give everybody a pile."""
    assignment, database = visit.assignment, visit.portal.database
    chosen, how, which = _chosen(visit), visit.given("how"), visit.given("which")
    if how not in dict(HOW) or which not in dict(WHICH):
        raise UsageError("how are they dealt, and which? Open the page again")
    questions, there = [each.id for each in assignment.manual], list(attempts(visit, assignment))
    if how == "student":
        dealt = papers.by_student(there, questions, chosen)
    else:
        dealt = papers.by_question(there, {name: chosen[at % len(chosen)] for at, name in enumerate(questions)})
    first = papers.piles(database, assignment.id).first
    if which == "rest":
        dealt = {pair: marker for pair, marker in dealt.items() if pair not in first}
    else:
        marked = {each.id: marked_students(visit, assignment, each.id) for each in assignment.manual}
        dealt = {pair: marker for pair, marker in dealt.items() if pair[1] not in marked[pair[0]]}
    seconds = papers.piles(database, assignment.id).second
    dealt = papers.apart(dealt, seconds, chosen)
    changed = papers.deal(database, assignment.id, dealt, Reading.FIRST, visit.me.id)
    database.note(visit.me.id, f"dealt {changed} answers of {assignment.id}", f"by {how}, to {', '.join(chosen)}")
    return RedirectResponse(f"/m/{assignment.id}", 303)


def sample(visit: Visit) -> Response:
    """Draw answers that a second reader marks too."""
    assignment, database = visit.assignment, visit.portal.database
    question = next((each.id for each in assignment.manual if each.id == visit.given("question")), "")
    if not question:
        raise UsageError("answers to which question?")
    dealt = papers.piles(database, assignment.id)
    there = list(attempts(visit, assignment))
    free = [student for student in there if (question, student) not in dealt.second]
    size = papers.size_of(visit.given("size"), len(there))
    if size > len(free):
        raise UsageError(f"{len(free)} answers to {question} have no second reader yet; {size} are too many")
    first = {student: {dealt.first.get((question, student), "")} for student in free}
    for each in history(visit, assignment, question):
        first.setdefault(each.about.student, set()).add(each.who)
    drawn = papers.draw(free, size, first, _chosen(visit))
    pairs = {(question, student): marker for student, marker in drawn.items()}
    papers.deal(database, assignment.id, pairs, Reading.SECOND, visit.me.id)
    database.note(visit.me.id, f"drew {len(drawn)} answers to {question}, {assignment.id}, for a second reader", "")
    return RedirectResponse(f"/m/{assignment.id}", 303)


def names(visit: Visit) -> Response:
    """Hide names while an assignment is marked, or show them again."""
    papers.set_anonymous(visit.portal.database, visit.assignment.id, bool(visit.given("anonymous")), visit.me.id)
    return RedirectResponse(f"/m/{visit.assignment.id}", 303)


def _chosen(visit: Visit) -> list[str]:
    chosen = [person.id for place, person in enumerate(_markers_of(visit)) if visit.given(f"marker-{place}")]
    if not chosen:
        raise UsageError("to whom? Tick somebody")
    return chosen
