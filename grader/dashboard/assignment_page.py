"""The page of one assignment: who got how far, the points, the questions, the students, and what to look at first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

from grader.course.scheme import plain
from grader.dashboard import figures
from grader.dashboard.assignment_checks import checks_section, clusters_section
from grader.dashboard.cohort import Cohort, Near, Stage, spread
from grader.dashboard.findings import Findings
from grader.dashboard.incidents import how_many, slowest
from grader.dashboard.links import Links
from grader.dashboard.parts import (
    NONE,
    header,
    named_students,
    page,
    percent,
    section,
    tall_table,
    tile,
    to_section,
    two_digits,
)
from grader.dashboard.statistics import QuestionNumbers, signed
from grader.dashboard.what_went_wrong import wrong_section
from grader.languages.formats import figure
from grader.languages.recorded import recorded
from grader.languages.translating import mark, tr, trc, trn
from grader.marks.policy import shown
from grader.pages.markup import Html, badge, cell, el, heading, joined, number, table, within
from grader.schema import Attempt, Outcome, Question, Status
from grader.terminal.attempts import first_thing, points_of, total_of
from grader.terminal.endings import ended
from grader.terminal.screen import words

SHADES = (
    mark("some"),
    mark("a quarter"),
    mark("half"),
    mark("three quarters or more"),
)  # of a question's points are lost
DISCRIMINATION = mark(
    "Difficulty is told by the mean share of the points: the higher, the easier. Discrimination is the item-rest "
    "correlation: Pearson's r between the points of a question and the points of all other questions, so that a "
    "question does not agree with itself. For a single check, passed or not, the same formula is the point-biserial "
    "correlation, with everything but that check. Above 0.3 is good; further below 0 than chance "
    "explains, the question is in doubt."
)
BASIS = mark(
    "Counted are the graded attempts that count, as the checks gave points, and people for what they mark: "
    "before lateness and changes by hand."
)


def assignment_page(found: Findings, course_name: str, links: Links, boundaries: Sequence[Decimal] = ()) -> str:
    """One page; where nothing was graded yet it says so and shows who got how far."""
    cohort = found.cohort
    assignment = cohort.assignment
    sections = [_look_first(found)]
    if found.checks:
        sections.append(wrong_section([found], links, here=True))
    sections.append(_funnel(cohort, links))
    if cohort.graded:
        sections += [_points(found, boundaries), _questions(found), _heat_map(cohort, links)]
        sections += [
            clusters_section(found.clusters, links),
            checks_section(found.checks, found.known),
        ]
    sections += [_incidents(found, links), _near(found, links, boundaries), _slowest(cohort, links)]
    about = tr("{course}. {basis} For the staff: it names students.", course=course_name, basis=tr(BASIS))
    parts = list(_parts(found))
    head = header(f"{assignment.id}: {assignment.title}", about, _pages(cohort, links), parts, _tiles(found))
    return page(f"{assignment.id}: {assignment.title}", head, sections, links)


def _pages(cohort: Cohort, links: Links) -> list[Html]:
    course = [links.to_course(tr("The course"))] if links.course else []
    return [*course, *(links.to_assignment(name) for name in links.assignments if name != cohort.assignment.id)]


def _parts(found: Findings) -> Iterator[Html]:
    cohort = found.cohort
    names = [("wrong", tr("What went wrong most"))] if found.checks else []
    names += [("funnel", tr("Who got how far"))]
    if cohort.graded:
        names += [("points", tr("Points")), ("questions", tr("Questions")), ("students", tr("Students"))]
        names += [("clusters", tr("Alike")), ("checks", tr("Checks"))]
    names += [("incidents", tr("Incidents")), ("near", tr("Near a boundary")), ("slowest", tr("Slowest"))]
    for name, text in names:
        yield to_section(name, text)


def _tiles(found: Findings) -> Iterator[Html]:
    cohort = found.cohort
    yield tile(len(cohort.graded), tr("graded"), f"{len(cohort.roster)}")
    for status in (Status.UNREADABLE, Status.DEFERRED, Status.OUTDATED):
        if cohort.ended(status):
            yield tile(len(cohort.ended(status)), ended(status))
    if cohort.waiting:
        yield tile(len(cohort.waiting), tr("handed in, not graded yet"))
    if cohort.to_be_marked:
        yield tile(cohort.to_be_marked, trn("answer to be marked", "answers to be marked", cohort.to_be_marked))
    where = spread(cohort.points)
    if where is not None:
        yield tile(
            two_digits(where.middle), tr("median points, as graded"), figure(plain(cohort.assignment.max_points))
        )
        yield tile(two_digits(where.mean), tr("mean points, as graded"), figure(plain(cohort.assignment.max_points)))
    yield tile(len(found.doubts), tr("checks in doubt"), f"{len(found.checks)}" if found.checks else "")


# ---------------------------------------------------------------------------------------------------- first


def _look_first(found: Findings) -> Html:
    """At most a dozen lines, each with a link to where it is shown in full."""
    items = [
        el(
            "li",
            within(
                tr("{check} ({question}): {doubt}. Is the check right?"),
                check=to_section(found.known[check.name].anchor, words(check.name)),
                question=check.question,
                doubt=check.doubt,
            ),
        )
        for check in found.doubtful_checks
    ]
    named = {check.name for check in found.doubtful_checks}
    items += [
        el("li", within(
            tr("{check} ({question}): {n} students are told the same; {doubt}. Is the check right?"),
            check=to_section("clusters", words(cluster.checks[0])), question=cluster.question,
            n=len(cluster.students), doubt=cluster.doubt))
        for cluster in found.doubtful_clusters if not named & set(cluster.checks)
    ]  # fmt: skip
    items += [
        el("li", to_section("questions", each.question.id), f" {each.question.title}: {each.doubt}.")
        for each in found.questions if each.doubt
    ]  # fmt: skip
    due = Counter(question for attempt in found.cohort.graded for question in attempt.waiting)
    items += [
        el("li", trn("{question}: {n} answer is to be marked by hand.",
                     "{question}: {n} answers are to be marked by hand.", count, question=question))
        for question, count in sorted(due.items())
    ]  # fmt: skip
    counts = how_many(found.incidents)
    if counts:
        items.append(el("li", to_section("incidents", tr("Incidents")), f": {counts}."))
    strangers = found.cohort.strangers
    if strangers:
        items.append(el("li", tr("Not on the roster and counted nowhere: {students}.", students=", ".join(strangers))))
    nothing = el("p", tr("Nothing: no check is in doubt, every file could be read, no attempt ended oddly."))
    return section("look", tr("Look at these first"), el("ul", *items, class_="first-look") if items else nothing)


def _funnel(cohort: Cohort, links: Links) -> Html:
    stages = cohort.funnel()
    head = el("tr", heading(tr("stage")), heading(tr("students"), "n"), heading(tr("who got no further, and why")))
    rows = [list(_stage_row(stage, links)) for stage in stages]
    picture = figures.funnel(f"{cohort.assignment.id} funnel", stages)
    return section(
        "funnel",
        tr("Who got how far"),
        el("div", picture, table([head], rows, class_="stack stages", label=tr("Who got how far")), class_="two"),
    )


def _stage_row(stage: Stage, links: Links) -> Iterator[Html]:
    yield el("th", stage.name, scope="row")
    yield number(stage.students)
    if stage.lost:
        noted = dict.fromkeys(stage.excused, tr("excused"))
        yield cell(joined([f"{len(stage.lost)}: {stage.why} ", named_students(links, stage.lost, noted=noted)]))
    else:
        yield cell("")


def _points(found: Findings, boundaries: Sequence[Decimal]) -> Html:
    """The distribution, and how the questions' checks ended."""
    cohort = found.cohort
    worth = cohort.assignment.max_points
    borders = [float(worth * Fraction(boundary) / 100) for boundary in boundaries]
    points = [float(each) for each in cohort.points]
    if not points:
        return section("points", tr("Points"), el("p", tr("Nobody has a total yet: marks by hand are still to come.")))
    unit = tr("points out of {worth}", worth=figure(plain(worth)))
    spots = figures.histogram(f"{cohort.assignment.id} points", points, float(worth), unit, borders)
    endings = _endings(found) if found.checks else None
    return section("points", tr("Points"), el("div", spots, endings, class_="two"))


