"""One student's feedback as a page of HTML: one file, no script, nothing loaded, the student's words escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grader.course.scheme import plain
from grader.feedback.excerpts import Excerpt
from grader.feedback.parts import Feedback, Finding, QuestionPart, Remark, Stage, Thing
from grader.feedback.plain_words import OUTCOMES
from grader.feedback.standing import Standing
from grader.feedback.style import STYLE
from grader.languages.formats import figure
from grader.languages.translating import mark, tr, trn
from grader.pages.markup import (
    Html,
    badge,
    bar,
    cell,
    document,
    el,
    heading,
    joined,
    number,
    scroller,
    share_of,
    table,
    within,
)
from grader.pages.stacked import stacked
from grader.schema import Outcome, add_up
from grader.submission.text import JOINERS

KINDS = {Outcome.FAILED: "bad", Outcome.ERROR: "bad", Outcome.MISSING: "bad"}  # the others are odd: warn
BOXES = {Stage.UNREADABLE: "bad", Stage.DEFERRED: "warn", Stage.OUTDATED: "warn", Stage.WAITING: "warn"}
HEADLINES = {
    Stage.UNREADABLE: mark("Your file could not be read"),
    Stage.DEFERRED: mark("Not finished yet"),
    Stage.OUTDATED: mark("Being graded again"),
    Stage.WAITING: mark("Not graded yet"),
    Stage.NOTHING: mark("Nothing was handed in here"),
}
NOTHING_TO_REPAIR = mark("Every check passed. There is nothing to repair.")
NOT_WRITTEN = mark("Not written yet")
SETTLED = mark("No points are lost any more: what the checks found was settled by hand. It stands below.")
BY_HAND_ALONE = mark("The staff reads these answers; what they say of them stands below.")
READING = mark(
    "Each check calls your functions with inputs that are not shown. A message says what kind of mistake it found; # "
    "stands for a number that is left out. Cells are counted from the top of your file, texts included."
)


def feedback_page(feedback: Feedback) -> str:
    """The whole page of one student."""
    body = joined([_header(feedback), el("main", _main(feedback))], "\n")
    title = tr("{assignment}: feedback for {student}", assignment=feedback.assignment.id, student=feedback.student.id)
    return document(title, body, STYLE + stacked(body))


def feedback_body(feedback: Feedback) -> Html:
    """The same for a page that has a frame already; STYLE is to be in it."""
    return joined([_header(feedback), _main(feedback)], "\n")


def _main(feedback: Feedback) -> Html:
    sections = [
        _explanation(feedback) if feedback.explanation else _first(feedback),
        _marks(feedback),
        *([_questions(feedback)] if feedback.stage is Stage.GRADED else []),
        *([_notebook(feedback)] if feedback.notices or feedback.printed or feedback.remarks else []),
        *([_standing(feedback.standing)] if feedback.standing else []),
        _receipt(feedback),
    ]
    return joined(sections, "\n")


def _header(feedback: Feedback) -> Html:
    assignment, student = feedback.assignment, feedback.student
    who = [el("bdi", student.name), " ", el("bdi", student.id, class_="dim")] if student.name else [student.id]
    return el(
        "header",
        el("p", feedback.course, class_="kicker dim"),
        el("h1", f"{assignment.id}: {assignment.title}"),
        el("p", *who, class_="who"),
        _score(feedback),
    )


def _score(feedback: Feedback) -> Html | None:
    points, worth = feedback.points, feedback.assignment.max_points
    if points is None and feedback.stage is Stage.GRADED:
        return el("p", badge(tr("no total yet"), "warn"), f" {feedback.so_far}", class_="score")
    if points is None:
        return None
    sentence, of_all = tr("{points} of {worth} points"), figure(plain(worth))
    share = bar(share_of(points, worth), sentence.format(points=figure(plain(points)), worth=of_all))
    text = within(sentence, points=el("b", figure(plain(points))), worth=of_all)
    score = el("p", el("span", text), share, class_="score")
    changed = [el("p", badge(tr("changed by hand")), " ", text) for text in feedback.changed]
    note = el("p", badge(tr("note"), "warn"), " ", feedback.remark) if feedback.remark else None
    return joined([score, *changed, note])


def _explanation(feedback: Feedback) -> Html:
    """What to know and to do where the submission has no marks."""
    kind = BOXES.get(feedback.stage, "")
    what, *rest = feedback.explanation
    box = el("div", el("p", el("b", what)), *(el("p", text) for text in rest), class_=f"box {kind}".strip())
    return el("section", el("h2", tr(HEADLINES[feedback.stage]) if feedback.stage in HEADLINES else ""), box)


def _first(feedback: Feedback) -> Html:
    title = el("h2", tr("Look at this first"))
    if feedback.assignment.by_hand_alone:
        return el("section", title, el("p", tr(BY_HAND_ALONE)))
    if feedback.settled:
        return el("section", title, el("p", badge(tr("all points"), "good"), " ", tr(SETTLED)))
    if not feedback.first:
        well = el("p", badge(tr("all passed"), "good"), " ", tr(NOTHING_TO_REPAIR))
        return el("section", title, el("div", well, class_="box good"))
    shown = el("ol", *map(_thing, feedback.first), class_="first" if len(feedback.first) > 1 else "first one")
    more = feedback.things - len(feedback.first)
    rest = el("p", tr("{n} more, below.", n=more), class_="dim") if more else None
    return el("section", title, shown, rest)


def _thing(thing: Thing) -> Html:
    links = joined((el("a", question.id, href=f"#{question.id}") for question in thing.questions), ", ")
    return el(
        "li",
        el("p", el("span", thing.title), el("span", thing.cost, class_="cost"), class_="title"),
        el("p", thing.text, class_="said"),
        el("p", thing.hint, class_="hint") if thing.hint else None,
        el("p", links, f": {thing.which}", class_="dim small"),
    )


# ---------------------------------------------------------------------------------------------------- marks


def _marks(feedback: Feedback) -> Html:
    head = el("tr", heading(tr("question")), heading(tr("points"), "n"), heading(tr("what happened")))
    linked = feedback.stage is Stage.GRADED
    rows = [list(_marks_row(part, linked)) for part in feedback.questions]
    title = tr("Marks by question")
    return el("section", el("h2", title), table([head], rows, class_="marks", label=title))


def _marks_row(part: QuestionPart, linked: bool) -> Iterator[Html]:
    question = part.question
    name = el("a", question.id, href=f"#{question.id}") if linked else question.id
    yield el("th", el("b", name), " ", question.title, scope="row")
    share = bar(share_of(part.points, question.points), "") if part.points is not None else None
    yield number(joined([part.score, share]))
    yield cell(badge(part.in_short, "good") if part.nothing_to_say else part.in_short)


# ---------------------------------------------------------------------------------------------------- questions


def _questions(feedback: Feedback) -> Html:
    parts = [_question(part) for part in feedback.questions if part not in feedback.blank]
    parts += [_blank(feedback.blank)] if feedback.blank else []
    intro = el("p", tr(READING), class_="dim small")
    return el("section", el("h2", tr("Question by question")), intro, joined(parts, "\n"), class_="questions")


def _blank(parts: Sequence[QuestionPart]) -> Html:
    """The questions of which nothing is written yet, a line each."""
    title = el("h3", el("span", tr(NOT_WRITTEN)), el("span", nothing_of(parts), class_="cost"), class_="title")
    lines = [
        el("li", el("b", f"{part.question.id} {part.question.title}"), f": {part.scored}. ",
           still(part), id=part.question.id)
        for part in parts
    ]  # fmt: skip
    return el("section", title, el("ul", *lines, class_="notes"), class_="question")


def nothing_of(parts: Sequence[QuestionPart]) -> str:
    """No points for all of these questions, in words."""
    worth = add_up(part.question.points for part in parts)
    return tr("{points} of {worth} points", points=0, worth=figure(plain(worth)))


def still(part: QuestionPart) -> str:
    """What of it is not written, without saying again that it is not."""
    return " ".join(finding.still or finding.text for finding in part.findings)


def _question(part: QuestionPart) -> Html:
    question = part.question
    score = el("span", part.scored, class_="cost")
    title = el("h3", el("span", f"{question.id} {question.title}"), score, class_="title")
    if question.manual:
        said = [*_by_hand(part), _remarks(part.remarks)]
        return el("section", title, _changed(part), *said, id=question.id, class_="question")
    if part.full and not part.findings:
        said = [_changed(part), _remarks(part.remarks)]
        return el("section", title, *said, _all_well(part), id=question.id, class_="question")
    found = [_finding(finding, part) for finding in part.findings]
    return el(
        "section",
        title,
        _changed(part),
        _remarks(part.remarks),
        el("p", tr("This question was not examined.")) if part.points is None else None,
        el("ul", *found, class_="checks") if found else None,
        _passed(part),
        *_code(part),
        id=question.id,
        class_="question",
    )


def _by_hand(part: QuestionPart) -> Iterator[Html]:
    """A question that a person marks."""
    yield el("p", part.in_short[0].upper() + part.in_short[1:] + ".", class_="dim small")
    yield from (el("p", line, class_="said") for line in part.comment.splitlines() if line.strip())


def _changed(part: QuestionPart) -> Html | None:
    """What a person changed, and what they say of it."""
    lines = [el("p", badge(tr("changed by hand")), " ", part.changed)] if part.changed else []
    comment = () if part.question.manual else part.comment.splitlines()
    lines += [el("p", badge(tr("comment")), " ", line) for line in comment if line.strip()]
    return joined(lines, "\n") if lines else None


def _remarks(remarks: Sequence[Remark]) -> Html | None:
    """What people say of lines of the student's own file."""
    if not remarks:
        return None
    shown = [
        el(
            "li",
            el("p", badge(tr("comment")), f" {place_of(each)}: ", el("code", visible(each.code.strip()))),
            *(el("p", line, class_="said") for line in each.text.splitlines() if line.strip()),
            class_="remark",
        )
        for each in remarks
    ]
    return el("ul", *shown, class_="checks")


