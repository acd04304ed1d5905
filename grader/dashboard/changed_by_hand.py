"""Whose points people changed by hand, in all assignments: what it came to, why, by whom and when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grader.dashboard.findings import Findings
from grader.dashboard.links import Links
from grader.dashboard.parts import section, tall_table
from grader.languages.recorded import recorded
from grader.languages.translating import tr
from grader.pages.markup import Html, cell, el, heading


def changes_section(found: Sequence[Findings], links: Links) -> Html:
    """A row for each question of a student that was changed; comments and notes stand on the students' pages."""
    rows = [row for each in found for row in _rows(each, links)]
    title = tr("Changed by hand")
    if not rows:
        return section("changed", title, el("p", tr("Nothing: all points are those of checks and of marking.")))
    columns = (tr("student"), tr("question"), tr("what and why"), tr("by whom, when"))
    head = el("tr", *map(heading, columns))
    about = tr("Excused, integrity and lateness, which stand in marks/status.csv, are to be seen in the marks below.")
    everybody = tall_table([head], rows, title, "stack changes", short=True)
    return section("changed", title, el("p", about, class_="lead dim small"), everybody)


def _rows(found: Findings, links: Links) -> Iterator[list[Html]]:
    cohort = found.cohort
    for student, work in sorted(cohort.works.items()):
        for each in work.changed:
            if each.changes:
                yield [
                    el("th", links.to_named(student), scope="row"),
                    cell(links.to_assignment(cohort.assignment.id, f"{cohort.assignment.id} {each.question}")),
                    cell(recorded(each.words), "words"),
                    cell("; ".join(map(recorded, each.whom)), "small"),
                ]
