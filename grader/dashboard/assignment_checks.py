"""The parts of an assignment's page that are about its hidden tests: every check, and failures that look alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from grader.course.scheme import plain
from grader.dashboard.clusters import Cluster
from grader.dashboard.links import Check, Links
from grader.dashboard.parts import NONE, named_students, percent, section, tall_table
from grader.dashboard.statistics import CheckNumbers, signed
from grader.languages.formats import figure
from grader.languages.recorded import recorded
from grader.languages.translating import mark, tr, trn
from grader.pages.markup import Html, badge, bar, cell, el, heading, joined, number, table
from grader.schema import Attempt
from grader.terminal.endings import ended
from grader.terminal.screen import hint_for, words

MOST_ROWS = 40
FEW_DEAREST = 8  # checks that are worth most
MOST_NAMES = 60  # on a card, before they are folded
ABOUT_CLUSTERS = mark(
    "One check, one diagnosis once numbers and the students' own names are masked, three students or more. "
    "A cluster is often a bad test rather than a common mistake: a tolerance too tight, a convention that the notebook "
    "does not state, a second right answer. Where those told the same do better elsewhere than the class by more than "
    "chance explains, or are half of it, look at the test first."
)


def clusters_section(found: Sequence[Cluster], links: Links) -> Html:
    """Those in doubt as cards, the others as a table, the largest first."""
    doubtful = [cluster for cluster in found if cluster.doubt]
    rest = [cluster for cluster in found if not cluster.doubt and cluster.tried]
    empty = [cluster for cluster in found if not cluster.tried]
    title = tr("Failures that look alike")
    about = el("p", tr(ABOUT_CLUSTERS), class_="lead dim small")
    if not found:
        return section("clusters", title, about, el("p", tr("None.")))
    cards = el("ul", *(_card(cluster, links) for cluster in doubtful), class_="clusters") if doubtful else None
    others = _others(rest, links, title) if rest else None
    if empty:
        table_ = el("div", _others(empty, links, tr("Not written yet")), class_="inside")
        folded = el(
            "details",
            el("summary", trn("Not written yet: {n} group", "Not written yet: {n} groups", len(empty))),
            table_,
        )
        return section("clusters", title, about, cards, others, folded)
    return section("clusters", title, about, cards, others)


def _card(cluster: Cluster, links: Links) -> Html:
    title = [
        badge(tr("look at the test"), "warn"),
        " ",
        el("b", "; ".join(map(words, cluster.checks))),
        f" ({cluster.question}): ",
    ]
    where = tr(
        "Elsewhere they have {share} of the points, the class {all}.",
        share=percent(cluster.elsewhere),
        all=percent(cluster.class_elsewhere),
    )
    return el(
        "li",
        el("p", *title, cluster.doubt, "."),
        el("p", f"{ended(cluster.outcome)}: ", el("q", recorded(cluster.said)), class_="said"),
        el("p", where, class_="dim"),
        el("div", named_students(links, cluster.students, few=MOST_NAMES), class_="small"),
    )


def _others(found: Sequence[Cluster], links: Links, label: str) -> Html:
    head = el("tr", heading(tr("students"), "n"), heading(tr("question")), heading(tr("check")),
              heading(tr("said to one of them")), heading(tr("elsewhere / class"), "n"),
              heading(tr("who")))  # fmt: skip
    rows = [list(_row(cluster, links)) for cluster in found[:MOST_ROWS]]
    left = len(found) - MOST_ROWS
    more = el("p", tr("{n} smaller ones are left out.", n=left), class_="dim small") if left > 0 else None
    return joined([tall_table([head], rows, label), more])


def _row(cluster: Cluster, links: Links) -> Iterator[Html]:
    yield number(len(cluster.students), "sum")
    yield cell(cluster.question)
    names = "; ".join(map(words, cluster.checks))
    many = len(cluster.checks)
    yield cell(tr("{n} checks: {names}", n=many, names=names) if many > 1 else names, "small words")
    yield cell(joined([badge(ended(cluster.outcome)), " ", recorded(cluster.said)]), "small said")
    yield number(f"{percent(cluster.elsewhere)} / {percent(cluster.class_elsewhere)}")
    yield cell(named_students(links, cluster.students), "small students")


def every_check(found: Sequence[CheckNumbers], attempts: Sequence[Attempt]) -> dict[str, Check]:
    """Name -> where the check stands, and the hint that most who fail it are given."""
    given: dict[str, Counter[str]] = {}
    for attempt in attempts:
        for result in attempt.results:
            hint = hint_for(result)
            if hint:
                given.setdefault(result.name, Counter())[hint] += 1
    usual = {name: hints.most_common(1)[0][0] for name, hints in given.items()}
    return {check.name: Check(place, usual.get(check.name, "")) for place, check in enumerate(found, 1)}


def checks_section(
    found: Sequence[CheckNumbers], known: Mapping[str, Check], attempts: Sequence[Attempt], links: Links
) -> Html:
    """Every check in the order of the questions: how often it fails, how, whether it discriminates; and the dearest."""
    head = el("tr", heading(tr("question")), heading(tr("check")), heading(tr("worth"), "n"), heading(tr("fail"), "n"),
              heading(tr("share that fails")), heading("r", "n"), heading(tr("how they fail")))  # fmt: skip
    about = tr("r: point-biserial correlation between passing the check and the points of everything else.")
    rows = (list(_check_row(check, known[check.name])) for check in found)
    every = tall_table([head], rows, tr("Failure rates of checks"))
    return section(
        "checks", tr("Every check"), el("p", about, class_="dim small"), every, *_dearest(found, attempts, links)
    )


def _dearest(found: Sequence[CheckNumbers], attempts: Sequence[Attempt], links: Links) -> Iterator[Html]:
    """Who lost most by a single check: the checks that are worth most, with those who failed them."""
    who: dict[str, list[str]] = {}
    for attempt in attempts:
        for result in attempt.results:
            if not result.outcome.earns and not result.unwritten:
                who.setdefault(result.name, []).append(attempt.student)
    dearest = sorted((check for check in found if check.name in who), key=lambda check: -check.max_points)
    if not dearest:
        return
    head = el("tr", heading(tr("points"), "n"), *map(heading, (tr("question"), tr("check"), tr("students"), tr("who"))))
    rows = [
        [number(figure(plain(check.max_points)), "sum"), cell(check.question), cell(words(check.name), "words"),
         number(len(who[check.name])), cell(named_students(links, tuple(sorted(who[check.name]))), "small students")]
        for check in dearest[:FEW_DEAREST]
    ]  # fmt: skip
    title = tr("Most lost by one check")
    about = tr("The checks that are worth most, and who failed them; what is not written yet is left out.")
    yield el("h3", title)
    yield el("p", about, class_="dim small")
    yield table([head], rows, label=title)


def _check_row(check: CheckNumbers, known: Check) -> Iterator[Html]:
    yield el("th", check.question, scope="row", id=known.anchor)
    flag = joined([" ", badge(check.doubt, "warn")]) if check.doubt else None
    hint = el("div", known.hint, class_="hint small") if known.hint else None
    yield cell(joined([words(check.name), flag, hint]), "words")
    yield number(figure(plain(check.max_points)))
    yield number(tr("{n} of {asked}", n=check.failed, asked=check.asked))
    share = check.failed / check.asked
    yield cell(joined([bar(share, tr("{share} fail", share=percent(share))), f" {percent(share)}"]), "n")
    yield number(NONE if check.discrimination is None else signed(check.discrimination))
    yield cell(", ".join(f"{count} {ended(outcome)}" for outcome, count in check.endings), "small")