def _endings(found: Findings) -> Html:
    """Of the checks of each question: how many passed, failed, raised, had nothing to judge, ended oddly."""
    plainly = (Outcome.PASSED, Outcome.FAILED, Outcome.ERROR)
    rows = []
    for question in found.cohort.assignment.tested:
        counts: Counter[Outcome] = Counter()
        not_there = 0
        for check in found.checks:
            if check.question == question.id:
                counts.update({Outcome.PASSED: check.passed, **dict(check.endings)})
                not_there += check.not_there
        other = sum(count for outcome, count in counts.items() if outcome not in plainly)
        rows.append(figures.Row(question.id, (*(counts[outcome] for outcome in plainly), not_there, other)))
    legend = (
        tr("passed"),
        tr("wrong answer"),
        tr("raised an error"),
        tr("not written, or name not found"),
        trc("how checks ended", "other"),
    )
    caption = tr("How the checks of each question ended: number of checks, over all students.")
    return figures.parts(f"{found.cohort.assignment.id} endings", legend, rows, caption)


# ---------------------------------------------------------------------------------------------------- questions


def _questions(found: Findings) -> Html:
    picture = figures.difficulty_map(f"{found.cohort.assignment.id} questions", found.questions)
    columns = (tr("worth"), tr("mean"), tr("no point"), trc("points", "all"), "r")
    head = el("tr", heading(tr("question")), heading(tr("title")), *(heading(column, "n") for column in columns))
    rows = (list(_question_row(each)) for each in found.questions)
    shown_table = table([head], rows, class_="stack questions", label=tr("Questions"))
    few = el("p", tr("Correlations need ten graded students or more, and points that differ."), class_="dim small")
    return section(
        "questions", tr("Questions"), el("p", tr(DISCRIMINATION), class_="lead dim small"),
        el("div", picture or few, shown_table, class_="two"),
    )  # fmt: skip


