"""Marking as a whole: how far each question is, who has which pile, second readers, with or without names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from starlette.responses import RedirectResponse, Response

from grader.course.staff import Role
from grader.errors import UsageError
from grader.languages.translating import mark, tr, trc
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
    ("student", mark("by student: each one's answers to all questions to one marker")),
    ("question", mark("by question: all answers to a question to one marker")),
)
WHICH = (("rest", mark("what is in nobody's pile")), ("unmarked", mark("all that is not marked yet, dealt anew")))


def all_assignments(visit: Visit) -> Response:
    """The assignments of which people mark something."""
    there = [each for each in visit.portal.now.state.assignments.values() if each.manual]
    if len(there) == 1:
        return RedirectResponse(f"/m/{there[0].id}", 303)
    lines = [
        el(
            "li",
            el("a", f"{each.id}: {each.title}", href=f"/m/{each.id}"),
            ", ",
            tr("{n} questions", n=len(each.manual)),
        )
        for each in there
    ]
    none = el("p", tr("No assignment has a question that a person marks (manual = true in assignment.toml)."))
    return page(visit, tr("Marking"), el("ul", *lines) if lines else none)


def overview(visit: Visit) -> Response:
    """How far the marking of an assignment is, and for instructors who does it."""
    assignment = visit.assignment
    if not assignment.manual:
        raise NotThere(tr("a person marks no question of {assignment}", assignment=assignment.id))
    there = {question.id: sheets(visit, assignment, question.id) for question in assignment.manual}
    hidden = papers.anonymous(visit.portal.database, assignment.id)
    sections = [_question(visit, assignment, question, there[question.id]) for question in assignment.manual]
    names = tr("Names are hidden while this is marked.") if hidden else tr("Names are shown.")
    forms = _forms(visit, assignment, hidden) if visit.me.role is Role.INSTRUCTOR else ()
    return page(visit, tr("Marking of {assignment}", assignment=assignment.id), el("p", names), *sections, *forms)


def _question(visit: Visit, assignment: Assignment, question: Question, there: Sequence[Sheet]) -> Html:
    to = f"/m/{assignment.id}/{question.id}"
    links = [el("a", tr("Rubric, bank and papers"), href=to)]
    waiting = next_unmarked(there, 0, visit.me.id)
    if waiting is not None:
        links.append(el("a", tr("Mark the next"), href=f"{to}/{waiting.paper}"))
    if visit.me.role is Role.INSTRUCTOR:
        links.append(el("a", tr("Two readers"), href=f"{to}/agreement"))
    marked = marked_students(visit, assignment, question.id)
    done = len(marked)
    open_still = badge(tr("{n} to be marked", n=len(there) - done))
    state = badge(tr("all marked"), "good") if there and done == len(there) else open_still
    progress = el(
        "progress", value=str(done), max=max(len(there), 1), aria_label=tr("{question}: marked", question=question.id)
    )
    told = el("p", state, " ", tr("{n} of {answers}", n=done, answers=len(there)), " ", progress)
    may_know = all(asked != question.id for asked, _ in blind(visit, assignment))  # of one pair it tells the mark
    agreed = in_words(compared(history(visit, assignment, question.id)), question.points) if may_know else ""
    parts = [told, _markers(visit, assignment, question, marked, list(attempts(visit, assignment)))]
    parts += [el("p", tr("Two readers: {agreement}", agreement=agreed))] if agreed else []
    return el("section", el("h2", f"{question.id} {question.title}"), el("nav", *links, aria_label=question.id), *parts)


def _markers(visit: Visit, assignment: Assignment, question: Question, marked: set[str], there: list[str]) -> Html:
    """A row for each marker: how many of their pile are marked."""
    dealt = papers.piles(visit.portal.database, assignment.id)
    seconds = {each.about.student for each in standing(history(visit, assignment, question.id), second=True)}
    rows: dict[tuple[str, Reading], list[bool]] = {}
    for student in there:
        pair = (question.id, student)
        rows.setdefault((dealt.first.get(pair, ""), Reading.FIRST), []).append(student in marked)
        if pair in dealt.second:
            rows.setdefault((dealt.second[pair], Reading.SECOND), []).append(student in seconds)
    head = el("tr", heading(tr("pile of")), heading(tr("reading")), heading(tr("marked"), "n"), heading(tr("of"), "n"))
    lines = [
        [el("th", who or tr("nobody"), scope="row"), cell(_word(reading)), number(sum(done)), number(len(done))]
        for (who, reading), done in sorted(rows.items(), key=lambda row: (row[0][0], row[0][1] is Reading.SECOND))
    ]
    return (
        table([head], lines, label=tr("piles of {question}", question=question.id))
        if lines
        else el("p", tr("Nothing was graded yet."))
    )


def _word(reading: Reading) -> str:
    return trc("reading", "second") if reading is Reading.SECOND else trc("reading", "first")


# ---------------------------------------------------------------------------------------------------- for instructors


def _markers_of(visit: Visit) -> list[Person]:
    return visit.portal.people.of(Role.ASSISTANT, Role.INSTRUCTOR)


def _forms(visit: Visit, assignment: Assignment, hidden: bool) -> Iterator[Html]:
    staff = _markers_of(visit)
    yield el("h2", tr("Deal the piles"))
    yield form(
        visit,
        f"/m/{assignment.id}/deal",
        choice(tr("How"), "how", [(name, tr(text)) for name, text in HOW]),
        choice(tr("What"), "which", [(name, tr(text)) for name, text in WHICH]),
        el("fieldset", el("legend", tr("To whom")), *_ticks(staff)),
        el("p", tr("By question, the questions go round among those who are ticked."), class_="dim small"),
        button(tr("Deal")),
    )
    yield el("h2", tr("A second reader"))
    yield form(
        visit,
        f"/m/{assignment.id}/sample",
        choice(
            tr("Question"), "question", [(each.id, f"{each.id} {each.title}") for each in assignment.manual], of="s"
        ),
        field(tr("How many answers: a number (10) or a share (20 %)"), "size", of="s", required="required"),
        el("fieldset", el("legend", tr("By whom")), *_ticks(staff, of="s")),
        el("p", tr("Drawn by chance. Nobody reads an answer twice, or sees the other's mark."), class_="dim small"),
        button(tr("Draw the sample")),
    )
    yield el("h2", tr("Names"))
    word = tr("Show names again") if hidden else tr("Hide names while it is marked")
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
        raise UsageError(tr("how are they dealt, and which? Open the page again"))
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
        raise UsageError(tr("answers to which question?"))
    dealt = papers.piles(database, assignment.id)
    there = list(attempts(visit, assignment))
    free = [student for student in there if (question, student) not in dealt.second]
    size = papers.size_of(visit.given("size"), len(there))
    if size > len(free):
        raise UsageError(
            tr(
                "{n} answers to {question} have no second reader yet; {size} are too many",
                n=len(free),
                question=question,
                size=size,
            )
        )
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
        raise UsageError(tr("to whom? Tick somebody"))
    return chosen
