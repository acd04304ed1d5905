"""The page of one assignment: who got how far, the points, the questions, the students, and what to look at first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from grader.course.scheme import plain
from grader.dashboard import figures
from grader.dashboard.assignment_checks import checks_section, clusters_section, every_check
from grader.dashboard.clusters import Cluster, clusters
from grader.dashboard.cohort import Cohort, Near, Stage, spread
from grader.dashboard.incidents import Incident, how_many, incidents, slowest
from grader.dashboard.links import Check, Links
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
from grader.dashboard.statistics import CheckNumbers, QuestionNumbers, check_numbers, question_numbers, signed
from grader.marks.policy import shown
from grader.pages.markup import Html, badge, cell, el, heading, joined, number, table
from grader.schema import Attempt, Outcome, Question, Status
from grader.terminal.attempts import first_thing, points_of, total_of
from grader.terminal.screen import words

SHADES = ("some", "a quarter", "half", "three quarters or more")  # of a question's points are lost
DISCRIMINATION = (
    "Difficulty is told by the mean share of the points: the higher, the easier. Discrimination is the item-rest "
    "correlation: Pearson's r between the points of a question and the points of all other questions, so that a "
    "question does not agree with itself. For a single check, passed or not, the same formula is the point-biserial "
    "correlation, with everything but that check. Above 0.3 is good; below 0 something is wrong with the question."
)
BASIS = (
    "Counted are the graded attempts that count, as the checks gave points, and people for what they mark: "
    "before lateness and changes by hand."
)


@dataclass(frozen=True)
class Findings:
    """Everything that is calculated for the page, once."""

    cohort: Cohort
    questions: tuple[QuestionNumbers, ...]
    checks: tuple[CheckNumbers, ...]
    clusters: tuple[Cluster, ...]
    incidents: tuple[Incident, ...]
    near: tuple[Near, ...]

    @cached_property
    def known(self) -> Mapping[str, Check]:
        """Every check by its name: where it stands on the page, and its hint."""
        return every_check(self.checks, self.cohort.attempts)

    @property
    def doubtful_checks(self) -> tuple[CheckNumbers, ...]:
        return tuple(check for check in self.checks if check.doubt)

    @property
    def doubtful_clusters(self) -> tuple[Cluster, ...]:
        return tuple(cluster for cluster in self.clusters if cluster.doubt)


def findings(cohort: Cohort, near: Sequence[Near] = ()) -> Findings:
    return Findings(
        cohort,
        question_numbers(cohort),
        check_numbers(cohort),
        clusters(cohort),
        incidents(cohort),
        tuple(near),
    )


def assignment_page(found: Findings, course_name: str, links: Links, boundaries: Sequence[Decimal] = ()) -> str:
    """One page; where nothing was graded yet it says so and shows who got how far."""
    cohort = found.cohort
    assignment = cohort.assignment
    sections = [_look_first(found), _funnel(cohort, links)]
    if cohort.graded:
        sections += [_points(found, boundaries), _questions(found), _heat_map(cohort, links)]
        sections += [
            clusters_section(found.clusters, links),
            checks_section(found.checks, found.known, cohort.attempts, links),
        ]
    sections += [_incidents(found, links), _near(found, links, boundaries), _slowest(cohort, links)]
    about = joined([f"{course_name}. {BASIS} For the staff: it names students."])
    parts = list(_parts(cohort))
    head = header(f"{assignment.id}: {assignment.title}", about, _pages(cohort, links), parts, _tiles(found))
    return page(f"{assignment.id}: {assignment.title}", head, sections)


def _pages(cohort: Cohort, links: Links) -> list[Html]:
    course = [links.to_course("The course")] if links.course else []
    return [*course, *(links.to_assignment(name) for name in links.assignments if name != cohort.assignment.id)]


def _parts(cohort: Cohort) -> Iterator[Html]:
    names = [("funnel", "Who got how far")]
    if cohort.graded:
        names += [("points", "Points"), ("questions", "Questions"), ("students", "Students"), ("clusters", "Alike")]
        names += [("checks", "Checks")]
    for name, text in (*names, ("incidents", "Incidents"), ("near", "Near a boundary"), ("slowest", "Slowest")):
        yield to_section(name, text)


def _tiles(found: Findings) -> Iterator[Html]:
    cohort = found.cohort
    yield tile(len(cohort.graded), "graded", f"{len(cohort.roster)}")
    for status in (Status.UNREADABLE, Status.DEFERRED, Status.OUTDATED):
        if cohort.ended(status):
            yield tile(len(cohort.ended(status)), status.value)
    if cohort.waiting:
        yield tile(len(cohort.waiting), "handed in, not graded yet")
    due = sum(bool(attempt.waiting) for attempt in cohort.graded)
    if due:
        yield tile(due, "wait for a mark by hand")
    where = spread(cohort.points)
    if where is not None:
        yield tile(two_digits(where.middle), "median points, as graded", plain(cohort.assignment.max_points))
        yield tile(two_digits(where.mean), "mean points, as graded", plain(cohort.assignment.max_points))
    yield tile(len(found.doubtful_checks), "checks in doubt", f"{len(found.checks)}" if found.checks else "")


# ---------------------------------------------------------------------------------------------------- first


def _look_first(found: Findings) -> Html:
    """At most a dozen lines, each with a link to where it is shown in full."""
    items = [
        el("li", to_section("checks", words(check.name)), f" ({check.question}): {check.doubt}. Is the check right?")
        for check in found.doubtful_checks
    ]
    named = {check.name for check in found.doubtful_checks}
    items += [
        el("li", to_section("clusters", words(cluster.checks[0])), f" ({cluster.question}): {len(cluster.students)} "
           f"students are told the same; {cluster.doubt}. Is the check right?")
        for cluster in found.doubtful_clusters if not named & set(cluster.checks)
    ]  # fmt: skip
    items += [
        el("li", to_section("questions", each.question.id), f" {each.question.title}: {each.doubt}.")
        for each in found.questions if each.doubt
    ]  # fmt: skip
    due = Counter(question for attempt in found.cohort.graded for question in attempt.waiting)
    items += [
        el("li", f"{question}: {count} {'answer waits' if count == 1 else 'answers wait'} for a mark by hand.")
        for question, count in sorted(due.items())
    ]
    counts = how_many(found.incidents)
    if counts:
        items.append(el("li", to_section("incidents", "Incidents"), f": {counts}."))
    strangers = found.cohort.strangers
    if strangers:
        items.append(el("li", f"Not on the roster and counted nowhere: {', '.join(strangers)}."))
    nothing = el("p", "Nothing: no check is in doubt, every file could be read, no attempt ended oddly.")
    return section("look", "Look at these first", el("ul", *items, class_="first-look") if items else nothing)


def _funnel(cohort: Cohort, links: Links) -> Html:
    stages = cohort.funnel()
    head = el("tr", heading("stage"), heading("students", "n"), heading("who got no further, and why"))
    rows = [list(_stage_row(stage, links)) for stage in stages]
    figure = figures.funnel(f"{cohort.assignment.id} funnel", stages)
    return section("funnel", "Who got how far", el("div", figure, table([head], rows), class_="two"))


def _stage_row(stage: Stage, links: Links) -> Iterator[Html]:
    yield el("th", stage.name, scope="row")
    yield number(stage.students)
    if stage.lost:
        yield cell(joined([f"{len(stage.lost)}: {stage.why} ", named_students(links, stage.lost)]))
    else:
        yield cell("")


def _points(found: Findings, boundaries: Sequence[Decimal]) -> Html:
    """The distribution, and how the questions' checks ended."""
    cohort = found.cohort
    worth = cohort.assignment.max_points
    borders = [float(worth * Fraction(boundary) / 100) for boundary in boundaries]
    points = [float(each) for each in cohort.points]
    if not points:
        return section("points", "Points", el("p", "Nobody has a total yet: marks by hand are still to come."))
    unit = f"points out of {plain(worth)}"
    spots = figures.histogram(f"{cohort.assignment.id} points", points, float(worth), unit, borders)
    endings = _endings(found) if found.checks else None
    return section("points", "Points", el("div", spots, endings, class_="two"))


