"""Comments on lines of the student's file: on the page of a paper, and on the page of an attempt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from starlette.responses import RedirectResponse, Response

from grader.bookkeeping.line_comments import MOST_TEXT, comment_on, on_lines, take_back
from grader.errors import UsageError
from grader.feedback.page import visible
from grader.languages.translating import tr
from grader.pages.markup import Html, el, joined
from grader.portal.frame import area, button, choice, field, form
from grader.portal.marking import bank
from grader.portal.marking.paper import Paper, paper_of
from grader.portal.marking.sheets import blind
from grader.portal.people import Person
from grader.portal.staff_table import attempt_address
from grader.portal.visit import NotThere, Visit
from grader.record.judgements import LineComment
from grader.record.store import Store
from grader.schema import WHOLE, Assignment, Submission

DIGITS = 16  # of the digest of the file whose lines somebody has before them


def numbered(lines: Sequence[str], comments: Sequence[LineComment] = (), code: bool = True) -> Html:
    """Lines with their numbers, and behind each what was said of it. code: else a text, whose lines are wrapped"""
    shown: list[Html] = []
    for number, line in enumerate(lines, 1):
        shown.append(el("span", f"{line}\n", class_="l", data_n=number))
        shown += [
            el("span", f"{each.who}: {' '.join(each.text.split())}\n", class_="said-of-line")
            for each in comments
            if each.line == number
        ]
    return el("pre", joined(shown), class_="code" if code else "code text", tabindex="0")


def _listed(visit: Visit, comments: Sequence[LineComment], action: str) -> Iterator[Html]:
    """The comments, each with a way to take it back."""
    for each in comments:
        hidden = el("input", type="hidden", name="comment", value=each.id)
        named = tr("Take back: {text}", text=each.text[:60])
        back = form(visit, action, hidden, button(tr("Take back"), class_="quiet", aria_label=named))
        about = tr("the whole") if each.question == WHOLE else each.question
        where = el("a", tr("cell {cell}, line {line}", cell=each.cell, line=each.line), href=f"#cell-{each.cell}")
        code = el("code", visible(each.code.strip()))
        yield el("li", el("p", where, f", {about}, {each.who}: ", code), el("p", each.text, class_="said"), back)


def _form(visit: Visit, action: str, submission: Submission, *more: Html | None) -> Html:
    file = el("input", type="hidden", name="file", value=submission.digest[:DIGITS])
    cell = field(tr("Cell"), "cell", of="l", kind="number", min=1, required="required")
    line = field(tr("Line"), "line", of="l", kind="number", min=1, required="required")
    text = area(tr("Comment on the line"), "text", of="l", maxlength=MOST_TEXT, rows=2)
    return form(
        visit, action, file, el("div", cell, line, class_="inline"), *more, text, button(tr("Comment on the line"))
    )


# ---------------------------------------------------------------------------------------------------- of a paper


def comments_list(visit: Visit, paper: Paper) -> Iterator[Html]:
    """What was said of lines of this file, so far as it is about this question or the whole."""
    mine = [each for each in paper.comments if each.question in (paper.question.id, WHOLE)]
    if mine:
        yield el("h3", tr("Comments on lines"))
        yield el("ul", *_listed(visit, mine, f"{paper.address}/line-back"), class_="words")


def comment_form(visit: Visit, paper: Paper) -> Iterator[Html]:
    yield el("h3", tr("Comment on a line"))
    there = bank.entries(visit.portal.database, paper.assignment.id, paper.question.id)
    chosen = [("", tr("nothing")), *((str(one.id), one.short) for one in there)]
    from_bank = choice(tr("From the bank"), "bank", chosen, of="l") if there else None
    yield _form(visit, f"{paper.address}/line", paper.submission, from_bank)


def on_paper(visit: Visit) -> Response:
    """Comment on a line of a paper; about the question that is marked."""
    paper = paper_of(visit)
    there = bank.entries(visit.portal.database, paper.assignment.id, paper.question.id)
    chosen = [each.text for each in there if str(each.id) == visit.given("bank")]
    text = "\n".join([*chosen, visit.given("text", MOST_TEXT + 1)])
    _comment(visit, paper.assignment, paper.submission, paper.question.id, text)
    return RedirectResponse(f"{paper.address}", 303)


def back_on_paper(visit: Visit) -> Response:
    paper = paper_of(visit)
    _take_back(visit, paper.submission)
    return RedirectResponse(paper.address, 303)


# ---------------------------------------------------------------------------------------------------- of an attempt


def attempt_section(
    visit: Visit, assignment: Assignment, person: Person, submission: Submission | None
) -> Iterator[Html]:
    """What was said of lines of what a student handed in, and a form to say more; for every question."""
    if submission is None:
        return
    hidden = {question for question, student in blind(visit, assignment) if student == person.id}
    with Store.open(visit.portal.paths.record, read_only=True) as store:
        there = [
            each
            for each in on_lines(store, submission)
            if each.question not in hidden or each.who == visit.me.id
        ]  # fmt: skip
    query = attempt_address(assignment.id, person.id).partition("?")[2]
    yield el("h2", tr("Comments on lines"))
    if there:
        yield el("ul", *_listed(visit, there, f"/s/{assignment.id}/line-back?{query}"), class_="words")
    names = [(each.id, f"{each.id} {each.title}") for each in assignment.questions]
    about = choice(tr("About"), "question", [*names, (WHOLE, tr("the whole file"))], of="l")
    yield _form(visit, f"/s/{assignment.id}/line?{query}", submission, about)


def on_attempt(visit: Visit) -> Response:
    """Comment on a line of what counts for a student."""
    assignment, person = visit.assignment, visit.student
    question = visit.needed("question", tr("which question is it about?"))
    _comment(visit, assignment, _submission(visit), question, visit.given("text", MOST_TEXT + 1))
    return RedirectResponse(attempt_address(assignment.id, person.id), 303)


def back_on_attempt(visit: Visit) -> Response:
    _take_back(visit, _submission(visit))
    return RedirectResponse(attempt_address(visit.assignment.id, visit.student.id), 303)


def _submission(visit: Visit) -> Submission:
    """What counts for the student whom the address names. Raises NotThere."""
    assignment, person = visit.assignment.id, visit.student.id
    with Store.open(visit.portal.paths.record, read_only=True) as store:
        digest = store.current_digests(assignment).get(person)
        if digest is None:
            raise NotThere(tr("nothing was handed in"))
        return store.submission(digest, person, assignment)


def _comment(visit: Visit, assignment: Assignment, submission: Submission, question: str, text: str) -> None:
    cell, line = _whole(visit.given("cell")), _whole(visit.given("line"))
    if visit.given("file") != submission.digest[:DIGITS]:
        raise UsageError(tr("another file was handed in meanwhile, with other lines; open the page again"))
    with Store.open(visit.portal.paths.record) as store:
        comment_on(store, assignment, submission, (cell, line), question, text, visit.me.id)
    where = f"cell {cell}, line {line} of {submission.student}, {assignment.id}"
    visit.portal.database.note(visit.me.id, f"commented on {where}", text.strip())


def _take_back(visit: Visit, submission: Submission) -> None:
    with Store.open(visit.portal.paths.record) as store:
        gone = take_back(store, submission, _whole(visit.given("comment")), visit.me.id)
    where = f"cell {gone.cell}, line {gone.line} of {submission.student}, {submission.assignment}"
    visit.portal.database.note(visit.me.id, f"took back a comment on {where}", gone.text)


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise UsageError(tr("which cell, and which line? Both are numbers, as they stand beside the code"))
    return int(text)
