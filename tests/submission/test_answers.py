"""What a student wrote for a question that a person marks is found, whatever became of the notebook."""

import json

import pytest
from essays import STARTER, changed, code, handed_in, notebook, text

from grader.errors import SubmissionError
from grader.submission.answers import answers, released_texts

QUESTIONS = ("q1", "q2", "q3", "q7", "q8")
ESSAY, PLOT = "Because exp(1000) overflows.", "# experiment\nplt.plot(x)"


RELEASED = notebook(*STARTER)


def found(content, filename="tiny.ipynb", starter=RELEASED):
    return answers(content, filename, QUESTIONS, ("q7", "q8"), starter)


def sources(answer):
    return [cell.source for cell in answer.cells]


def without_ids(cells):
    return [{key: value for key, value in cell.items() if key != "id"} for cell in cells]


WRITTEN = changed(*STARTER, q7_answer=ESSAY, q8_code=PLOT)
AT_THE_END = [*WRITTEN[:4], *WRITTEN[6:], *WRITTEN[4:6]]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(notebook(*WRITTEN), id="as it was released"),
        pytest.param(notebook(*without_ids(WRITTEN)), id="ids lost, as old editors do"),
        pytest.param(notebook(*[{**c, "id": f"new{n}"} for n, c in enumerate(WRITTEN)]), id="ids made anew"),
        pytest.param(
            notebook(*[{**without_ids([cell])[0], "metadata": {"id": cell["id"]}} for cell in WRITTEN]),
            id="ids in the metadata, as Colab has them",
        ),
        pytest.param(notebook(*AT_THE_END), id="questions in another order"),
        pytest.param(notebook(*without_ids(AT_THE_END)), id="in another order and without ids"),
        pytest.param(notebook(*changed(*WRITTEN, q7_text=None)), id="heading deleted, the answer's cell is left"),
        pytest.param(
            notebook(*changed(*WRITTEN, q7_text="Why? I think:", q8_text="plots")), id="headings written over"
        ),
        pytest.param(
            json.dumps({"worksheets": [{"cells": without_ids(WRITTEN)}], "nbformat": 3}).encode(), id="nbformat 3"
        ),
    ],
)  # fmt: skip
def test_an_answer_is_found_by_ids_by_texts_and_by_headings(content):
    of = found(content)
    assert ESSAY in sources(of["q7"]) and PLOT in sources(of["q8"])
    assert ESSAY not in sources(of["q8"]) and PLOT not in sources(of["q7"])
    assert of["q7"].found and of["q8"].found


def test_cells_that_were_added_belong_where_they_stand_and_what_was_given_is_left_out():
    more = [text("First,"), code("exp(1000)"), text("so it overflows.")]
    place = [cell["id"] for cell in STARTER].index("q7-answer")
    answer = found(notebook(*STARTER[:place], *more, *STARTER[place:]))["q7"]
    assert [(cell.number, cell.code, cell.source) for cell in answer.cells] == [
        (6, False, "First,"), (7, True, "exp(1000)"), (8, False, "so it overflows."),
    ]  # fmt: skip
    assert not answer.remark


def test_an_essay_may_have_headings_of_its_own_even_such_as_name_other_questions():
    essay = [text("# Introduction"), text("## q1 and q8 compared\n\nBoth ..."), text("### Conclusion")]
    place = [cell["id"] for cell in STARTER].index("q7-answer")
    answer = found(notebook(*STARTER[:place], *essay, *STARTER[place + 1 :]))["q7"]
    assert sources(answer) == [cell["source"] for cell in essay]


def test_an_answer_typed_into_the_cell_of_the_question_is_shown_with_it():
    answer = found(notebook(*changed(*STARTER, q7_text=STARTER[4]["source"] + "\n\n" + ESSAY)))["q7"]
    assert sources(answer) == [STARTER[4]["source"] + "\n\n" + ESSAY]


def test_two_questions_merged_into_one_cell_are_shown_at_both():
    merged = STARTER[4]["source"] + "\n\n" + ESSAY + "\n\n" + STARTER[6]["source"] + "\n\nNo plot."
    of = found(notebook(*changed(*STARTER, q7_text=merged, q7_answer=None, q8_text=None)))
    assert sources(of["q7"]) == sources(of["q8"]) == [merged]


def test_what_is_not_there_is_not_guessed_and_the_whole_file_is_pointed_to():
    other = notebook(text("My essay about exp."), code("x = 1"))
    answer = found(other)["q7"]
    assert not answer.found and not answer.cells and "look at all of it" in answer.remark
    assert [cell.source for cell in answer.everything] == ["My essay about exp.", "x = 1"]


def test_what_was_left_empty_says_so_and_where_else_to_look():
    astray = [text("Here is my essay, before everything."), *STARTER]
    answer = found(notebook(*astray))["q7"]
    assert answer.found and not answer.cells
    assert answer.remark == "nothing was written in the place of q7; is it under another question, or in cell 1?"
    assert not found(handed_in())["q7"].remark


def test_without_a_starter_a_question_is_known_by_its_heading():
    answer = found(notebook(*without_ids(WRITTEN)), starter=b"")["q7"]
    assert sources(answer) == [STARTER[4]["source"], ESSAY]


@pytest.mark.parametrize("name", ["tiny.py", "tiny.ipynb"])
def test_a_python_file_in_percent_format_is_read_too(name):
    script = f"# %% [markdown]\n# ## q7. Why?\n# {ESSAY}\n\n# %%\nx = 1\n\n# %% [markdown]\n# ## q8. A plot\n# None."
    of = found(script.encode(), name, b"")
    assert ESSAY in of["q7"].text and "None." in of["q8"].text and "None." not in of["q7"].text


def test_what_is_no_notebook_has_no_answers():
    with pytest.raises(SubmissionError, match="PDF"):
        found(b"%PDF-1.7")


def test_the_text_of_an_answer_does_not_depend_on_what_is_around_it():
    other = [text("Something else.", id="x"), *changed(*WRITTEN, q1_code="def softmax(z):\n    return z")]
    assert found(notebook(*other))["q7"].text == found(notebook(*WRITTEN))["q7"].text == ESSAY


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("q7", ("## q7. Why subtract the maximum? (5 points)\n\nIn your own words.", STARTER[5]["source"])),
        ("q8", ("## q8. A plot (2.5 points)", "### Colours\n\nAny.")),  # and not what stands below all questions
        ("q3", ()),
    ],
)
def test_what_is_asked_is_the_text_of_the_release_in_the_questions_place(question, asked):
    released = notebook(*STARTER[:-1], text("### Colours\n\nAny.", id="more"), STARTER[-1])
    assert released_texts(released, QUESTIONS, question) == asked
    assert released_texts(b"", QUESTIONS, question) == ()