def _endings(found: Findings) -> Html:
    """Of the checks of each question: how many passed, failed, raised, were not there, ended oddly."""
    plainly = (Outcome.PASSED, Outcome.FAILED, Outcome.ERROR, Outcome.MISSING)
    rows = []
    for question in found.cohort.assignment.tested:
        counts: Counter[Outcome] = Counter()
        for check in found.checks:
            if check.question == question.id:
                counts.update({Outcome.PASSED: check.passed, **dict(check.endings)})
        other = sum(count for outcome, count in counts.items() if outcome not in plainly)
        rows.append(figures.Row(question.id, (*(counts[outcome] for outcome in plainly), other)))
    legend = ("passed", "wrong answer", "raised an error", "name not found", "other")
    caption = "How the checks of each question ended: number of checks, over all students."
    return figures.parts(f"{found.cohort.assignment.id} endings", legend, rows, caption)


# ---------------------------------------------------------------------------------------------------- questions


def _questions(found: Findings) -> Html:
    picture = figures.difficulty_map(f"{found.cohort.assignment.id} questions", found.questions)
    columns = ("worth", "mean", "no point", "all", "r")
    head = el("tr", heading("question"), heading("title"), *(heading(column, "n") for column in columns))
    shown_table = table([head], (list(_question_row(each)) for each in found.questions))
    few = el("p", "Correlations need ten graded students or more, and points that differ.", class_="dim small")
    return section(
        "questions", "Questions", el("p", DISCRIMINATION, class_="lead dim small"),
        el("div", picture or few, shown_table, class_="two"),
    )  # fmt: skip