def _question_row(each: QuestionNumbers) -> Iterator[Html]:
    yield el("th", each.question.id, scope="row")
    flag = el("div", badge(each.doubt, "warn")) if each.doubt else None
    yield cell(joined([each.question.title, flag]), "small title")
    yield number(figure(plain(each.question.points)))
    yield number(percent(each.mean))
    yield number(each.nothing)
    yield number(each.everything)
    yield number(NONE if each.discrimination is None else signed(each.discrimination))


def _heat_map(cohort: Cohort, links: Links) -> Html:
    """Students by questions, the best first. The shade says again what the number says: the points that are lost."""
    questions = cohort.assignment.questions
    head = el("tr", heading(tr("student")), heading(tr("points"), "n"),
              *(heading(question.id, "n", title=question.title) for question in questions),
              heading(tr("first thing to know")))  # fmt: skip
    worth = el("tr", heading(tr("worth"), scope="row"), heading(figure(plain(cohort.assignment.max_points)), "n"),
               *(heading(figure(plain(question.points)), "n") for question in questions), heading(""),
               class_="worth")  # fmt: skip
    best_first = sorted(
        cohort.attempts, key=lambda each: (each.status is not Status.GRADED, -each.points, each.student)
    )
    rows = [list(_heat_row(attempt, questions, links)) for attempt in best_first]
    shades = [el("span", tr(text), class_=f"key h{shade}") for shade, text in enumerate(SHADES, 1)]
    about = tr("Points by question, the best first. Shaded where points are lost: {shades}; a dash: not examined.")
    legend = el("p", within(about, shades=joined(shades, " ")), class_="dim small")
    boxed = tall_table([head, worth], rows, tr("Points of every student by question"), "heat")
    return section("students", tr("Students by question"), legend, boxed)


def _heat_row(attempt: Attempt, questions: Sequence[Question], links: Links) -> Iterator[Html]:
    yield el("th", links.to_named(attempt.student), scope="row")
    yield number(total_of(attempt) if attempt.status is Status.GRADED else badge(ended(attempt.status), "bad"), "sum")
    for question in questions:
        points = attempt.points_of(question.id)
        yield number(points_of(attempt, question.id), "" if points is None else _shade(points, question.points))
    thing = first_thing(attempt)
    yield cell(thing, "small once", title=thing)


