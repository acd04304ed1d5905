"""A student's page: what it says in every case, that it is one harmless file, and that nobody else is on it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal

import pytest
from feedback_samples import (
    ASSIGNMENT,
    COURSE,
    SECRET_SEED,
    SOURCES,
    Outline,
    attempt,
    check,
    feedback,
    graded,
    line,
    passing,
    source,
)
from markdown_it import MarkdownIt

from grader.course.sheets import Student
from grader.feedback.composing import compose
from grader.feedback.excerpts import WHOLE
from grader.feedback.markdown import feedback_markdown, inline
from grader.feedback.page import feedback_page
from grader.feedback.parts import HandedIn
from grader.feedback.plain_words import OUTCOMES
from grader.pages.style import STYLE
from grader.record.overrides import Override
from grader.schema import FLAWED, Kind, Outcome, Status

LARGEST = 200_000
HOSTILE = (
    '</pre></code></p><script>document.title="pwned"</script><img src="http://127.0.0.1:9/x" onerror="alert(1)">'
    "\u202e\x1b]0;owned\x07\0\n`````\n# head\n- [link](http://127.0.0.1:9/y) ![p](//z) **b** $x$ | `c` &amp; \"'"
)
STAGES = {
    "graded": {},
    "unreadable": {
        "attempt": attempt(status=Status.UNREADABLE, notices=("a1_mlp.ipynb: this is a saved web page; download it",)),
        "notebook": None,
    },
    "deferred": {"attempt": attempt(status=Status.DEFERRED, notices=("deferred: docker went away",)), "deferred": True},
    "waiting": {"grading": None},
}


def long_functions(width: int) -> list[str]:
    """Functions that are short enough to be shown whole, and large on a page."""
    lines = "\n".join("#" + "'" * width for _ in range(WHOLE - 2))
    return [f"def {name}(z):\n{lines}" for name in ("relu", "tanh", "softmax")]


def text_of(page: str) -> str:
    return " ".join(Outline(page.replace("<", " <")).text.split())


def hostile_page(words: str) -> dict:
    """The same words wherever a student's, or the staff's, words can come to stand."""
    named = Student(words, words)
    code = "\n".join(f"# {part}" for part in words.split("\n"))
    wrong = check("test_rows_add_up", "q5", "8", Outcome.FAILED, words, words)
    return {
        "results": (check("test_rectifies", "q4", "5", Outcome.ERROR, words, words), wrong),
        "sources": (*SOURCES, f"def softmax(z):\n    return z\n{code}"),
        "filename": words,
        "printed": words,
        "student": named,
        "notices": (words, f"cell 4 raised X: {words}"),
        "changes": (Override(words, "a1_mlp", "q5", Decimal(1), words, "staff"),),
        "line": replace(line(a1_mlp=graded("13", reason=words)), student=named),
    }


def rendered(words: str, render) -> str:
    changed = hostile_page(words)
    return render(feedback(*changed.pop("results"), **changed))


# ---------------------------------------------------------------------------------------------------- harmless


def test_what_students_write_is_text_wherever_it_stands():
    hostile, harmless = Outline(rendered(HOSTILE, feedback_page)), Outline(rendered("plain\nwords", feedback_page))
    assert [tag for tag in hostile.tags if tag != "span"] == [tag for tag in harmless.tags if tag != "span"]
    assert {(tag, name) for tag, name, _ in hostile.attributes} == {(tag, name) for tag, name, _ in harmless.attributes}
    assert hostile.text.count('<script>document.title="pwned"</script>') >= 8


def test_what_students_write_is_text_in_markdown_too():
    parser = MarkdownIt("gfm-like", {"linkify": False})
    hostile, harmless = (
        [(token.type, [inner.type for inner in token.children or ()]) for token in parser.parse(text)]
        for text in (rendered(HOSTILE, feedback_markdown), rendered("plain\nwords", feedback_markdown))
    )
    kinds = {kind for _, inner in hostile for kind in inner} | {kind for kind, _ in hostile}
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "code_inline", "s_open"}
    assert [kind for kind, _ in hostile] == [kind for kind, _ in harmless]


@pytest.mark.parametrize(
    "text", ["# no head", "- no item", "1. no item", "1) no", "+ no", "--- ", "=== ", "> no", "```", "~~~"]
)
def test_inline_text_begins_no_block(text):
    assert [token.type for token in MarkdownIt().parse(inline(text))] == ["paragraph_open", "inline", "paragraph_close"]


@pytest.mark.parametrize("render", [feedback_page, feedback_markdown])
def test_control_characters_and_reversed_writing_are_made_visible(render):
    page = rendered(HOSTILE, render)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]", page)
    assert "\\u202e" in page and "\\x1b" in page and "\\x00" in page


@pytest.mark.parametrize("stage", STAGES)
def test_the_page_is_well_formed_and_loads_and_runs_nothing(stage):
    page = Outline(feedback_page(feedback(**STAGES[stage])))
    assert page.open == []
    assert not {"script", "img", "link", "iframe", "object", "form", "base", "audio", "video"} & set(page.tags)
    assert not [name for _, name, _ in page.attributes if name.startswith("on") or name in ("style", "src", "action")]
    assert "default-src 'none'" in page.values("content")[0] and "unsafe" not in page.values("content")[0]
    assert page.values("lang") == ["en"]


@pytest.mark.parametrize("stage", STAGES)
def test_headings_are_in_order_and_every_link_leads_somewhere(stage):
    page = Outline(feedback_page(feedback(*passing(Outcome.FAILED, "softmax is zero everywhere."), **STAGES[stage])))
    levels = [int(tag[1]) for tag in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert {link.removeprefix("#") for link in page.values("href")} <= set(ids)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(scheme):
    colours = dict(re.findall(r"--(\w+): (#\w+)", re.findall(r":root \{([^}]*)\}", STYLE)[scheme]))
    pairs = [(ink, back) for ink in ("ink", "dim", "accent") for back in ("page", "card", "soft")]
    for ink, back in [*pairs, ("good", "goodsoft"), ("bad", "badsoft"), ("warn", "warnsoft"), ("ink", "warnsoft")]:
        assert contrast(colours[ink], colours[back]) >= 4.5, f"{ink} on {back}"


def contrast(one: str, other: str) -> float:
    """The contrast of two colours (WCAG 2.1, relative luminance)."""

    def luminance(colour: str) -> float:
        digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
        parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"sources": (*SOURCES, "def softmax(z):\n" + "    '\"&<>'\n" * 50_000)}, id="a long cell"),
        pytest.param({"sources": [f"def relu(z):\n    return '{'&' * 5000}'  # {n}" for n in range(900)]}, id="cells"),
        pytest.param({"sources": long_functions(199)}, id="long functions"),
        pytest.param({"sources": ("tanh = relu = softmax = '" + "<" * 500_000 + "'",)}, id="a long line"),
        pytest.param({"printed": "'\"&<>\n" * 100_000}, id="printed"),
        pytest.param({"filename": "'" * 100_000}, id="a long name"),
        pytest.param({"sources": ["%matplotlib inline\n!pip install x\n" * 200] * 200}, id="magics"),
        pytest.param({"notices": tuple("&" * 5000 for _ in range(60))}, id="notices"),
        pytest.param({"files": tuple("f" * 200 for _ in range(5000))}, id="files"),
    ],
)
@pytest.mark.parametrize("render", [feedback_page, feedback_markdown])
def test_a_page_stays_small_whatever_was_handed_in(changed, render):
    results = passing(Outcome.ERROR, "KeyError in cell 4, line 9, in softmax: 'x'")
    assert len(render(feedback(*results, **changed)).encode()) < LARGEST


def test_where_room_is_short_questions_that_lost_points_are_shown_and_the_others_said_to_be_left_out():
    made = feedback(*passing(Outcome.FAILED), sources=long_functions(80))
    right, wrong = made.questions
    assert [code.cell for code in wrong.code] == [3] and right.code == () and right.left_out == (1, 2)
    page = feedback_page(made)
    assert "Not shown here, for want of room: cell 1, 2 of your file." in page


def test_the_same_evidence_gives_the_same_bytes_in_every_process():
    program = (
        "import sys, hashlib; sys.path.insert(0, 'tests'); import feedback_samples as f\n"
        "from grader.feedback.page import feedback_page\nfrom grader.schema import Outcome\n"
        "names = ['soft_max', 'softMax', 'Softmax']\n"
        "page = feedback_page(f.feedback(*f.passing(Outcome.MISSING, 'looked for softmax; x'),"
        " sources=[f'def {name}(z): pass' for name in names]))\n"
        "print(hashlib.sha256(page.encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in "123"
    }
    assert len(digests) == 1


# ---------------------------------------------------------------------------------------------------- what it says


def test_every_outcome_has_words():
    assert set(OUTCOMES) == set(Outcome)
    assert len({label for label, _ in OUTCOMES.values()}) == len(OUTCOMES)
    assert all(label and sentence.endswith(".") for label, sentence in OUTCOMES.values())


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if not outcome.earns])
@pytest.mark.parametrize("render", [feedback_page, feedback_markdown])
def test_a_check_that_did_not_pass_is_told_with_what_it_cost(outcome, render):
    page = render(feedback(*passing(outcome)))
    assert OUTCOMES[outcome][0] in page
    assert "\u22122 points" in page and "6 of 8" in page


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("render", [feedback_page, feedback_markdown])
def test_every_question_of_the_assignment_appears(stage, render):
    page = render(feedback(**STAGES[stage]))
    assert all(f"{question.id}" in page and question.title in page for question in ASSIGNMENT.questions)


def test_what_cost_most_comes_first_and_hints_say_what_to_do():
    page = feedback(
        check("test_rectifies", "q4", "5", Outcome.FAILED, "relu is zero everywhere.", "Keep what is positive."),
        check("test_rows_add_up", "q5", "6", Outcome.FAILED, "softmax has the wrong sign.", "Divide by the sum."),
        check("test_large_logits", "q5", "2", Outcome.FAILED, "softmax is NaN in 2 of 2 entries.", "Subtract first."),
    )
    assert [(thing.title, thing.lost) for thing in page.first] == [
        ("q5: wrong answer in softmax", Decimal(8)),
        ("q4: wrong answer in relu", Decimal(5)),
    ]
    assert page.first[0].hint == "Divide by the sum."
    assert "Keep what is positive." in feedback_page(page)


def test_one_reason_behind_many_questions_is_one_thing():
    message = "running the notebook's cells: no answer within 30 s"
    page = feedback(*(replace(result, outcome=Outcome.TIMEOUT, message=message) for result in passing()))
    assert (page.things, page.first[0].lost, len(page.first[0].questions)) == (1, Decimal(13), 2)
    assert "could not be run to its end" in page.first[0].text


def test_full_marks_say_that_nothing_is_to_be_repaired():
    assert "Every check passed." in text_of(feedback_page(feedback()))


def test_the_line_that_raised_is_shown_and_marked():
    page = feedback_page(feedback(*passing(Outcome.ERROR, "TypeError in cell 3, line 2, in softmax: bad operand")))
    assert "<mark>    e = np.exp(z)</mark>" in page
    assert 'data-n="2"' in page
    assert "Your code stopped with TypeError in cell 3, line 2 (softmax)." in page


def test_only_the_cells_of_the_questions_are_shown_each_once_and_the_last_definition_counts():
    page = feedback(sources=(*SOURCES, "print('mine')", "def relu(z):\n    return abs(z)"))
    shown = {part.question.id: [code.cell for code in part.code] for part in page.questions}
    assert shown == {"q4": [2, 5], "q5": [3]}


def test_what_is_to_be_mended_in_a_hidden_test_is_not_for_students():
    page = feedback(notices=("cell 6 raised X", f"{FLAWED}: test_x: KeyError: 'secret' (test_q4.py, line 3)"))
    assert [told for told in page.notices if "secret" in told or "test_x" in told] == []
    assert any("cell 6 raised X" in told for told in page.notices)


def test_notices_say_what_was_ignored_not_run_and_raised():
    sources = (*SOURCES, "!pip install torch\nx = 1", "# experiment: plots\nplt.plot()", "1 / 0")
    sources = (*sources, "a, b = %sql q\n!wget x/y.csv\nfiles = !pip list")
    page = feedback(sources=sources, notices=("cell 6 raised ZeroDivisionError: division by zero",))
    told = " | ".join(page.notices)
    assert "cell 4: !pip install torch is no Python and was left out" in told
    assert "cell 7: a, b = %sql q is no Python and was left out: a, b is None there" in told
    assert "cell 7: !wget x/y.csv was left out: there is no network when it is graded" in told
    assert "cell 7: files = !pip list is no Python and was left out: files is empty there" in told
    assert "not run, because marked as experiments: cell 5" in told
    assert "cell 6 raised ZeroDivisionError: division by zero" in told


@pytest.mark.parametrize(("policy", "told"), [("grade", True), ("report", False)])
def test_a_name_that_was_taken_for_another_is_told(policy, told):
    page = feedback(
        sources=(*SOURCES[:2], "def soft_max(z):\n    return z"), course=replace(COURSE, close_names=policy)
    )
    assert ("q5: soft_max (cell 3) was taken for softmax" in page.notices) is told


def test_output_of_the_cells_is_shown_where_something_went_wrong_and_only_its_end():
    printed = "".join(f"line {n}\n" for n in range(1000))
    assert feedback(printed=printed).printed == ""
    shown = feedback(*passing(Outcome.FAILED), printed=printed).printed
    assert shown.startswith("...\n") and shown.endswith("line 999") and "line 900" not in shown


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        ("unreadable", ["could not be read", "this is a saved web page", "What to do: download it", "0 of 13 points"]),
        ("deferred", ["Not finished yet", "not your code", "Nothing was lost"]),
        ("waiting", ["Not graded yet", "on record"]),
    ],
)
def test_a_submission_without_marks_says_why_and_what_to_do(stage, words):
    page = text_of(feedback_page(feedback(**STAGES[stage])))
    assert not [word for word in words if word not in page]
    assert "docker" not in page
    assert ("0 of 13" in page) is (stage == "unreadable")


def test_a_deferred_check_makes_the_whole_page_unfinished():
    page = feedback(*passing(Outcome.DEFERRED, "the hidden test itself failed: KeyError: 3.14159"), deferred=True)
    assert page.points is None and "3.14159" not in feedback_page(page)


def test_points_changed_by_hand_are_shown_with_the_reason():
    changes = (Override("anna", "a1_mlp", "q5", Decimal("1.5"), "the test was too strict", "staff"),)
    page = text_of(feedback_page(feedback(*passing(Outcome.FAILED), changes=changes)))
    assert "12.5 of 13 points" in page and "7.5 of 8" in page
    assert "6 -> 7.5 points by hand (the test was too strict)" in page and "staff" not in page


def given(points: str, question: str = "q5", kind: Kind = Kind.ADD) -> tuple[Override, ...]:
    return (Override("anna", "a1_mlp", question, Decimal(points), "see me", "staff", kind=kind),)


@pytest.mark.parametrize(
    ("points", "cost"),
    [("2", None), ("1.5", "\u22122 points as graded; +1.5 by hand in q5"), ("-1", "\u22122 points")],
)
@pytest.mark.parametrize("render", [feedback_page, feedback_markdown])
def test_what_was_given_back_by_hand_is_nothing_to_look_at_first(points, cost, render):
    page = feedback(*passing(Outcome.FAILED, "softmax is NaN in 2 of 2 entries."), changes=given(points))
    assert [thing.cost for thing in page.first] == ([cost] if cost else [])
    assert ("No points are lost any more" in render(page)) is (cost is None)
    assert "(\u22122 as graded)" in render(page)


@pytest.mark.parametrize("render", [feedback_page, feedback_markdown])
def test_a_comment_and_points_for_the_whole_are_on_the_page(render):
    comment = render(feedback(changes=given("0", kind=Kind.COMMENT)))
    assert "see me" in comment and "hanged by hand" not in comment
    assert "12 of 13 points" in text_of(feedback_page(feedback(changes=given("-1", "all"))))
    assert "13 -&gt; 12 points by hand (see me)" in render(feedback(changes=given("-1", "all")))


@pytest.mark.parametrize("question", ["q5", "all"])
def test_points_given_for_an_unreadable_file_are_on_its_page(question):
    page = text_of(feedback_page(feedback(**STAGES["unreadable"], changes=given("4", question))))
    assert "4 of 13 points" in page and "0 -> 4 points by hand (see me)" in page
    assert "worth 0 points; what the staff gave all the same stands above" in page


def test_who_handed_in_nothing_and_was_given_points_has_a_page():
    made = replace(source(changes=given("4")), grading=None, handed_in=HandedIn("", 0, "", ""))
    for page in (text_of(feedback_page(compose(made))), feedback_markdown(compose(made))):
        assert "4 of 13 points" in page and "points by hand (see me)" in page and "Nothing was handed in here" in page


FOLLOWS = (*SOURCES[:2], "def row(z):\n    return relu(z)\n\n\ndef softmax(z):\n    return row(z) / 2")


@pytest.mark.parametrize(
    ("outcome", "message", "origin"),
    [
        (
            Outcome.FAILED,
            "softmax has the wrong sign.",
            "Your softmax calls your relu, which fails in q4: begin there.",
        ),
        (
            Outcome.ERROR,
            "ValueError in cell 2, line 2, in relu: bad",
            "The error is in your relu, which fails in q4, too: begin there.",
        ),
        (Outcome.TIMEOUT, "no answer within 3 s", ""),
    ],
)
def test_what_may_follow_from_another_question_says_where_to_begin_and_comes_last(outcome, message, origin):
    relu = check("test_rectifies", "q4", "5", Outcome.FAILED, "relu is zero everywhere.")
    page = feedback(relu, check("test_rows_add_up", "q5", "8", outcome, message), sources=FOLLOWS)
    [finding] = page.questions[1].findings
    assert finding.origin == origin and page.questions[0].findings[0].origin == ""
    assert [thing.questions[0].id for thing in page.first] == (["q4", "q5"] if origin else ["q5", "q4"])
    assert origin in text_of(feedback_page(page)) and origin in feedback_markdown(page)


def test_one_exception_behind_several_checks_is_told_without_hints_about_each_of_them():
    said = "ValueError in cell 3, line 2, in softmax: bad"
    rows = [check(f"test_{n}", "q5", "4", Outcome.ERROR, said, f"Hint {n}.") for n in (1, 2)]
    assert [finding.hints for finding in feedback(*rows).questions[1].findings] == [()]
    assert [finding.hints for finding in feedback(*rows[:1]).questions[1].findings] == [("Hint 1.",)]
    known = feedback(*rows, known=frozenset({"Hint 2."}))
    assert [finding.hints for finding in known.questions[1].findings] == [("Hint 2.",)]


def test_a_mistake_that_is_known_comes_before_a_wrong_shape_and_that_before_all_else():
    page = feedback(
        check("test_rectifies", "q4", "1", Outcome.FAILED, "relu is zero everywhere.", "You return z < 0."),
        check("test_saturates", "q4", "2", Outcome.FAILED, "tanh has shape (2,), expected (2, 3).", "As z."),
        check("test_rows_add_up", "q5", "8", Outcome.FAILED, "softmax has the wrong sign.", "Divide by the sum."),
        known=frozenset({"You return z < 0."}),
    )
    assert [(thing.text, thing.hint) for thing in page.first] == [
        ("relu is zero everywhere.", "You return z < 0."),
        ("tanh has shape (2,), expected (2, 3).", "As z."),
    ]


def test_the_receipt_says_what_was_graded_when_and_with_what():
    receipt = dict(feedback(came="2026-09-01T18:29:00+00:00").receipt)
    assert receipt["Submission"] == "ab" * 32 and receipt["SHA-256 of the file"] == "cd" * 32
    assert receipt["Graded"] == "2026-11-21 02:50 UTC" and receipt["Handed in"] == "2026-09-01 18:29 UTC"
    assert receipt["Grading image"] == "sha256:" + "ef" * 32 and len(receipt["Tests, version"]) == 16
    local = feedback(course=replace(COURSE, timezone="Asia/Kolkata")).receipt
    assert dict(local)["Graded"] == "2026-11-21 08:20 (Asia/Kolkata)"


@pytest.mark.parametrize("render", [feedback_page, feedback_markdown])
def test_no_seed_and_no_duration_is_told(render):
    page = render(feedback(*passing(Outcome.FAILED, "softmax is zero everywhere.")))
    assert SECRET_SEED not in page
    assert not [figure for figure in ("1.2345", "1.23", "7.65", "8.76") if figure in page]


# ---------------------------------------------------------------------------------------------------- a browser


def test_a_real_browser_shows_hostile_words_as_text_and_asks_nobody_for_anything(tmp_path):
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("no Chromium here; on Debian: apt-get install chromium")
    file, log = tmp_path / "anna.html", tmp_path / "net.json"
    file.write_text(rendered(HOSTILE, feedback_page), encoding="utf-8")
    quiet = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}", "--no-first-run"]
    alone = ["--disable-background-networking", "--disable-component-update", f"--log-net-log={log}"]
    told = subprocess.run(
        [browser, *quiet, *alone, "--enable-logging=stderr", "--dump-dom", file.as_uri()],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "<h1>a1_mlp: Networks</h1>" in told.stdout and "pwned" in told.stdout
    assert "<script" not in told.stdout and "<img" not in told.stdout
    assert "CONSOLE" not in told.stderr, told.stderr
    assert "127.0.0.1:9" not in log.read_text(errors="replace"), "the page asked for a picture"
