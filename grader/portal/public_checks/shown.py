"""What a student is shown of public checks: a line while they run, each check when they have."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from grader.course.showing import Shown
from grader.examination.public_checks import PublicResult
from grader.languages.recorded import recorded
from grader.languages.translating import mark, tr
from grader.pages.markup import Html, badge, el, joined
from grader.portal.frame import box
from grader.portal.hand_ins import HandedIn
from grader.portal.public_checks.running import Found
from grader.portal.visit import Visit

ABOUT = mark("These are the checks that your notebook has, too, run on what you handed in. They give no points.")


def line(visit: Visit, hand_in: HandedIn | None) -> str:
    """How the public checks of a hand-in ended, in a few words; "" where they are not run, or not shown."""
    if hand_in is None or not _is_shown(visit, hand_in):
        return ""
    running = visit.portal.public_checks
    found = running.found(hand_in.number)
    if found is not None:
        if found.unreadable:
            return tr("they could not be run")
        return tr("{n} of {checks} pass", n=found.passed, checks=found.ran)
    if running.running == hand_in.number:
        return tr("being run")
    return tr("waiting to be run") if running.are_run(hand_in.assignment) else ""


def _is_shown(visit: Visit, hand_in: HandedIn) -> bool:
    return visit.portal.sees(hand_in.student, hand_in.assignment, Shown.CHECKS)


def section(visit: Visit, hand_in: HandedIn) -> Html | None:
    """Each public check of a hand-in; None where they are not shown."""
    said = line(visit, hand_in)
    if not said:
        return None
    found = visit.portal.public_checks.found(hand_in.number)
    inside = list(_each(found)) if found is not None else []
    return el(
        "section",
        el("h2", tr("Public checks"), id="public-checks"),
        el("p", el("b", said[0].upper() + said[1:]), ". ", tr(ABOUT)),
        *inside,
    )


def _each(found: Found) -> Iterator[Html]:
    if found.unreadable:
        yield box(el("p", recorded(found.unreadable)), kind="bad")
    for question, results in groupby(found.results, key=lambda each: each.question):
        yield el("h3", question)
        yield el("ul", *(_check(each) for each in results), class_="words")


def _check(result: PublicResult) -> Html:
    words = {True: (tr("passes"), "good"), False: (tr("fails"), "bad"), None: (tr("not run"), "warn")}
    parts = [badge(*words[result.passed]), " ", result.title]
    text = el("pre", result.text, tabindex="0", aria_label=result.title) if result.text else None
    return el("li", joined(parts), text, class_=words[result.passed][1])


def for_programs(visit: Visit, hand_in: HandedIn) -> dict[str, Any] | None:
    """The same as JSON; None where nothing is shown (yet)."""
    found = visit.portal.public_checks.found(hand_in.number) if _is_shown(visit, hand_in) else None
    if found is None:
        return None
    checks = [
        {"question": each.question, "check": each.title, "passed": each.passed, "text": each.text}
        for each in found.results
    ]
    return {"passed": found.passed, "ran": found.ran, "unreadable": found.unreadable, "checks": checks}
