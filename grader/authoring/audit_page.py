"""The audit as a page: how good the hidden tests are, question by question, and everything worth a look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from grader.authoring.audit import Audit
from grader.authoring.audit_words import counted, distance, left_out, limits, marked_claim, operators, rows, sentence
from grader.authoring.claims import WORDS
from grader.pages.markup import Html, badge, bar, cell, document, el, heading, joined, number, scroller, table

MOST_ROWS = 20
LEAD = (
    "Submissions whose marks are known were graded: the reference with several seeds and said in other ways, the "
    "untouched starter, nonsense, every wrong solution and every right alternative, and mutants made by machine. "
    "Noticed: mutants, right programs with one small change that makes them wrong, that lose points. Named: wrong "
    "solutions whose own hint the student reads."
)


def audit_page(audit: Audit) -> str:
    """The whole page, one file that loads nothing."""
    title = f"Audit of {audit.assignment.id}"
    state = badge("green", "good") if audit.green else badge(counted(len(audit.findings), "finding"), "bad")
    header = el("header", el("h1", title, " ", state), el("p", LEAD, class_="lead"))
    body = [
        _section("Findings", _list(map(sentence, audit.findings))),
        _section("Claims of the sandbox", _list(marked_claim(check, why) for check, why in audit.marked.items())),
        _section("Questions", _questions(audit)),
        _section("Mutants by kind of change", _operators(audit)),
        _section("Mutants that nothing notices", joined(_survivors(audit))),
        _section("Inputs that no hidden test asks with", _list(left_out(audit.left_out))),
        _section("Stability of the reference", joined(_stability(audit))),
        _section("Slowest checks", _slowest(audit)),
        _section("What is said inside, where student code can say anything", _list(_claims(audit))),
    ]
    return document(title, joined([header, el("main", *body)], "\n"))


def _claims(audit: Audit) -> Iterator[str]:
    for kind, checks in audit.claims.items():
        yield f"{WORDS[kind]}: {', '.join(checks)}"


def _section(title: str, content: Html | None) -> Html | None:
    return el("section", el("h2", title), content) if content else None


def _list(lines: Iterable[str]) -> Html | None:
    items = [el("li", line) for line in lines]
    return el("ul", *items) if items else None


def _questions(audit: Audit) -> Html:
    head = el("tr", heading("question"), heading("title"), heading("points", "n"), heading("checks", "n"),
              heading("wrong caught", "n"), heading("named", "n"), heading("right", "n"),
              heading("mutants noticed", "n"), heading("share"), heading("seconds", "n"))  # fmt: skip
    return table([head], (_question(audit, row) for row in rows(audit)), "What the hidden tests notice")


def _question(audit: Audit, row: dict[str, object]) -> Iterator[Html]:
    made, killed = int(str(row["mutants"])), int(str(row["killed"]))
    yield el("th", row["question"], scope="row")
    yield cell(audit.assignment.question(str(row["question"])).title)
    yield number(row["points"])
    yield number(row["checks"])
    yield number(f"{row['caught']} of {row['wrong']}")
    yield number(row["named"])
    yield number(row["right"])
    yield number(f"{killed} of {made}" if made else "\u2013")
    yield cell(_share(killed, made) if made else "\u2013", "n")
    yield number(row["seconds"])


def _operators(audit: Audit) -> Html | None:
    head = el("tr", heading("change"), heading("noticed", "n"), heading("share"))
    kinds = operators(audit)
    body = (_rated(row["operator"], row["killed"], row["mutants"]) for row in kinds)
    return table([head], body, "What kinds of changes the tests notice, the least noticed first") if kinds else None


def _rated(kind: str, killed: int, made: int) -> Iterator[Html]:
    yield el("th", kind, scope="row")
    yield number(f"{killed} of {made}")
    yield cell(_share(killed, made), "n")


def _share(killed: int, made: int) -> Html:
    share = killed / made
    return joined([bar(share, f"{share:.0%} noticed"), f" {share:.0%}"])


def _survivors(audit: Audit) -> Iterator[Html]:
    for mutant in audit.survivors:
        yield el("p", el("b", mutant.id), f" {mutant.operator}")
        yield scroller(mutant.text, label=mutant.id)


def _stability(audit: Audit) -> Iterator[Html]:
    stability = audit.stability
    yield el("p", f"{stability.runs} runs with different seeds. ", _flaky(stability.flaky))
    bounds = stability.bounds()
    if bounds:
        head = el("tr", heading("check"), heading("what"), heading("bound"), heading("least", "n"),
                  heading("mean", "n"), heading("largest", "n"), heading("deviations to the bound", "n"))  # fmt: skip
        body = (
            [cell(check, "words"), cell(bound.says), cell(limits(bound.low, bound.high)),
             number(f"{min(bound.values):.4g}"), number(f"{sum(bound.values) / len(bound.values):.4g}"),
             number(f"{max(bound.values):.4g}"), number(distance(bound))]
            for check, bound in bounds
        )  # fmt: skip
        yield table([head], body, "Figures that are held against a bound, the nearest first")
    used = [row for row in stability.tolerance_used() if row[1] > 0][:MOST_ROWS]
    if used:
        head = el("tr", heading("check"), heading("what"), heading("largest share of a tolerance", "n"))
        body = ([cell(check, "words"), cell(what), number(f"{share:.2g}")] for check, share, what in used)
        yield table([head], body, "Tolerances, the one that is used most first")


def _flaky(checks: list[str]) -> str:
    return f"Passed with some of them only: {', '.join(checks)}." if checks else "Every check passed with all or none."


def _slowest(audit: Audit) -> Html:
    head = el("tr", heading("check"), heading("seconds", "n"))
    body = ([cell(check, "words"), number(f"{took:.3f}")] for check, took in audit.stability.slowest())
    return table([head], body, "With the reference, median of the runs")
