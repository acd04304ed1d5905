"""What is read where a question fails over an earlier one, and what a change of the rule makes of it."""

import json

from chained import DESCRIBED, WRONG_FIRST, chained_course
from tiny import ipynb

IN_PROCESSES = ("--sandbox", "process", "--workers", "1")


def test_a_forgiven_question_says_with_what_it_counts_and_the_rule_can_be_changed_without_running_anything(
    tmp_path, monkeypatch, grader
):
    paths = chained_course(tmp_path)
    monkeypatch.setenv("GRADER_COURSE", str(tmp_path))
    (tmp_path / "ada.ipynb").write_bytes(ipynb(*WRONG_FIRST))
    assert grader("grade", "tiny", tmp_path / "ada.ipynb", *IN_PROCESSES)[0] == 0

    _, shown, _ = grader("show", "ada", "tiny")
    assert "6 of 9 points" in shown and "(2 counted with the reference's q1)" in shown
    assert "the only check passed; 1 counted with the reference's q1" in shown
    document = json.loads(grader("show", "ada", "tiny", "--json")[1])
    assert '"passes_with": "q1"' in json.dumps(document)
    _, talk, _ = grader("show", "ada", "tiny", "--transcript")
    assert "test_walk, beside the reference" in talk
    assert told(grader, tmp_path, "forgiven").count("counted with the reference's q1") >= 2

    paths.assignment_toml("tiny").write_text(DESCRIBED.replace("forgiven", "named"))
    _, changes, said = grader("regrade", "tiny", "--sandbox", "process")
    assert "1 marks changed" in changes and "no student code was run" in changes + said
    assert "1 of 9 points" in grader("show", "ada", "tiny")[1]
    page = told(grader, tmp_path, "named")
    assert "With the reference's q1 in place of yours this passes: begin there." in page
    assert "counted with" not in page


def told(grader, folder, name) -> str:
    """The student's page."""
    assert grader("feedback", "tiny", "--out", folder / name, "--format", "md")[0] in (0, 1)
    return "".join(file.read_text() for file in (folder / name).rglob("ada*.md"))
