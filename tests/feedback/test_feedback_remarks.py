"""What people say of lines: on the page and in Markdown, at its question, as text, and without other people's names."""

from __future__ import annotations

import pytest
from feedback_samples import SOURCES, Outline, attempt, feedback, passing, source
from markdown_it import MarkdownIt

from grader.course.sheets import Student
from grader.feedback.composing import compose, without_others
from grader.feedback.markdown import feedback_markdown
from grader.feedback.page import feedback_page
from grader.feedback.parts import Remark
from grader.schema import WHOLE, Outcome, Status

REMARKS = (
    Remark("q4", 2, 2, "    return np.maximum(z, 0)", "<script>alert(1)</script>\n# as *bob* does"),
    Remark("q5", 3, 2, "    e = np.exp(z) `</code>`", "subtract the maximum"),
    Remark(WHOLE, 1, 1, "import numpy as np", "well named"),
)


def rendered(render, *results):
    others = without_others([Student("anna", "Anna Hansen"), Student("bob", "Bob Olsen")])
    made = source(*results, remarks=REMARKS)
    return render(compose(made, others(made.student)))


@pytest.mark.parametrize(
    "render", [feedback_page, lambda told: MarkdownIt("js-default").render(feedback_markdown(told))]
)
def test_a_remark_is_text_at_its_question_whether_or_not_points_were_lost(render):
    for results in (passing(), passing(Outcome.FAILED, "too large")):
        page = Outline(rendered(render, *results))
        assert "script" not in page.tags and "alert(1)" in page.text
        assert "(somebody else)" in page.text and "bob" not in page.text
        q4, q5, file = (page.text.rindex(words) for words in ("alert(1)", "subtract the maximum", "well named"))
        assert q4 < q5 < page.text.index("About your file") < file
        assert "np.maximum(z, 0)" in page.text[: q5 + 200] and "cell 2, line 2" in page.text


def test_a_question_with_a_remark_has_something_to_say():
    parts = compose(source(remarks=REMARKS)).questions
    assert [part.nothing_to_say for part in parts] == [False, False]
    assert [part.nothing_to_say for part in feedback().questions] == [True, True]


@pytest.mark.parametrize("status", [Status.UNREADABLE, Status.DEFERRED])
def test_where_nothing_is_graded_no_remark_is_told(status):
    told = compose(source(remarks=REMARKS, attempt=attempt(status=status), sources=SOURCES))
    assert told.remarks == () and all(part.remarks == () for part in told.questions)
    assert "well named" not in feedback_page(told) + feedback_markdown(told)
