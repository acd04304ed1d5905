"""The page on which one answer is marked: the answer beside the rubric; and what is done with its forms."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from starlette.responses import RedirectResponse, Response

from grader.bookkeeping.judging import MOST_COMMENT, Given, judge, points_typed, undo
from grader.course.scheme import plain
from grader.errors import UsageError
from grader.languages.formats import figure
from grader.languages.recorded import recorded
from grader.languages.translating import mark, tr, trc
from grader.marks.manual import WAITS
from grader.marks.rubric import rule, signed
from grader.pages.markup import Html, badge, el, joined, within
from grader.portal.database import read
from grader.portal.frame import area, box, button, choice, field, form, moment, page, tick
from grader.portal.marking import bank
from grader.portal.marking.line_pages import comment_form, comments_list, numbered
from grader.portal.marking.paper import Paper, paper_of
from grader.portal.marking.pictures import pictures_of
from grader.portal.marking.sheets import Sheet, neighbours, next_unmarked, sheets
from grader.portal.staff_table import attempt_address
from grader.portal.visit import Visit
from grader.record.judgements import Judgement, Reading
from grader.record.store import Store

KEYS = 9  # items that a key of their own applies
MOST_CHARS = 100_000  # of an answer that is shown
SECOND = mark("You read this for the second time: what the first reader gave is not shown to you.")


def show(visit: Visit) -> Response:
    """One answer, its rubric, and the way to the next."""
    paper = paper_of(visit)
    there = sheets(visit, paper.assignment, paper.question.id)
    heading = el("h2", tr("What was handed in"))
    left = el(
        "section",
        heading,
        *_answer(paper),
        *comments_list(visit, paper),
        tabindex="0",
        aria_label=trc("noun", "Answer"),
    )
    right = el("section", *_marking(visit, paper, there), tabindex="0", aria_label=trc("noun", "Mark"))
    title = f"{paper.assignment.id} {paper.question.id}: {paper.called}"
    worth = figure(plain(paper.question.points))
    about = el("p", tr("{title}, {points} points", title=paper.question.title, points=worth))
    both = el("div", left, right, class_="two")
    return page(visit, title, about, _where(visit, paper, there), _asked(paper), both, wide=True)


def _asked(paper: Paper) -> Html | None:
    """The question as students read it, to be folded away."""
    if not paper.asked:
        return None
    texts = el("div", *(el("p", text, class_="asked") for text in paper.asked), class_="inside")
    return el("details", el("summary", tr("What is asked")), texts, open=True)


def _where(visit: Visit, paper: Paper, there: list[Sheet]) -> Html:
    links = [
        el(
            "a",
            tr("All papers of {question}", question=paper.question.id),
            href=f"/m/{paper.assignment.id}/{paper.question.id}",
        )
    ]
    before, after = neighbours(there, paper.number, visit.me.id)
    waiting = next_unmarked(there, paper.number, visit.me.id)
    for text, sheet, key in (
        (tr("Previous"), before, "p"),
        (tr("Next"), after, "n"),
        (tr("Next unmarked"), waiting, "u"),
    ):
        if sheet is not None:
            links.append(el("a", text, href=_address(paper, sheet), data_key=key))
    if not paper.anonymous:
        links.append(el("a", tr("The whole file"), href=attempt_address(paper.assignment.id, paper.person.id)))
    mine = [sheet for sheet in there if sheet.marker == visit.me.id]
    done = sum(sheet.points is not None for sheet in mine)
    all_done = sum(sheet.points is not None for sheet in there)
    told = (
        tr("{n} of {pile} in your pile are marked.", n=done, pile=len(mine))
        if mine
        else tr("{n} of {answers} are marked.", n=all_done, answers=len(there))
    )
    keys = tr("Keys: 1 to 9 apply an item, s saves and goes on, n, p and u go to the next, previous, next unmarked.")
    return joined([el("nav", *links, aria_label=tr("Papers")), el("p", told, " ", keys, class_="dim small")])


def _address(paper: Paper, sheet: Sheet) -> str:
    return f"/m/{paper.assignment.id}/{paper.question.id}/{sheet.paper}"


def _answer(paper: Paper) -> Iterator[Html]:
    """The cells of the answer with the numbers of their lines. It is text: nothing of it is markup."""
    answer, left = paper.answer, MOST_CHARS
    if answer.remark:
        yield el("p", badge(tr("note"), "warn"), f" {recorded(answer.remark)}", class_="small")
    for each in answer.cells or answer.everything:
        if left <= 0:
            yield el(
                "p",
                tr("Cell {cell} and what follows are left out for want of room.", cell=each.number),
                class_="dim small",
            )
            break
        text, left = each.source.rstrip()[:left], left - len(each.source)
        kind = tr("Cell {cell}, code", cell=each.number) if each.code else tr("Cell {cell}, text", cell=each.number)
        yield el("h3", kind, id=f"cell-{each.number}")
        yield numbered(text.split("\n"), [one for one in paper.comments if one.cell == each.number], each.code)
    yield from pictures_of(paper)


# ---------------------------------------------------------------------------------------------------- the mark


def _marking(visit: Visit, paper: Paper, there: list[Sheet]) -> Iterator[Html]:
    yield el("h2", trc("noun", "Mark"))
    if paper.reading is Reading.SECOND:
        yield box(el("p", tr(SECOND)))
    yield _now(paper)
    yield _form(visit, paper)
    yield el("div", _undo(visit, paper), id="mark-undo")
    to = f"/m/{paper.assignment.id}/{paper.question.id}?paper={paper.number}"
    yield el("p", el("a", tr("Change the rubric"), href=to))
    yield from comment_form(visit, paper)
    yield el("div", *_history(visit, paper), id="mark-history")


def _now(paper: Paper) -> Html:
    """What the mark is now, in words that are read out when they change."""
    worth = figure(plain(paper.question.points))
    if paper.judgement is not None and paper.judgement.points is not None:
        points = tr("{points} of {worth} points", points=figure(plain(paper.judgement.points)), worth=worth)
        settled = paper.judgement.reading is Reading.SETTLED
        sentence = tr("{points} by {who}, settled") if settled else tr("{points} by {who}")
        told = within(sentence, points=el("b", points), who=paper.judgement.who)
    elif paper.reading is not Reading.SECOND and paper.mark.points is not None:
        points = tr("{points} of {worth} points", points=figure(plain(paper.mark.points)), worth=worth)
        told = within(tr("{points} by {who}"), points=el("b", points), who=paper.mark.stands)
    else:
        earlier = paper.reading is not Reading.SECOND and paper.mark.why not in ("", WAITS)
        unmarked = badge(tr("not marked"), "warn")
        told = within(tr("{state}; at most {worth} points."), state=unmarked, worth=worth)
        told = joined([told, f" {recorded(paper.mark.why) if earlier else ''}"])
    return el("p", told, id="mark-now", role="status")


def _form(visit: Visit, paper: Paper) -> Html:
    made, rubric = paper.judgement, paper.rubric
    chosen = made.items if made else ()
    ticks = []
    for place, item in enumerate(rubric.offered, 1):
        key = el("kbd", place) if place <= KEYS else None
        words = joined([key, " ", el("b", figure(signed(item.points))), " ", item.text])
        ticks.append(
            tick(words, f"item-{item.number}", item.number in chosen, data_rubric_key=place if place <= KEYS else "")
        )
    told = el("p", recorded(rule(paper.question.points, rubric.from_full)), class_="dim small")
    nothing = el("p", tr("The rubric has no items yet; give points below, or add some.")) if not ticks else None
    items = el("fieldset", el("legend", tr("Rubric")), nothing, *ticks, told)
    besides = signed(made.besides) if made and made.besides else ""
    return form(
        visit,
        paper.address,
        *_as_seen(paper),
        items,
        field(tr("Points besides (+1, -0.5)"), "besides", besides, inputmode="decimal", autocomplete="off"),
        *_comment(visit, paper, made),
        el(
            "p",
            button(tr("Save"), name="then", value="stay"),
            " ",
            button(tr("Save and next"), name="then", value="next"),
        ),
        id_="marking",
    )


def _undo(visit: Visit, paper: Paper) -> Html | None:
    if not paper.can_undo:
        return None
    return form(visit, f"{paper.address}/undo", *_as_seen(paper), button(tr("Undo the last change"), class_="quiet"))


def _as_seen(paper: Paper) -> Iterator[Html]:
    """What a form is about: the answer and the mark that whoever sends it has before them."""
    yield el("input", type="hidden", name="seen", value=str(paper.judgement.id if paper.judgement else 0))
    yield el("input", type="hidden", name="answer", value=paper.about.answer)


def _comment(visit: Visit, paper: Paper, made: Judgement | None) -> Iterator[Html]:
    yield area(tr("Comment (the student reads it)"), "comment", made.comment if made else "", maxlength=MOST_COMMENT)
    there = bank.entries(visit.portal.database, paper.assignment.id, paper.question.id)
    if there:
        yield choice(
            tr("Add from the bank"), "bank", [("", tr("nothing")), *((str(one.id), one.short) for one in there)]
        )
    yield tick(tr("keep this comment in the bank"), "keep")


def _history(visit: Visit, paper: Paper) -> Iterator[Html]:
    if not paper.made:
        return
    timezone = visit.portal.now.state.course.timezone
    lines = []
    for each in reversed(paper.made):
        points = tr("taken back") if each.points is None else tr("{points} points", points=figure(plain(each.points)))
        named = {Reading.SECOND: tr("second reading"), Reading.SETTLED: tr("settled")}.get(each.reading, "")
        kind = f", {named}" if named else ""
        why = f" ({recorded(each.why)})" if each.why and each.points is not None else ""
        lines.append(el("li", f"{points}{kind}, {each.who}{why}, ", moment(read(each.made), timezone)))
    yield el(
        "details", el("summary", tr("What was given: {n}", n=len(lines))), el("div", el("ul", *lines), class_="inside")
    )


# ---------------------------------------------------------------------------------------------------- forms


def save(visit: Visit) -> Response:
    """Keep what was ticked and written."""
    paper = _paper_as_seen(visit)
    given, seen = _given(visit, paper), _number(visit.given("seen"))
    if not (seen or given.items or given.comment or visit.given("besides")):
        raise UsageError(tr("nothing was ticked: tick an item, or write the points, also a 0, below the rubric"))
    comment = given.comment
    if visit.given("keep") and comment:
        bank.keep(visit.portal.database, paper.assignment.id, paper.question.id, comment, visit.me.id)
    with Store.open(visit.portal.paths.record) as store:
        made = judge(store, paper.assignment, paper.about, paper.reading, given)
    _note(visit, paper, f"gave {plain(made.points or Fraction(0))} points", made.told)
    if visit.given("then") == "next":
        there = sheets(visit, paper.assignment, paper.question.id)
        following = next_unmarked(there, paper.number, visit.me.id)
        place = _address(paper, following) if following else f"/m/{paper.assignment.id}/{paper.question.id}"
        return RedirectResponse(place, 303)
    return RedirectResponse(paper.address, 303)


def take_back(visit: Visit) -> Response:
    """Go back to what was given before."""
    paper = _paper_as_seen(visit)
    with Store.open(visit.portal.paths.record) as store:
        made = undo(store, paper.assignment, paper.about, paper.reading, visit.me.id, _number(visit.given("seen")))
    left = "no points" if made.points is None else f"{plain(made.points)} points"
    _note(visit, paper, f"undid the last change: {left}", made.told)
    return RedirectResponse(paper.address, 303)


def _paper_as_seen(visit: Visit) -> Paper:
    """The paper that a form is about. Raises UsageError where another answer was handed in meanwhile."""
    paper = paper_of(visit)
    if visit.given("answer") != paper.about.answer:
        raise UsageError(tr("another answer was handed in meanwhile; open the page again, and read that one"))
    return paper


def _given(visit: Visit, paper: Paper) -> Given:
    items = [name.removeprefix("item-") for name in visit.form if name.startswith("item-")]
    comment = visit.given("comment", MOST_COMMENT + 1)
    chosen = _number(visit.given("bank"))
    if chosen:
        there = bank.entries(visit.portal.database, paper.assignment.id, paper.question.id)
        comment += "".join(f"\n{each.text}" for each in there if each.id == chosen)
    numbers = tuple(_number(name) for name in items)
    besides = points_typed(visit.given("besides", 30))
    return Given(numbers, besides, comment.strip(), visit.me.id, _number(visit.given("seen")))


def _number(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise UsageError(tr("this form is not whole; open the page again"))
    return int(text)


def _note(visit: Visit, paper: Paper, what: str, about: str) -> None:
    reading = " as second reader" if paper.reading is Reading.SECOND else ""
    where = f"{paper.question.id} of {paper.person.id}, {paper.assignment.id}"
    visit.portal.database.note(visit.me.id, f"{what}{reading} in {where}", about)
    visit.portal.now.hurry()