def _shade(points: Fraction, worth: Fraction) -> str:
    if points >= worth:
        return ""
    return f"h{min(int((1 - points / worth) * len(SHADES)) + 1, len(SHADES))}"


# ---------------------------------------------------------------------------------------------------- single students


def _incidents(found: Findings, links: Links) -> Html:
    if not found.incidents:
        return section("incidents", tr("Incidents and deferred"), el("p", tr("None.")))
    head = el("tr", heading(tr("student")), heading(tr("what")), heading(tr("said")))
    rows = (
        [el("th", links.to_named(each.student), scope="row"), cell(badge(each.in_a_word, "warn")),
         cell(recorded(each.what), "said")]
        for each in found.incidents
    )  # fmt: skip
    about = tr(
        "Files that could not be read, attempts that the machine spoilt or that wait, checks that ended oddly, "
        "names that were nearly found, or that a cell was to define which raised before."
    )
    return section(
        "incidents",
        tr("Incidents and deferred"),
        el("p", about, class_="dim small"),
        tall_table([head], rows, tr("Incidents"), "stack incidents"),
    )


def _near(found: Findings, links: Links, boundaries: Sequence[Decimal]) -> Html:
    return section("near", tr("Near a boundary"), near_table(found.near, links, boundaries))


def near_table(near: Sequence[Near], links: Links, boundaries: Sequence[Decimal]) -> Html:
    """Those just below a boundary first."""
    if not boundaries:
        return el("p", tr("No boundaries are given; see grader report --help."))
    where = ", ".join(figure(plain(boundary)) for boundary in boundaries)
    about = tr("Percentages after lateness and changes by hand, within a point of a boundary ({where}).", where=where)
    if not near:
        return el("p", tr("Nobody. {about}", about=about))
    head = el("tr", heading(tr("student")), *(heading(what, "n") for what in ("%", tr("boundary"), tr("distance"))))
    rows = [
        [
            el("th", links.to_named(each.student), scope="row"),
            number(figure(shown(each.percent))),
            number(figure(plain(each.boundary))),
            number(
                joined([badge(tr("below"), "warn"), " ", _distance(each)]) if each.distance < 0 else _distance(each)
            ),
        ]
        for each in near
    ]
    label = tr("Marks near a boundary")
    return joined([el("p", about, class_="dim small"), tall_table([head], rows, label, "stack near", short=True)])


def _distance(each: Near) -> str:
    return signed(float(each.distance))


def _slowest(cohort: Cohort, links: Links) -> Html:
    attempts = slowest(cohort)
    if not attempts:
        return section("slowest", tr("Slowest submissions"), el("p", tr("Nothing was run.")))
    columns = (tr("wall s"), tr("CPU s"), tr("MiB at most"), tr("points"))
    names = (heading(what, "n") for what in columns)
    head = el("tr", heading(tr("student")), *names, heading(tr("slowest check")))
    rows = [list(_slow_row(attempt, links)) for attempt in attempts]
    limits = cohort.assignment.limits
    about = tr(
        "The ten that took longest. The limits: {total} s in all, {call} s a call, {mib} MiB.",
        total=figure(f"{limits.total_s:g}"),
        call=figure(f"{limits.call_s:g}"),
        mib=limits.memory_mib,
    )
    return section(
        "slowest",
        tr("Slowest submissions"),
        el("p", about, class_="dim small"),
        table([head], rows, class_="stack slowest", label=tr("Slowest submissions")),
    )


def _slow_row(attempt: Attempt, links: Links) -> Iterator[Html]:
    yield el("th", links.to_named(attempt.student), scope="row")
    yield number(figure(f"{attempt.usage.wall_s:.1f}"))
    yield number(figure(f"{attempt.usage.cpu_s:.1f}"))
    yield number(f"{attempt.usage.peak_mib:.0f}")
    yield number(total_of(attempt))
    slow = max(attempt.results, key=lambda result: result.wall_s, default=None)
    yield cell("" if slow is None else f"{slow.question} {words(slow.name)}, {figure(f'{slow.wall_s:.1f}')} s", "small")