def _question_row(each: QuestionNumbers) -> Iterator[Html]:
    yield el("th", each.question.id, scope="row")
    flag = el("div", badge(each.doubt, "warn")) if each.doubt else None
    yield cell(joined([each.question.title, flag]), "small title")
    yield number(plain(each.question.points))
    yield number(percent(each.mean))
    yield number(each.nothing)
    yield number(each.everything)
    yield number(NONE if each.discrimination is None else signed(each.discrimination))


def _heat_map(cohort: Cohort, links: Links) -> Html:
    """Students by questions, the best first. The shade says again what the number says: the points that are lost."""
    questions = cohort.assignment.questions
    head = el("tr", heading("student"), heading("points", "n"),
              *(heading(question.id, "n", title=question.title) for question in questions),
              heading("first thing to know"))  # fmt: skip
    worth = el("tr", heading("worth", scope="row"), heading(plain(cohort.assignment.max_points), "n"),
               *(heading(plain(question.points), "n") for question in questions), heading(""),
               class_="worth")  # fmt: skip
    best_first = sorted(
        cohort.attempts, key=lambda each: (each.status is not Status.GRADED, -each.points, each.student)
    )
    rows = [list(_heat_row(attempt, questions, links)) for attempt in best_first]
    shades = [el("span", text, class_=f"key h{shade}") for shade, text in enumerate(SHADES, 1)]
    legend = el("p", "Points by question, the best first. Shaded where points are lost: ", joined(shades, " "),
                "; a dash: not examined.", class_="dim small")  # fmt: skip
    boxed = tall_table([head, worth], rows, "Points of every student by question", "heat")
    return section("students", "Students by question", legend, boxed)


def _heat_row(attempt: Attempt, questions: Sequence[Question], links: Links) -> Iterator[Html]:
    yield el("th", links.to_named(attempt.student), scope="row")
    yield number(total_of(attempt) if attempt.status is Status.GRADED else badge(attempt.status.value, "bad"), "sum")
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
        return section("incidents", "Incidents and deferred", el("p", "None."))
    head = el("tr", heading("student"), heading("what"), heading("said"))
    rows = (
        [el("th", links.to_named(each.student), scope="row"), cell(badge(each.kind, "warn")), cell(each.what, "said")]
        for each in found.incidents
    )
    about = (
        "Files that could not be read, attempts that the machine spoilt or that wait, checks that ended oddly, "
        "names that were nearly found."
    )
    return section(
        "incidents",
        "Incidents and deferred",
        el("p", about, class_="dim small"),
        tall_table([head], rows, "Incidents"),
    )


def _near(found: Findings, links: Links, boundaries: Sequence[Decimal]) -> Html:
    return section("near", "Near a boundary", near_table(found.near, links, boundaries))


def near_table(near: Sequence[Near], links: Links, boundaries: Sequence[Decimal]) -> Html:
    """Those just below a boundary first."""
    where = ", ".join(plain(boundary) for boundary in boundaries)
    about = f"Percentages after lateness and changes by hand, within a point of a boundary ({where})."
    if not boundaries or not near:
        return el("p", f"Nobody. {about}" if boundaries else "No boundaries are given; see grader report --help.")
    head = el("tr", heading("student"), heading("%", "n"), heading("boundary", "n"), heading("distance", "n"))
    rows = [
        [
            el("th", links.to_named(each.student), scope="row"),
            number(shown(each.percent)),
            number(plain(each.boundary)),
            number(joined([badge("below", "warn"), " ", _distance(each)]) if each.distance < 0 else _distance(each)),
        ]
        for each in near
    ]
    return joined([el("p", about, class_="dim small"), tall_table([head], rows, "Marks near a boundary", short=True)])


def _distance(each: Near) -> str:
    return signed(float(each.distance))


def _slowest(cohort: Cohort, links: Links) -> Html:
    attempts = slowest(cohort)
    if not attempts:
        return section("slowest", "Slowest submissions", el("p", "Nothing was run."))
    head = el("tr", heading("student"), *(heading(what, "n") for what in ("wall s", "CPU s", "MiB at most", "points")),
              heading("slowest check"))  # fmt: skip
    rows = [list(_slow_row(attempt, links)) for attempt in attempts]
    limits = cohort.assignment.limits
    each = f"{limits.total_s:g} s in all, {limits.call_s:g} s a call, {limits.memory_mib} MiB"
    about = f"The ten that took longest. The limits: {each}."
    return section("slowest", "Slowest submissions", el("p", about, class_="dim small"), table([head], rows))


def _slow_row(attempt: Attempt, links: Links) -> Iterator[Html]:
    yield el("th", links.to_named(attempt.student), scope="row")
    yield number(f"{attempt.usage.wall_s:.1f}")
    yield number(f"{attempt.usage.cpu_s:.1f}")
    yield number(f"{attempt.usage.peak_mib:.0f}")
    yield number(total_of(attempt))
    slow = max(attempt.results, key=lambda result: result.wall_s, default=None)
    yield cell("" if slow is None else f"{slow.question} {words(slow.name)}, {slow.wall_s:.1f} s", "small")
