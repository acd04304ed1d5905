"""The page of an import: of each thing of the source, what became of it and why; each test as it was and as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from grader.importing.hidden_text import Test, worthless
from grader.importing.material import Case, Material
from grader.pages.markup import Html, badge, cell, document, el, heading, joined, number, scroller, table
from grader.pages.stacked import stacked

_OURS = re.compile(r"^the hidden test itself failed: \w+: | \(\w+\.py, line \d+\)$")
NOT_PASSED = "the source's own solution does not pass it"
STYLE = """
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(24rem, 1fr)); gap: .75rem; margin: .6rem 0 0; }
.sides > div { min-width: 0; } .sides pre { white-space: pre-wrap; overflow-wrap: anywhere; }
@media (max-width: 40rem) { .sides { grid-template-columns: 1fr; } }
"""
WAYS = {  # what became of a test -> colour, what that means
    "moved": ("good", "judged outside of the sandbox, as the hidden tests of this program are."),
    "told by the sandbox": (
        "",
        "the test runs beside the student's code, which says what it sees; what that is compared with stays outside.",
    ),
    "a claim": (
        "warn",
        "the test runs beside the student's code and decides there: whoever tampers with the interpreter can make it "
        "say yes. Rewrite it before it decides a grade.",
    ),
    "left for you": ("bad", "not in the hidden tests."),
}


def import_page(
    material: Material, assignment_id: str, tests: dict[str, list[Test]], free: set[str], source: str
) -> str:
    """HTML, for the instructor alone: it names hidden tests."""
    every = [test for own in tests.values() for test in own]
    counts = {way: sum(_way(test) == way for test in every) for way in WAYS}
    left = sum(note.kind == "left" for note in material.notes)
    tiles = [(str(len(material.questions)), "questions"), *((str(counts[way]), f"tests: {way}") for way in WAYS)]
    body = [
        el("h1", f"{assignment_id}: what became of {source}"),
        el("p", f"Imported from {material.system}. For you alone: it shows hidden tests.", class_="dim"),
        el("ul", *(el("li", el("b", figure), name) for figure, name in tiles), class_="tiles"),
        *_first(every, left),
        el("h2", "Questions"),
        _questions(material, tests),
        el("h2", "Test by test"),
        el("ul", *(el("li", badge(way, kind), " ", means) for way, (kind, means) in WAYS.items())),
        *(_test(test, free) for test in every),
        *_worthless(material),
        *_notes(material),
    ]
    main = el("main", joined(body, "\n"))
    return document(f"{assignment_id}: what became of {source}", main, STYLE + stacked(main))


def _way(test: Test) -> str:
    if test.left:
        return "left for you"
    return {"outside": "moved", "seen": "told by the sandbox", "claim": "a claim"}[test.form.kind]


def _why(test: Test, free: set[str]) -> str:
    """Why it is not simply moved; "" where it is."""
    why = ""
    if test.left:
        why = test.why_left or NOT_PASSED + _said(test.told[-1:])
    elif test.form.kind != "outside":
        why = test.form.why + _said(test.told[:1])
    if test.name in free and not test.left:
        counts = "the untouched notebook passes it, so it counts with another test of its question, if there is one"
        why = f"{why}; {counts}" if why else counts
    return why


def _first(every: list[Test], left: int) -> Iterator[Html]:
    """What a person has to look at."""
    looked = [test for test in every if _way(test) in ("left for you", "a claim")]
    looked.sort(key=lambda test: not test.left)
    if not looked and not left:
        return
    yield el("h2", "Look at this first")
    items = [
        el("li", badge(_way(test), WAYS[_way(test)][0]), " ", _link(test), f" {test.case.label}: {_why(test, set())}")
        for test in looked
    ]
    if left:
        things = "thing is" if left == 1 else "things are"
        items.append(
            el(
                "li",
                badge("left for you", "bad"),
                f" {left} {things} below, under ",
                el("a", "Other things", href="#other"),
            )
        )
    yield el("ul", *items, class_="first-look")


def _link(test: Test) -> Html:
    return el("a", test.name, href=f"#{test.name}")


def _questions(material: Material, tests: dict[str, list[Test]]) -> Html:
    head = [heading(name, kind) for name, kind in (("here", ""), ("there", ""), ("points", "n"))]
    head += [heading(way, "n") for way in WAYS]
    rows = []
    for asked in material.questions:
        own = tests.get(asked.id, [])
        counts = [sum(_way(test) == way for test in own) for way in WAYS]
        figures = (
            [cell("a person marks it", colspan=str(len(WAYS)))] if asked.manual else [number(n or "") for n in counts]
        )
        points = number(f"{asked.decimal.normalize():f}")
        rows.append([heading(asked.id, scope="row"), cell(_one_line(asked.name)), points, *figures])
    return table([el("tr", *head)], rows, class_="stack questions", label="Questions")


def _test(test: Test, free: set[str]) -> Html:
    """One test, unfolded where a person has to look at it."""
    way, why = _way(test), _why(test, free)
    sides = [("there", test.case.source)]
    if not test.left:
        sides.append(("here", "\n\n".join(filter(None, [test.form.probe, "\n".join(test.form.lines)]))))
    hidden = " (hidden)" if test.case.hidden else ""
    summary = el("summary", badge(way, WAYS[way][0]), el("b", test.name), f"{_one_line(test.case.label)}{hidden}")
    shown = (
        el("div", el("p", name, class_="dim small"), scroller(text, label=f"{test.name} {name}"))
        for name, text in sides
    )
    inside = el("div", el("p", why) if why else None, el("div", *shown, class_="sides"), class_="inside")
    unfolded = {} if way in ("moved", "told by the sandbox") else {"open": "open"}
    return el("details", summary, inside, id=test.name, **unfolded)


def _worthless(material: Material) -> Iterator[Html]:
    cases = [case for asked in material.questions for case in worthless(asked) if not case.excerpt]
    if cases:
        yield el("h2", "Worth no points there")
        yield el("ul", *(el("li", f"{_one_line(case.label)}: no hidden test; {_shown(case)}") for case in cases))


def _shown(case: Case) -> str:
    return "students have it as a public check" if not case.hidden else "nobody sees it"


def _said(told: list[str]) -> str:
    """What a form that did not do said of the source's own solution, where that says more than that it did not."""
    own = [_OURS.sub("", text) for text in told if not text.endswith(("does not hold.", "gives another value."))]
    return f" ({own[0][:200]})" if own and own[0] else ""


def _notes(material: Material) -> Iterator[Html]:
    words = {
        "left": ("left for you", "bad"),
        "changed": ("changed", ""),
        "moved": ("moved", "good"),
        "claim": ("a claim", "warn"),
    }
    if not material.notes:
        return
    rows = [
        [cell(_one_line(note.where)), cell(badge(*words[note.kind])), cell(_one_line(note.says), "words")]
        for note in sorted(material.notes, key=lambda note: note.kind != "left")
    ]
    yield el("h2", "Other things", id="other")
    head = el("tr", heading("what"), heading(""), heading("what became of it"))
    yield table([head], rows, label="Other things")


def _one_line(text: str) -> str:
    return " ".join(text.split())