def place_of(remark: Remark) -> str:
    return tr("cell {cell}, line {line}", cell=remark.cell, line=remark.line)


def _passed(part: QuestionPart) -> Html | None:
    if not part.passed:
        return None
    passed = el(
        "p", badge(tr("{n} passed", n=len(part.passed)), "good"), " ", "; ".join(part.passed), class_="dim small"
    )
    return joined([passed, _counted(part)])


def _counted(part: QuestionPart) -> Html | None:
    """That checks count which pass with the reference's functions for earlier questions alone."""
    return el("p", f"{part.counted[0].upper() + part.counted[1:]}.", class_="small") if part.counted else None


def _all_well(part: QuestionPart) -> Html:
    """A question with nothing to repair, folded: what was checked, and the code."""
    what = part.in_short[0].upper() + part.in_short[1:]
    summary = el("summary", badge(what, "good"), " ", tr("what was checked, and your code"))
    return el(
        "details",
        summary,
        el("div", el("p", "; ".join(part.passed), class_="small"), _counted(part), *_code(part), class_="inside"),
    )


def _finding(finding: Finding, part: QuestionPart) -> Html:
    """Checks that ended alike: how, which, what is known, what to do."""
    lead = [badge(finding.label, KINDS.get(finding.outcome, "warn")), " ", el("b", names_of(finding, part)), " ",
            el("span", f"({cost_of(finding, part)})", class_="dim")]  # fmt: skip
    text = finding.text or tr(OUTCOMES[finding.outcome][1])
    told = [el("p", hint, class_="hint") for hint in finding.told]
    return el("li", el("p", *lead), el("p", text, class_="said"), *told)


