"""The staff's page: pairs, clusters and equal mistakes, and of each pair what is shared, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grader.pages.markup import Html, cell, document, el, heading, joined, number, table
from grader.schema import Assignment
from grader.similarity.comparing import Comparison, HandIn, Pair, Shared
from grader.similarity.fingerprints import OTHER, Piece
from grader.similarity.mistakes import Mistake
from grader.similarity.set_aside import SetAside

SHOWN = 20  # pairs that are laid side by side
LEAST_SHARE = 0.2  # of a question that is worth laying side by side
STYLE = """
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; margin: .5rem 0 1rem; }
.sides > div { min-width: 0; } .sides ol { overflow-x: auto; margin: 0; padding: .5rem 0 .5rem 3.2rem;
  background: var(--soft); border-radius: .4rem; font: .8rem/1.45 ui-monospace, monospace; }
.sides li { white-space: pre; } .sides mark { background: var(--warnsoft); color: inherit; display: inline-block;
  min-width: 100%; border-left: .2rem solid var(--warn); margin-left: -.5rem; padding-left: .3rem; }
@media (max-width: 60rem) { .sides { grid-template-columns: 1fr; } }
@media print { .sides li { white-space: pre-wrap; } }
"""
WORDS = """\
Listed here is what looks alike after names, comments, layout, order and detours were left out. Alike is not copied: a
short function has few forms, people learn together, and two may have read the same page. What is rare in this class and
shared by two weighs most. Look at the code, ask both, decide then."""


def page(
    assignment: Assignment,
    hand_ins: Sequence[HandIn],
    found: Comparison,
    mistakes: Mapping[frozenset[str], Sequence[Mistake]],
    aside: Mapping[frozenset[str], SetAside],
) -> str:
    """The whole page. aside: pairs that were looked at; they are listed at the end with the reason."""
    by_name = {each.name: each for each in hand_ins}
    left = [pair for pair in found.pairs if frozenset((pair.first, pair.second)) not in aside]
    body = [
        el("h1", f"{assignment.id}: what is alike"),
        el(
            "p",
            f"{sum(each.own for each in hand_ins)} hand-ins, {len(found.pairs)} pairs that share anything.",
            class_="dim",
        ),
        el("p", WORDS),
        el("h2", "Pairs"),
        _pairs(left[:SHOWN], mistakes) if left else el("p", "No two hand-ins share what only few have."),
        *_clusters(found.clusters()),
        *_mistakes(mistakes),
        el("h2", "Side by side") if left else None,
        *(_side_by_side(number, pair, by_name, found) for number, pair in enumerate(left[:SHOWN], 1)),
        *_set_aside(aside),
    ]
    return document(f"{assignment.id}: what is alike", el("main", joined(body, "\n")), STYLE)


def _pairs(pairs: Sequence[Pair], mistakes: Mapping[frozenset[str], Sequence[Mistake]]) -> Html:
    names = {"rank": "n", "students": "", "shared": "n", "most alike in": "", "same rare mistakes": ""}
    head = (heading(name, kind) for name, kind in names.items())
    rows = []
    for place, pair in enumerate(pairs, 1):
        both = f"{pair.first}, {pair.second}"
        same = (
            "the same code word for word"
            if pair.identical
            else ", ".join(_in_words(each) for each in pair.questions[:4])
        )
        rare = len(mistakes.get(frozenset((pair.first, pair.second)), ()))
        rows.append(
            (
                number(place),
                heading(el("a", both, href=f"#pair-{place}"), scope="row"),
                number(_percent(pair.share)),
                cell(same, "words"),
                number(rare or ""),
            )
        )
    return table(head, rows, "Most alike first. Shared: of the smaller hand-in, what few others have counting more.")


def _in_words(shared: Shared) -> str:
    return f"{shared.question or 'other code'} {_percent(shared.share)}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _clusters(clusters: Sequence[Sequence[str]]) -> list[Html]:
    if not clusters:
        return []
    items = (el("li", ", ".join(members)) for members in clusters)
    return [
        el("h2", "Groups"),
        el("p", "Three or more of whom each shares half or more with another."),
        el("ul", *items),
    ]


def _mistakes(mistakes: Mapping[frozenset[str], Sequence[Mistake]]) -> list[Html]:
    each = sorted(
        {mistake for some in mistakes.values() for mistake in some}, key=lambda one: (-one.bits, one.question)
    )
    if not each:
        return []
    head = (heading(name) for name in ("question", "check", "students"))
    rows = (
        (
            cell(one.question),
            cell(one.check.removeprefix("test_").replace("_", " "), "words"),
            cell(", ".join(one.students)),
        )
        for one in each[:50]
    )
    return [
        el("h2", "The same rare mistakes"),
        table(head, rows, "Failed checks with the same words that hardly anybody else has."),
    ]


def _side_by_side(place: int, pair: Pair, by_name: Mapping[str, HandIn], found: Comparison) -> Html:
    parts = [el("h3", f"{place}. {pair.first} and {pair.second}", id=f"pair-{place}")]
    shown = [shared for shared in pair.questions if shared.share >= LEAST_SHARE] or list(pair.questions[:1])
    for shared in shown:
        first, second = (by_name[name].pieces[shared.question] for name in (pair.first, pair.second))
        common = first.marks.keys() & second.marks.keys() & found.weights[shared.question].keys()
        few, of = found.holders(shared.question, common), found.there[shared.question]
        title = f"{_in_words(shared)}; half of it stands in {few} of {of} hand-ins or fewer"
        sides = (_side(name, piece, common) for name, piece in ((pair.first, first), (pair.second, second)))
        parts.append(el("h4", title if shared.question != OTHER else f"code of no question: {title}"))
        parts.append(el("div", *sides, class_="sides"))
    return el("section", joined(parts, "\n"), aria_labelledby=f"pair-{place}")


def _side(name: str, piece: Piece, common: set[int]) -> Html:
    marked = {line for mark in common for line in range(piece.marks[mark][0], piece.marks[mark][1] + 1)}
    lines = (el("li", el("mark", text or " ") if line in marked else text) for line, text in enumerate(piece.source))
    return el("div", el("p", name, class_="dim small"), el("ol", *lines, tabindex=0, aria_label=f"code of {name}"))


def _set_aside(aside: Mapping[frozenset[str], SetAside]) -> list[Html]:
    if not aside:
        return []
    head = (heading(name) for name in ("students", "reason", "who", "when"))
    rows = (
        (cell(f"{each.student}, {each.other}"), cell(each.reason, "words"), cell(each.who), cell(each.when[:10]))
        for each in aside.values()
    )
    return [el("h2", "Looked at and set aside"), table(head, rows)]
