"""The report for the staff in a language that is made up: each word of a page is a message in brackets, or data."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from feedback_samples import ASSIGNMENT, COURSE, ITEMS, attempt, graded, line, passing
from pseudo_language import pseudo_language, untranslated

from grader.course.entries import Entry, State
from grader.course.sheets import Student
from grader.dashboard import site
from grader.dashboard.cohort import Cohort
from grader.dashboard.finding import SCRIPT, script
from grader.dashboard.work import Entered, Graded, Work
from grader.feedback.excerpts import Excerpt
from grader.feedback.parts import QuestionPart
from grader.languages.translating import speaking
from grader.marks.changes import ByHand
from grader.marks.gradebook import Gradebook, Stranger
from grader.schema import Attempt, ManualMark, Outcome, Question, Status
from grader.submission.answers import Answer, AnswerCell

OWN = (  # the course's words, the students', what a machine calls itself, and where in a table something stands
    "Deep Learning", "Networks", "Activations", "Losses", "Essay", "Anna Hansen", "Assignments", "= work", "strict",
    "rectifies", "rows add up", "large logits do not overflow", "softmax", "relu", "tanh", "think again", "ill",
    "copied",
    r"a\d_\w+(?:\.ipynb|\.csv)?", r"\bs\d\d\b", "nobody-knows", "marks/", "cpu", "UTC", r"\br\b", "Q1", "Q3", "s$",
    r"\b(?:ab|cd|ef|sha256:)+\S*", "MiB", r"\bs\b", "row 3", "tom", "--help", r"\b(?:min|d|h)\b", "well argued", "np",
    r"\bx\b",
    "TypeError", "soft_max",
)  # fmt: skip
WRONG = "softmax has shape (3,), expected (3, 5): an axis of length 5 is missing (keepdims?)."
ENDED = {
    Outcome.ERROR: "TypeError in cell 3, line 2",
    Outcome.MISSING: "looked for softmax; your notebook defines soft_max (cell 3)",
    Outcome.TIMEOUT: "no answer within 5 s",
    Outcome.MEMORY: "the process ran out of memory and was ended",
    Outcome.CRASHED: "the process ended itself with exit code 3 (os._exit, quit?)",
    Outcome.PROTOCOL: "the process ended",
    Outcome.DEFERRED: "the process ended",
}
ESSAY = Question("q6", "Essay", Decimal(4), manual=True)
WITH_ESSAY = replace(ASSIGNMENT, questions=(*ASSIGNMENT.questions, ESSAY))


def of(student: str, made: Attempt, essay: str | None = "3") -> Attempt:
    points = None if essay is None else Fraction(essay)
    why = "is to be marked by hand" if points is None else ""
    mark = ManualMark("q6", points, why, comment="well argued", source="a1_mlp.csv, row 3", by="tom")
    return replace(made, student=student, manual=(mark,))


def attempts() -> list[Attempt]:
    """Every way in which an attempt and a check can end; four that are told the same, twelve that are compared."""
    found = [of(f"s{n:02}", attempt(*passing(Outcome.FAILED, WRONG, "think again"))) for n in range(4)]
    found += [of(f"s{4 + n:02}", attempt(*passing(how, said))) for n, (how, said) in enumerate(ENDED.items())]
    found += [of(f"s{n}", attempt(*passing()), essay=str(n % 4)) for n in range(11, 15)]
    found += [of("s15", attempt(*passing()), essay=None)]
    unreadable = "a1_mlp.ipynb: this is a PDF, not a notebook"
    found += [replace(attempt(status=Status.UNREADABLE, notices=(unreadable,)), student="s16")]
    found += [replace(attempt(status=Status.DEFERRED, notices=("no answer within 5 s",)), student="s17")]
    nothing = attempt(*(replace(each, outcome=Outcome.FAILED, message=WRONG) for each in passing()))
    found += [replace(of("s18", nothing, "0"), notices=("there is no code in it",))]
    return [*found, replace(attempt(*passing()), student="nobody-knows")]


def work(made: Attempt) -> Work:
    code = Excerpt(3, 2, ((1, "def softmax(z):"), (2, "    return np.exp(z)")), frozenset({2}))
    part = QuestionPart(ASSIGNMENT.questions[1], Fraction(8), 2, (), (), code=(code,))
    changed = ByHand("q5", Fraction(6), Fraction(8), "6 -> 8 points by hand (think again)", ("well argued",))
    entered = Entered("q5", "set to 8", "think again", "tom", "2026-11-30 12:00")
    before = replace(made, evidence=replace(made.evidence, submission="ef" * 32, image="sha256:" + "ab" * 32))
    past = (Graded(before, "2026-11-29 12:00"), Graded(made, "2026-11-30 12:00"))
    timing = "handed in 2026-11-30 12:00 UTC; 5 min late"
    return Work("a1_mlp.ipynb", timing, (part,), past, (changed,), (entered,))


def report(waiting: bool) -> dict[str, str]:
    """All pages: of a course that is finished, or in which marks are still to come."""
    made = attempts()
    students = [f"s{n:02}" for n in range(20)]
    lines = []
    for place, student in enumerate(students):
        entries = {item: graded(str(1 + (place + at) % 13)) for at, item in enumerate(ITEMS)}
        if place % 4 == 1:
            entries["a2_cnn"] = Entry(State.EXCUSED, reason="ill")
            entries["a3_sequences"] = Entry(State.MISSING, reason="nothing was handed in")
        if place % 4 == 2:
            entries["a4_generative"] = Entry(State.INTEGRITY, reason="copied")
            entries["a3_sequences"] = graded("9", late_minutes=Decimal(3000))
        if waiting and place % 4 == 3:
            del entries["a3_sequences"]
        lines.append(replace(line(**entries), student=Student(student, "Anna Hansen")))
    strangers = (Stranger("nobody-knows", ("submission of a1_mlp",), " (did you mean 's01'?)"),)
    notice = "1 graded submission of a9_other not used: a9_other is not part of the course"
    book = Gradebook(COURSE, tuple(lines), strangers, (notice,))
    cells = (AnswerCell(4, False, "well argued", "ab"), AnswerCell(5, True, "np.exp(1)"))
    answers = {"s00": {"q6": Answer("q6", True, cells)}, "s01": {"q6": Answer("q6", False, (), everything=cells)}}
    works = {"s00": work(made[0]), "s19": work(made[0])}
    handed_in = frozenset({*(each.student for each in made), "s19"})
    cohort = Cohort(
        WITH_ESSAY, tuple(students), handed_in, tuple(made), frozenset({"s00"}), frozenset(), answers, works
    )
    boundaries = [Decimal(40), Decimal("79.5")]
    return dict(site.pages(book, [cohort], boundaries, "record up to run 3, 2026-11-30 12:00 UTC"))


@pytest.fixture(scope="module", params=["finished", "still to come"])
def pages(request) -> dict[str, str]:
    with speaking(pseudo_language()):
        return report(request.param == "still to come")


def test_no_word_of_a_page_is_left_in_english(pages):
    written = {name: text for name, text in pages.items() if name.endswith(".html")}
    left = {name: words for name, text in written.items() if (words := untranslated(text, OWN))}
    assert left == {}
    assert len(written) == 23  # the course's, the assignment's, 20 students and one whom nobody knows
    assert "\\27e6 Hint" in pages["report.css"]  # what the style sheet writes before a hint is in the language, too


def test_numbers_have_the_decimal_mark_of_the_language():
    with speaking("de"):
        text = report(waiting=False)["report.html"]
    shown = re.sub(r"<(style|script)>.*?</\1>|<[^>]+>|\d\d:\d\d", " ", text, flags=re.DOTALL)
    assert re.findall(r"\d\.\d", shown) == []
    assert re.search(r"79,5", shown)


def test_the_script_finds_and_sorts_in_the_language_of_the_page():
    assert script() == SCRIPT
    with speaking("de"):
        said = script()
    assert "`Suchen in: ${box.ariaLabel}`" in said and "} von ${rows.length}`" in said
    assert r"([.\,]\d+)?/" in said and '.replace(",", ".")' in said
    with speaking(pseudo_language()):
        assert "Find in" not in script().replace("⟦Find in", "")