def names_of(finding: Finding, part: QuestionPart) -> str:
    """Which checks ended so."""
    whole = len(finding.checks) >= part.checks
    return trn("the only check", "all {n} checks", part.checks) if whole else "; ".join(finding.checks)


def cost_of(finding: Finding, part: QuestionPart) -> str:
    """What they cost, and that it was changed since."""
    lost = f"\u2212{figure(plain(finding.lost))}"
    return tr("{lost} as graded", lost=lost) if part.changed else lost


def _code(part: QuestionPart) -> Iterator[Html]:
    for shown in part.code:
        summary = el("summary", _title_of(shown))
        yield el("details", summary, el("div", listing(shown), class_="inside"), id=f"cell-{shown.cell}",
                 open="open" if shown.marked else None)  # fmt: skip
    for number_, question in part.shown_at:
        link = el("a", tr("cell {cell}", cell=number_), href=f"#cell-{number_}")
        sentence = tr("Also your code for this question: {cell}, shown at {question}.")
        yield el("p", within(sentence, cell=link, question=question), class_="small")
    if part.left_out:
        yield el("p", no_room_for(part), class_="dim small")


def no_room_for(part: QuestionPart) -> str:
    """Which cells are not shown."""
    cells = ", ".join(map(str, part.left_out))
    return tr("Not shown here, for want of room: cell {cells} of your file.", cells=cells)


