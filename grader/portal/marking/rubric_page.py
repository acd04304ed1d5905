"""One question: its rubric, which may change while it is marked; its bank of comments; its papers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from starlette.responses import RedirectResponse, Response

from grader.bookkeeping.judging import (
    MOST_TEXT,
    Moved,
    Rubric,
    points_typed,
    rubric_of,
    set_from_full,
    set_item,
    users,
)
from grader.course.scheme import plain
from grader.errors import UsageError
from grader.languages.formats import figure
from grader.languages.recorded import recorded
from grader.languages.translating import mark, tr, trn
from grader.marks.rubric import rule, signed
from grader.pages.markup import Html, badge, cell, el, heading, joined, number, table
from grader.portal.database import read
from grader.portal.frame import area, button, choice, field, form, moment, page
from grader.portal.marking import bank, papers
from grader.portal.marking.sheets import Sheet, next_unmarked, question_of, sheets
from grader.portal.visit import Visit
from grader.record.judgements import Item, Judgements, Reading
from grader.record.store import Store
from grader.schema import Assignment, Question

BASES = (("none", mark("none of the points; items add")), ("all", mark("all of the points; items take off")))


def question_page(visit: Visit) -> Response:
    """The rubric, the bank and the papers of a question."""
    assignment, question = visit.assignment, question_of(visit)
    record = visit.portal.paths.record
    with Store.open(record, read_only=record.exists()) as store:  # a rubric may be there before anything is handed in
        rubric, having = rubric_of(store, assignment, question.id), users(store, assignment.id, question.id)
        versions = Judgements(store).versions(assignment.id, question.id)
    there = sheets(visit, assignment, question.id)
    return page(
        visit,
        f"{assignment.id} {question.id}: {question.title}",
        _where(visit, assignment, question, there),
        el("h2", tr("Rubric")),
        *_rubric(visit, assignment, rubric, having, versions),
        *_bank(visit, assignment, question),
        *_papers(visit, assignment, question, there),
        wide=True,
    )


def _address(assignment: Assignment, question: Question) -> str:
    return f"/m/{assignment.id}/{question.id}"


def _where(visit: Visit, assignment: Assignment, question: Question, there: Sequence[Sheet]) -> Html:
    links = [el("a", tr("Marking of {assignment}", assignment=assignment.id), href=f"/m/{assignment.id}")]
    waiting, paper = next_unmarked(there, 0, visit.me.id), visit.request.query_params.get("paper", "")
    if any(paper == str(sheet.paper) for sheet in there):
        links.append(
            el("a", tr("Back to paper {number}", number=paper), href=f"{_address(assignment, question)}/{paper}")
        )
    if waiting is not None:
        to = f"{_address(assignment, question)}/{waiting.paper}"
        links.append(el("a", tr("Next unmarked"), href=to, data_key="u"))
    return el("nav", *links, aria_label=tr("Marking"))


# ---------------------------------------------------------------------------------------------------- the rubric


def _rubric(
    visit: Visit, assignment: Assignment, rubric: Rubric, having: dict[int, int], versions: Sequence[Item]
) -> Iterator[Html]:
    to = f"{_address(assignment, rubric.question)}/rubric"
    yield el("p", recorded(rule(rubric.question.points, rubric.from_full)))
    keys = {item.number: place for place, item in enumerate(rubric.offered, 1)}
    for item in sorted(rubric.items.values(), key=lambda item: (item.retired, item.number)):
        mine = [each for each in versions if each.number == item.number]
        yield _item(visit, to, item, keys.get(item.number), having.get(item.number, 0), mine)
    yield el("h3", tr("A new item"))
    yield form(
        visit,
        to,
        _hidden("item", 0),
        field(
            tr("Points (+2, -0.5, 0)"), "points", of="0", required="required", inputmode="decimal", autocomplete="off"
        ),
        field(tr("Text (the student reads it)"), "text", of="0", required="required", maxlength=MOST_TEXT),
        button(tr("Add the item")),
    )
    yield el("h3", tr("Where the rubric begins"))
    begin = choice(
        tr("It counts from"), "base", [(name, tr(text)) for name, text in BASES], "all" if rubric.from_full else "none"
    )
    yield form(visit, f"{to}-base", begin, button(tr("Change"), class_="quiet"))


def _item(visit: Visit, to: str, item: Item, key: int | None, having: int, versions: Sequence[Item]) -> Html:
    """An item, with the forms that change it."""
    place = str(item.number)
    kbd = joined([el("kbd", key), " "]) if key is not None and key <= 9 else None
    state = joined([" ", badge(tr("retired"), "warn")]) if item.retired else None
    has = trn("{n} mark has it", "{n} marks have it", having)
    head = el(
        "p", kbd, el("b", figure(signed(item.points))), " ", item.text, state, " ", el("span", has, class_="dim small")
    )
    counts = tr("A change counts for nobody.") if item.retired else tr("A change changes the marks of all who have it.")
    change = form(
        visit,
        to,
        _hidden("item", item.number),
        field(tr("Points"), "points", signed(item.points), of=place, required="required", inputmode="decimal"),
        field(tr("Text"), "text", item.text, of=place, required="required", maxlength=MOST_TEXT),
        el("p", counts, class_="dim small"),
        button(tr("Change"), aria_label=tr("Change item {number}", number=item.number)),
    )
    back = ("back", tr("Bring back"), tr("Bring back item {number}", number=item.number))
    retire = ("retire", tr("Retire"), tr("Retire item {number}", number=item.number))
    word, told, named = back if item.retired else retire
    end = form(
        visit,
        f"{to}-{word}",
        _hidden("item", item.number),
        button(told, class_="quiet", aria_label=named),
    )
    parts = [change, end, *_versions(visit, to, item, versions)]
    details = el(
        "details", el("summary", tr("Change item {number}", number=item.number)), el("div", *parts, class_="inside")
    )
    return el("div", head, details, class_="box")


def _versions(visit: Visit, to: str, item: Item, versions: Sequence[Item]) -> Iterator[Html]:
    """What the item was, with a way back to the version before."""
    if len(versions) < 2:
        return
    timezone = visit.portal.now.state.course.timezone
    gone = f" ({tr('retired')})"
    lines = [
        el("li", f"{figure(signed(each.points))} {each.text}{gone if each.retired else ''}, {each.who}, ",
           moment(read(each.made), timezone))
        for each in reversed(versions)
    ]  # fmt: skip
    before = versions[-2]
    yield el("ul", *lines, class_="small")
    if (before.points, before.text) != (item.points, item.text):
        was = f"{figure(signed(before.points))} {before.text[:60]}"
        yield form(
            visit,
            to,
            _hidden("item", item.number),
            _hidden("points", before.points),
            _hidden("text", before.text),
            button(tr("Undo: {what}", what=was), class_="quiet"),
        )


def _hidden(name: str, value: object) -> Html:
    return el("input", type="hidden", name=name, value=str(value))  # a 0 stays


def change_item(visit: Visit) -> Response:
    """Make an item, or change what it says and counts, for everybody who has it."""
    there, item = _item_of(visit)
    points = points_typed(visit.needed("points", tr("how many points? Write +2, -0.5 or 0")))
    text = visit.needed("text", tr("an item needs words: the student reads them"))
    retired = there.retired if there else False
    verb = f"changed item {item} of" if there else "added an item to"
    new = Item(visit.assignment.id, question_of(visit).id, item, text, points, retired, visit.me.id)
    return _keep(visit, new, f"{verb} the rubric", f"{signed(points)} {text}")


def retire(visit: Visit) -> Response:
    """Offer an item no more; it counts for nobody."""
    return _turn(visit, True, "retired")


def bring_back(visit: Visit) -> Response:
    """Offer an item again; it counts again for those who had it."""
    return _turn(visit, False, "brought back")


def _turn(visit: Visit, retired: bool, verb: str) -> Response:
    there, item = _item_of(visit)
    if there is None:
        raise UsageError(tr("the rubric has no such item"))
    new = Item(there.assignment, there.question, item, there.text, there.points, retired, visit.me.id)
    return _keep(visit, new, f"{verb} item {item} of the rubric", f"{signed(there.points)} {there.text}")


def _item_of(visit: Visit) -> tuple[Item | None, int]:
    """The item that a form is about, None for a new one. Raises UsageError for one that there is not."""
    text = visit.given("item")
    item = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else -1
    with Store.open(visit.portal.paths.record) as store:
        there = rubric_of(store, visit.assignment, question_of(visit).id).items
    if item and item not in there:
        raise UsageError(tr("the rubric has no such item"))
    return there.get(item), item


def _keep(visit: Visit, item: Item, what: str, about: str) -> Response:
    with Store.open(visit.portal.paths.record) as store:
        moved = set_item(store, visit.assignment, item)
    return _done(visit, what, about, moved)


def change_base(visit: Visit) -> Response:
    """Let the rubric count from all of the points, or from none."""
    base = visit.given("base")
    if base not in (name for name, _ in BASES):
        raise UsageError(tr("from where does it count: from none of the points, or from all?"))
    question = question_of(visit)
    with Store.open(visit.portal.paths.record) as store:
        moved = set_from_full(store, visit.assignment, question.id, base == "all", visit.me.id)
    return _done(visit, "changed where the rubric begins", f"from {base}", moved)


def _done(visit: Visit, what: str, about: str, moved: Sequence[Moved]) -> Response:
    assignment, question = visit.assignment, question_of(visit)
    marks = f"; {len(moved)} marks changed" if len(moved) != 1 else "; 1 mark changed"
    visit.portal.database.note(visit.me.id, f"{what} of {question.id}, {assignment.id}{marks}", about)
    visit.portal.now.hurry()
    return RedirectResponse(_address(assignment, question), 303)


# ---------------------------------------------------------------------------------------------------- the bank


def _bank(visit: Visit, assignment: Assignment, question: Question) -> Iterator[Html]:
    to = f"{_address(assignment, question)}/bank"
    yield el("h2", tr("Bank of comments"))
    lines = []
    for each in bank.entries(visit.portal.database, assignment.id, question.id):
        out = button(tr("Take out"), class_="quiet", aria_label=tr("Take out: {text}", text=each.short))
        gone = form(visit, f"{to}-out", _hidden("entry", each.id), out)
        lines.append(el("li", el("p", each.text, class_="said"), gone))
    nothing = el("p", tr("Nothing yet. A comment may be kept here when it is given."))
    yield el("ul", *lines, class_="words") if lines else nothing
    text = area(tr("A comment to be used again"), "text", of="b", required="required", maxlength=bank.MOST_TEXT)
    yield form(visit, to, text, button(tr("Keep it")))


def keep_comment(visit: Visit) -> Response:
    assignment, question = visit.assignment, question_of(visit)
    text = visit.needed("text", tr("write a comment"))
    bank.keep(visit.portal.database, assignment.id, question.id, text, visit.me.id)
    return RedirectResponse(_address(assignment, question), 303)


def take_out_comment(visit: Visit) -> Response:
    assignment, question, entry = visit.assignment, question_of(visit), visit.given("entry")
    chosen = int(entry) if entry.isascii() and entry.isdecimal() and len(entry) < 16 else 0
    bank.take_out(visit.portal.database, assignment.id, question.id, chosen, visit.me.id)
    return RedirectResponse(_address(assignment, question), 303)


# ---------------------------------------------------------------------------------------------------- the papers


def _papers(visit: Visit, assignment: Assignment, question: Question, there: Sequence[Sheet]) -> Iterator[Html]:
    hidden = papers.anonymous(visit.portal.database, assignment.id)
    people = {sheet.student: visit.portal.people.find("student", sheet.student) for sheet in there}
    yield el("h2", tr("Papers"))
    if not there:
        yield el("p", tr("Nothing was handed in and graded yet."))
        return
    whose = [] if hidden else [heading(tr("student"))]
    head = el(
        "tr",
        heading(tr("paper")),
        *whose,
        heading(tr("pile")),
        heading(tr("points"), "n"),
        heading(tr("given by")),
    )
    rows = []
    for sheet in there:
        link = el("a", sheet.paper, href=f"{_address(assignment, question)}/{sheet.paper}")
        person = people[sheet.student]
        name = [] if hidden else [cell(el("bdi", person.called if person else sheet.student))]
        pile = sheet.marker or tr("nobody's")
        second = sheet.reading is Reading.SECOND
        points = badge(tr("not marked"), "warn") if sheet.points is None else figure(plain(sheet.points))
        told = cell(f"{pile}, {tr('second reading')}" if second else pile)
        rows.append([el("th", link, scope="row"), *name, told, number(points), cell(sheet.by)])
    yield table([head], rows, label=tr("papers of {question}", question=question.id))
