"""The parts of an assignment's page that are about its hidden tests: every check, and failures that look alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from grader.course.scheme import plain
from grader.dashboard.clusters import Cluster
from grader.dashboard.links import Check, Links
from grader.dashboard.parts import NONE, named_students, percent, section, tall_table
from grader.dashboard.statistics import CheckNumbers, signed
from grader.dashboard.what_went_wrong import WRONG, how_many_wrong
from grader.languages.formats import figure
from grader.languages.recorded import recorded
from grader.languages.translating import mark, tr, trn
from grader.pages.markup import Html, badge, bar, cell, el, heading, joined, number
from grader.terminal.endings import ended
from grader.terminal.screen import words

MOST_ROWS = 40
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
    head = el("tr", heading(tr("check")), heading(tr("students"), "n"), heading(tr("question")),
              heading(tr("said to one of them")), heading(tr("elsewhere / class"), "n"),
              heading(tr("who")))  # fmt: skip
    rows = [list(_row(cluster, links)) for cluster in found[:MOST_ROWS]]
    left = len(found) - MOST_ROWS
    more = el("p", tr("{n} smaller ones are left out.", n=left), class_="dim small") if left > 0 else None
    return joined([tall_table([head], rows, label, "stack alike wraps"), more])


def _row(cluster: Cluster, links: Links) -> Iterator[Html]:
    names = "; ".join(map(words, cluster.checks))
    many = len(cluster.checks)
    told = tr("{n} checks: {names}", n=many, names=names) if many > 1 else names
    yield el("th", told, scope="row", class_="small")
    yield number(len(cluster.students), "sum")
    yield cell(cluster.question)
    yield cell(joined([badge(ended(cluster.outcome)), " ", recorded(cluster.said)]), "small said")
    yield number(f"{percent(cluster.elsewhere)} / {percent(cluster.class_elsewhere)}")
    yield cell(named_students(links, cluster.students), "small students")


def checks_section(found: Sequence[CheckNumbers], known: Mapping[str, Check]) -> Html:
    """Every check, the one that most got wrong first: how it fails, and whether it discriminates."""
    wrong = (heading(tr("wrong"), "n"), heading(tr("not written"), "n"))
    head = el("tr", heading(tr("question")), heading(tr("check")), heading(tr("worth"), "n"), *wrong,
              heading("r", "n"), heading(tr("how they fail")))  # fmt: skip
    correlated = tr("r: point-biserial correlation between passing the check and the points of everything else.")
    most_wrong_first = sorted(found, key=lambda check: -check.wrong)
    rows = (list(_check_row(check, known[check.name])) for check in most_wrong_first)
    every = tall_table([head], rows, tr("Failure rates of checks"), "stack rates")
    about = el("p", f"{tr(WRONG)} {correlated}", class_="dim small")
    return section("checks", tr("Every check"), about, every)


def _check_row(check: CheckNumbers, known: Check) -> Iterator[Html]:
    yield el("th", check.question, scope="row", id=known.anchor)
    flag = joined([" ", badge(check.doubt, "warn")]) if check.doubt else None
    told = el("div", _usual_hint(check, known), class_="hint small") if known.hint else None
    yield cell(joined([words(check.name), flag, told]), "words")
    yield number(figure(plain(check.max_points)))
    share = check.wrong / check.asked
    of_all = bar(share, tr("{share} wrong", share=percent(share)))
    yield number(joined([of_all, " ", el("span", how_many_wrong(check), class_="unbroken")]))
    yield number(check.not_there)
    yield number(NONE if check.discrimination is None else signed(check.discrimination))
    yield cell(", ".join(f"{count} {ended(outcome)}" for outcome, count in check.endings), "small")


def _usual_hint(check: CheckNumbers, known: Check) -> str:
    """The hint, and to how many it was given where others got another one or none."""
    if known.given == check.wrong:
        return known.hint
    return tr("to {n} of {wrong}: {hint}", n=known.given, wrong=check.wrong, hint=known.hint)