def _title_of(shown: Excerpt) -> str:
    """Which cell, how much of it, and where to look."""
    of = tr("{n} lines", n=shown.of) if shown.whole else ""
    of = of or tr("{n} lines, {shown} of them here", n=shown.of, shown=len(shown.lines))
    if not shown.marked:
        return tr("Your code: cell {cell} ({lines})", cell=shown.cell, lines=of)
    marked = ", ".join(map(str, sorted(shown.marked)))
    return tr("Your code: cell {cell} ({lines}, marked: line {marked})", cell=shown.cell, lines=of, marked=marked)


def listing(shown: Excerpt) -> Html:
    """Lines of code with their numbers, those that a diagnosis is about marked; what was left out is said."""
    lines: list[Html] = []
    expected = 1
    for line_number, text in shown.lines:
        if line_number != expected:
            lines.append(_gap(line_number - expected))
        inside = el("mark", visible(text)) if line_number in shown.marked else joined([visible(text)])
        lines.append(el("span", inside, class_="l", data_n=line_number))
        expected = line_number + 1
    if expected <= shown.of:
        lines.append(_gap(shown.of + 1 - expected))
    return scroller(el("code", joined(lines, "\n")), label=tr("code of cell {cell}", cell=shown.cell))


def _gap(lines: int) -> Html:
    return el("span", f"[{trn('{n} line left out', '{n} lines left out', lines)}]", class_="g", data_n="...")


def visible(text: str) -> str:
    """A line of code as it is, tabs as blanks; what cannot be seen, or would turn the writing round, as its escape."""
    text = text.expandtabs(4)
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or letter in JOINERS else _escape(letter) for letter in text)


def _escape(letter: str) -> str:
    code = ord(letter)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


# ---------------------------------------------------------------------------------------------------- the rest


def _notebook(feedback: Feedback) -> Html:
    parts: list[Html | None] = [el("h2", tr("About your file")), _remarks(feedback.remarks)]
    if feedback.notices:
        parts.append(el("ul", *(el("li", notice) for notice in feedback.notices), class_="notes"))
    if feedback.printed:
        lines = "\n".join(map(visible, feedback.printed.split("\n")))
        summary = el("summary", tr("What your cells printed when the notebook was run"))
        parts.append(el("details", summary, el("div", scroller(lines, label=tr("what was printed")), class_="inside")))
    return el("section", *parts)


def _standing(standing: Standing) -> Html:
    late = any(row.late for row in standing.rows)
    head = el("tr", heading(tr("assignment")), heading(tr("points"), "n"), heading(tr("late")) if late else None,
              heading(tr("percent"), "n"), heading(tr("counts?")))  # fmt: skip
    rows = []
    for row in standing.rows:
        name = el(
            "th", el("b", row.item) if row.this else row.item, f" ({tr('this one')})" if row.this else "", scope="row"
        )
        lateness = [cell(row.late)] if late else []
        rows.append([name, number(row.points), *lateness, number(row.percent), cell(row.counts)])
    lines = scroller("\n".join(standing.computation), label=tr("the computation"))
    computation = el("details", el("summary", tr("How it is calculated")), el("div", lines, class_="inside"))
    shown = table([head], rows, class_="stack standing marks", label=standing.heading)
    notes = [el("li", el("b", row.item), f": {row.note}") for row in standing.rows if row.note]
    noted = el("ul", *notes, class_="notes") if notes else None
    free = el("p", standing.free_days) if standing.free_days else None
    return el("section", el("h2", standing.heading), shown, noted, el("p", el("b", standing.result)), free, computation)


def _receipt(feedback: Feedback) -> Html:
    rows = [part for name, value in feedback.receipt for part in (el("dt", name), el("dd", value))]
    about = tr("What was graded and with what. The same file, tests and image give the same marks.")
    return el("section", el("h2", tr("Receipt")), el("p", about, class_="dim small"), el("dl", *rows, class_="receipt"))
