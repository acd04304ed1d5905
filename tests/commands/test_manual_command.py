"""Questions that a person marks, from what is handed in to the marks: through the commands, on a real record."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from essays import ALONE, STARTER, changed, course, handed_in, notebook, text

from grader.exit_codes import AUTHORING, DONE, NEEDS_A_PERSON, USAGE

IN_PROCESSES = ("--sandbox", "process", "--workers", "1")
NOTHING = "*Your answer, in place of this line.*"


@pytest.fixture
def paths(tmp_path, monkeypatch):
    made = course(tmp_path / "course")
    monkeypatch.setenv("GRADER_COURSE", str(made.root))
    monkeypatch.chdir(tmp_path)
    return made


@pytest.fixture
def graded(paths, tmp_path, grader):
    """Ada wrote an essay and a plot, Bob left both out, Cy handed in a PDF; nothing is marked by hand yet."""
    hand_in(tmp_path, ada=handed_in(), bob=handed_in(essay=NOTHING, plot="", right=False), cy=b"%PDF-1.7")
    return grader("grade", "tiny", tmp_path / "in", "--json", *IN_PROCESSES)


def hand_in(tmp_path, **files):
    folder = tmp_path / "in"
    folder.mkdir(exist_ok=True)
    for student, content in files.items():
        (folder / f"{student}.ipynb").write_bytes(content)


def fill_in(paths, assignment="tiny", **marks):
    """Write points (and a comment) into rows of the table: ada_q7=(3, "Good.")."""
    file = paths.manual_csv(assignment)
    rows = list(csv.DictReader(io.StringIO(file.read_text(), newline="")))
    for row in rows:
        if not row["points"]:
            row["points"], row["comment"] = marks.get(f"{row['student']}_{row['question']}", ("", ""))
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def of(document, student):
    return next(each for each in document["attempts"] if each["student"] == student)


def mark_of(grader, student="ada"):
    """(state, points, reason) of the assignment in the gradebook."""
    book = json.loads(grader("marks", "--json")[1])
    line = next(each for each in book["students"] if each["student"] == student)
    item = line["components"]["assignments"]["items"]["tiny"]
    return item["state"], item["points"], item["reason"]


ALL = {"ada_q7": (3.5, "Right, but why the maximum?"), "ada_q8": (2, ""), "bob_q7": (0, "Empty."), "bob_q8": (0, "")}


def test_a_question_to_be_marked_has_no_points_and_the_attempt_no_total(graded, grader):
    document = json.loads(graded[1])
    ada, bob, cy = (of(document, student) for student in ("ada", "bob", "cy"))
    assert (ada["points"], ada["points_so_far"], ada["max_points"], ada["waiting"]) == (None, 8.5, 16, ["q7", "q8"])
    assert [(each["id"], each["points"]) for each in ada["questions"]][3:] == [("q7", None), ("q8", None)]
    assert (bob["points"], bob["points_so_far"]) == (None, 0)
    assert (cy["status"], cy["points"], cy["waiting"]) == ("unreadable", 0, [])
    code, table, _ = grader("grade", "tiny", *IN_PROCESSES)
    assert "open" in next(line for line in table.splitlines() if line.startswith("ada"))
    assert "2 to be marked by hand (grader manual tiny)" in table


def test_until_the_marks_are_given_it_waits_and_is_no_zero(graded, grader):
    assert mark_of(grader) == ("deferred", None, "q7 is to be marked by hand; q8 is to be marked by hand")
    assert mark_of(grader, "cy")[:2] == ("graded", "0")
    code, out, _ = grader("status", "tiny", "--json")
    assert code == NEEDS_A_PERSON and json.loads(out)["wait_for_a_mark_by_hand"] == {"q7": 2, "q8": 2}


def test_show_has_what_was_written_and_what_is_to_come(graded, grader):
    _, out, _ = grader("show", "ada", "tiny")
    assert "8.5 of 16 points so far, no total: q7, q8 to be marked by hand" in out
    assert "Because exp(1000) overflows." in out and "plt.plot(x)" in out and "outputs, such as plots, are not" in out
    _, out, _ = grader("show", "ada", "tiny", "--json", "--question", "q7")
    [question] = json.loads(out)["questions"]
    assert question["answer"]["cells"] == [{"cell": 6, "code": False, "source": "Because exp(1000) overflows."}]
    assert question["by_hand"]["why"] == "is to be marked by hand"
    _, out, _ = grader("show", "bob", "tiny", "--question", "q7")
    assert "nothing was written in the place of q7" in out


def test_the_file_can_be_had_as_it_was_handed_in_and_overwrites_nothing(graded, grader, tmp_path):
    saved = tmp_path / "ada_again.ipynb"
    assert grader("show", "ada", "tiny", "--save", saved)[0] == DONE
    assert saved.read_bytes() == handed_in()
    code, _, err = grader("show", "bob", "tiny", "--save", saved)
    assert code == USAGE and "File exists" in err and saved.read_bytes() == handed_in()


def test_the_table_has_a_row_for_each_and_keeps_what_was_filled_in(graded, paths, grader):
    code, out, err = grader("manual", "tiny")
    assert (code, err) == (
        NEEDS_A_PERSON,
        "",
    ) and out == "manual/tiny.csv: to be given: 4 (2 for q7, 2 for q8); given: 0\n"
    rows = [line.split(",")[:3] for line in paths.manual_csv("tiny").read_text().splitlines()]
    assert rows == [
        ["student", "question", "points"], ["ada", "q7", ""], ["bob", "q7", ""], ["ada", "q8", ""], ["bob", "q8", ""]
    ]  # fmt: skip
    fill_in(paths, **{key: ALL[key] for key in ("ada_q7", "ada_q8", "bob_q7")})
    before = paths.manual_csv("tiny").read_bytes()
    code, out, _ = grader("manual", "tiny")
    assert code == NEEDS_A_PERSON and out == "manual/tiny.csv: to be given: 1 (0 for q7, 1 for q8); given: 3\n"
    assert sorted(paths.manual_csv("tiny").read_bytes().split()) == sorted(before.split())
    fill_in(paths, **ALL)
    assert grader("manual", "tiny")[:2] == (DONE, "manual/tiny.csv: to be given: 0 (0 for q7, 0 for q8); given: 4\n")


def test_marks_by_hand_are_part_of_the_total_everywhere(graded, paths, grader, tmp_path):
    grader("manual", "tiny")
    fill_in(paths, **ALL)
    state, points, _ = mark_of(grader)
    assert (state, points) == ("graded", "14")
    assert mark_of(grader, "bob")[:2] == ("graded", "0")
    assert "q7: manual/tiny.csv, line" in grader("marks", "--student", "ada")[1]
    _, out, _ = grader("show", "ada", "tiny")
    assert "14 of 16 points" in out and "comment: Right, but why the maximum?" in out
    assert of(json.loads(grader("grade", "tiny", "--json", *IN_PROCESSES)[1]), "ada")["points"] == 14
    code, _, err = grader("feedback", "tiny", "--out", tmp_path / "pages")
    page = (tmp_path / "pages" / "ada.html").read_text()
    assert code == DONE and "14 of 16 points" in page and "Right, but why the maximum?" in page
    grader("report", "--out", tmp_path / "report")
    [page] = [each for each in (file.read_text() for file in (tmp_path / "report" / "students").glob("*"))
              if "Because exp(1000) overflows." in each]  # fmt: skip
    assert "3.5 of 5" in page and "Right, but why the maximum?" in page
    grader("marks", "--export", "gradescope", "--out", tmp_path / "scope")
    results = json.loads((tmp_path / "scope" / "tiny" / "ada" / "results.json").read_text())
    [essay] = [each for each in results["tests"] if each["number"] == "q7"]
    assert (results["score"], essay["score"], essay["max_score"]) == (14, 3.5, 5)
    assert essay["output"] == "Right, but why the maximum?" and "status" not in essay


def test_pages_say_that_a_mark_is_to_come_and_show_no_total(graded, grader, tmp_path):
    code, _, err = grader("feedback", "tiny", "--out", tmp_path / "pages")
    page = (tmp_path / "pages" / "ada.html").read_text()
    assert code == NEEDS_A_PERSON and "without a total, because marks by hand are to come: ada, bob" in err
    assert "no total yet" in page and "8.5 of 16 points so far; q7, q8 to be marked by the staff" in page
    assert grader("report", "--out", tmp_path / "report")[0] == DONE
    course = (tmp_path / "report" / "report.html").read_text()
    head, _, row = course.partition('id="assignments"')[2].partition("</thead>")
    counts = zip(re.findall(">([^<>]+)</th>", head)[1:], re.findall('<td class="n">([^<]*)</td>', row), strict=False)
    assert dict(counts)["to be marked"] == "4"
    page = (tmp_path / "report" / "assignment_tiny.html").read_text()
    assert "Nobody has a total yet" in page and "q7: 2 answers are to be marked by hand." in page
    code, _, err = grader("marks", "--export", "gradescope", "--out", tmp_path / "scope")
    assert code == USAGE and "marks are not there yet: ada (tiny)" in err
    grader("marks", "--export", "gradescope", "--out", tmp_path / "scope", "--allow-deferred")
    assert [file.parent.name for file in (tmp_path / "scope").rglob("results.json")] == ["cy"]


def test_markup_in_an_answer_or_a_comment_stays_text(paths, grader, tmp_path):
    hand_in(tmp_path, ada=handed_in(essay="<script>alert(1)</script>"))
    grader("grade", "tiny", tmp_path / "in", *IN_PROCESSES)
    grader("manual", "tiny")
    fill_in(paths, ada_q7=(1, "<b>No</b>"), ada_q8=(1, ""))
    grader("report", "--out", tmp_path / "report")
    grader("feedback", "tiny", "--out", tmp_path / "pages")
    pages = [file.read_text() for file in [*(tmp_path / "report").rglob("*.html"), tmp_path / "pages" / "ada.html"]]
    assert not any("<script>alert" in page or "<b>No</b>" in page for page in pages)
    assert any("&lt;script&gt;alert(1)" in page for page in pages) and "&lt;b&gt;No&lt;/b&gt;" in pages[-1]


def test_whoever_hands_in_again_with_another_answer_waits_again(graded, paths, grader, tmp_path):
    grader("manual", "tiny")
    fill_in(paths, **ALL)
    hand_in(tmp_path, ada=handed_in(essay="Because of inf / inf."))
    grader("grade", "tiny", tmp_path / "in", *IN_PROCESSES)
    state, points, reason = mark_of(grader)
    assert (state, points) == ("deferred", None)
    assert reason.startswith("q7 is to be marked by hand: 3.5 points were given for an earlier submission")
    assert "Right, but why" not in grader("show", "ada", "tiny")[1]  # a comment about something else
    before = paths.manual_csv("tiny").read_text()
    code, out, _ = grader("manual", "tiny")
    assert out == "manual/tiny.csv: to be given: 1 (1 for q7, 0 for q8); given: 3\n"  # the plot is as it was
    assert paths.manual_csv("tiny").read_text().startswith(before)
    fill_in(paths, ada_q7=(5, "Yes."))
    assert mark_of(grader)[:2] == ("graded", "15.5")
    hand_in(tmp_path, ada=handed_in())  # back to the first one
    grader("grade", "tiny", tmp_path / "in", *IN_PROCESSES)
    assert mark_of(grader)[:2] == ("graded", "14")


def test_other_code_and_the_same_answer_keep_the_mark(graded, paths, grader, tmp_path):
    grader("manual", "tiny")
    fill_in(paths, **ALL)
    hand_in(tmp_path, ada=handed_in(right=False))
    grader("grade", "tiny", tmp_path / "in", *IN_PROCESSES)
    assert mark_of(grader)[:2] == ("graded", "5.5")


def test_a_wrong_table_is_one_line_and_exit_code_3_and_nothing_is_lost(graded, paths, grader):
    grader("manual", "tiny")
    fill_in(paths, ada_q7=(6, "Too good."))
    before = paths.manual_csv("tiny").read_bytes()
    code, _, err = grader("manual", "tiny")
    assert code == AUTHORING and "manual/tiny.csv, line 2, column points: 6 is above the 5 points of q7" in err
    says = "6 points are more than the 5 that it is worth (manual/tiny.csv, line 2)"
    assert says in grader("show", "ada", "tiny")[1] and says in grader("marks", "--student", "ada")[1]
    assert grader("grade", "tiny", *IN_PROCESSES)[0] == grader("marks")[0] + 1 == 1
    paths.manual_csv("tiny").write_bytes(before.replace(b",6,", b",six,"))
    for command in (["marks"], ["show", "ada", "tiny"], ["manual", "tiny"], ["grade", "tiny", *IN_PROCESSES]):
        code, _, err = grader(*command)
        assert code == AUTHORING and "line 2, column points: expected a number or an empty cell" in err
    paths.manual_csv("tiny").write_bytes(before)
    assert paths.manual_csv("tiny").read_bytes() == before


def test_somebody_who_is_not_on_the_roster_gets_no_row_and_is_named(paths, grader, tmp_path):
    paths.roster_csv.write_text("student\nbob\n")
    hand_in(tmp_path, bob=handed_in())
    grader("grade", "tiny", tmp_path / "in", *IN_PROCESSES)
    paths.roster_csv.write_text("student\nada\n")
    code, out, err = grader("manual", "tiny")
    assert code == NEEDS_A_PERSON and "not on the roster, and so without a row: bob" in err and "to be given: 0" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["manual", "tiny"], "nothing is recorded yet"),
        (["override", "ada", "tiny", "q7", "+1", "--reason", "x"], "q7 is marked by a person"),
    ],
)
def test_what_cannot_be_done_says_what_to_do(paths, grader, arguments, says):
    code, _, err = grader(*arguments)
    assert code == USAGE and says in err and err.count("\n") == 1


def test_an_assignment_without_such_a_question_has_no_table(paths, grader):
    toml = paths.assignment_toml("tiny")
    toml.write_text(toml.read_text().replace("manual = true", "manual = false"))
    code, _, err = grader("manual", "tiny")
    assert code == USAGE and "tiny has no question that a person marks" in err


# ------------------------------------------------------------------------------------------------ nothing but essays


@pytest.fixture
def essays(tmp_path, monkeypatch):
    """An assignment of two essays: no hidden tests, no starter."""
    paths = course(tmp_path / "course", roster="ada bob")
    paths.assignment_toml("tiny").write_text(ALONE)
    for file in paths.hidden_tests("tiny").iterdir():
        file.unlink()
    paths.hidden_tests("tiny").rmdir()
    paths.starter("tiny").unlink()
    monkeypatch.setenv("GRADER_COURSE", str(paths.root))
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    monkeypatch.chdir(tmp_path)
    return paths


def test_an_assignment_of_essays_alone_needs_neither_docker_nor_hidden_tests(essays, grader, tmp_path):
    deep, wide = "## q1. On depth", "## q2. On width"
    hand_in(tmp_path, ada=notebook(text(deep), text("Deep."), text(wide), text("Wide.")), bob=b"PK\x03\x04 no zip")
    code, out, err = grader("grade", "tiny", tmp_path / "in", "--json")
    document = json.loads(out)
    assert code == NEEDS_A_PERSON and of(document, "bob")["status"] == "unreadable"
    assert of(document, "ada")["status"] == "graded" and of(document, "ada")["waiting"] == ["q1", "q2"]
    grader("manual", "tiny")
    fill_in(essays, ada_q1=(6, ""), ada_q2=(2.5, "Thin."))
    assert mark_of(grader)[:2] == ("graded", "8.5")
    code, out, _ = grader("regrade", "tiny")
    assert code == DONE and "0 attempts judged again, 0 marks changed; no student code was run" in out
    assert "Deep." in grader("show", "ada", "tiny")[1]
    assert grader("feedback", "tiny", "--out", tmp_path / "pages")[0] == DONE
    page = (tmp_path / "pages" / "ada.html").read_text()
    assert "8.5 of 10 points" in page and "Thin." in page and "Every check passed" not in page
    assert grader("report", "--out", tmp_path / "report")[0] == DONE
    code, out, err = grader("grade", "tiny", "--json")
    assert of(json.loads(out), "ada")["points"] == 8.5 and "2 graded before" in err


def test_hidden_tests_of_a_question_that_a_person_marks_are_an_error(essays, grader, tmp_path):
    essays.hidden_tests("tiny").mkdir()
    (essays.hidden_tests("tiny") / "test_q1.py").write_text('pytestmark = pytest.mark.question("q1")\n')
    hand_in(tmp_path, ada=notebook(text("## q1. On depth")))
    code, _, err = grader("grade", "tiny", tmp_path / "in")
    assert code == AUTHORING and "assignments/tiny/hidden has tests of q1, which a person marks" in err
    assert grader("audit", "tiny")[2] == (
        "grader: tiny: a person marks every question; there are no hidden tests to be tested\n"
    )


def test_a_notebook_without_a_place_for_the_answer_points_to_all_of_it(essays, grader, tmp_path):
    hand_in(tmp_path, ada=notebook(text("My thoughts."), text("More of them.")))
    grader("grade", "tiny", tmp_path / "in")
    out = grader("show", "ada", "tiny")[1]
    assert "q1 has no place in this file" in out and "My thoughts." in out and "More of them." in out


def test_an_answer_that_is_as_released_is_told_apart_from_one_that_is_not_there(paths, grader, tmp_path):
    hand_in(tmp_path, ada=notebook(*changed(*STARTER)))
    grader("grade", "tiny", tmp_path / "in", *IN_PROCESSES)
    assert "nothing was written in the place of q7" in grader("show", "ada", "tiny", "--question", "q7")[1]


# ---------------------------------------------------------------------------------------------------- outdated


def edit(paths, old, new):
    file = paths.assignment_toml("tiny")
    assert file.read_text().count(old) == 1
    file.write_text(file.read_text().replace(old, new))


@pytest.fixture
def outdated(graded, paths, grader):
    """Everything is marked; then q1 becomes worth 5 points instead of 4, and nobody has graded again."""
    grader("manual", "tiny")
    fill_in(paths, **ALL)
    edit(paths, "points = 4\n", "points = 5\n")


def test_points_changed_after_grading_are_no_mark_on_any_page(outdated, grader, tmp_path):
    code, out, err = grader("feedback", "tiny", "--out", tmp_path / "pages")
    assert code == NEEDS_A_PERSON and "2 outdated" in out and "run `grader regrade tiny`" in err and "ada, bob" in err
    page = (tmp_path / "pages" / "ada.html").read_text()
    assert "is being graded again" in page and "nothing to repair" not in page and 'class="score"' not in page
    _, out, _ = grader("show", "ada", "tiny")
    assert "outdated" in out.splitlines()[0] and "`grader regrade tiny`" in " ".join(out.split())
    assert "4/4" in out and "4/5" not in out
    assert json.loads(grader("show", "ada", "tiny", "--json")[1])["points"] is None
    code, out, _ = grader("status", "tiny", "--json")
    assert code == NEEDS_A_PERSON and (json.loads(out)["graded"], json.loads(out)["outdated"]) == (0, 2)
    _, out, _ = grader("report", "tiny", "--out", tmp_path / "staff")
    assert "outdated" in Path(out.strip()).read_text()
    state, points, why = mark_of(grader)
    assert (state, points) == ("deferred", None) and "to be graded again" in why


def test_graded_again_the_pages_have_their_marks(outdated, grader, tmp_path):
    assert grader("regrade", "tiny", *IN_PROCESSES)[0] == DONE
    code, out, err = grader("feedback", "tiny", "--out", tmp_path / "pages")
    assert (code, err) == (DONE, "") and "outdated" not in out
    assert mark_of(grader)[0] == "graded"


def test_a_question_that_became_a_persons_is_said_to_wait(graded, paths, grader):
    grader("manual", "tiny")
    fill_in(paths, **ALL)
    edit(paths, 'names = ["softmax"]\n', "manual = true\n")
    for file in paths.hidden_tests("tiny").rglob("*q1*.py"):
        file.unlink()
    code, out, _ = grader("regrade", "tiny", *IN_PROCESSES)
    ada = next(line for line in out.splitlines() if line.startswith("ada"))
    assert code == DONE and ada.split() == ["ada", "14", "open"]
    _, out, _ = grader("diff", "1", "2")
    assert next(line for line in out.splitlines() if "points" in line and "ada" in line).split()[-2:] == [
        "14",
        "open",
    ]


def test_what_a_broken_test_defers_is_counted_with_its_cause(graded, paths, grader):
    for file in paths.hidden_tests("tiny").rglob("test_*.py"):
        file.write_text(
            file.read_text().replace("(student, rng, reference):\n", "(student, rng, reference):\n    no_such_table\n")
        )
    code, out, _ = grader("regrade", "tiny", *IN_PROCESSES)
    assert code == NEEDS_A_PERSON and "2 deferred: test_rows_add_up: " in out and "no_such_table" in out


# ---------------------------------------------------------------------------------------------------- pictures


def with_photo(photo: str, **layout) -> bytes:
    cells = changed(*STARTER, q7_answer="![image.png](attachment:image.png)", q8_code="plt.plot(x)")
    next(cell for cell in cells if cell["id"] == "q7-answer")["attachments"] = {"image.png": {"image/png": photo}}
    return json.dumps(json.loads(notebook(*cells)), **layout).encode()


def test_a_mark_for_one_photo_does_not_hold_for_another(paths, tmp_path, grader):
    hand_in(tmp_path, ada=with_photo("AAAA"))
    grader("grade", "tiny", tmp_path / "in", *IN_PROCESSES)
    grader("manual", "tiny")
    fill_in(paths, **ALL)
    _, out, _ = grader("show", "ada", "tiny")
    assert "a picture is attached" in out and "3.5/5" in out
    assert grader("report", "--out", tmp_path / "staff")[0] == DONE
    assert any("a picture is attached" in page.read_text() for page in (tmp_path / "staff").rglob("*.html"))
    hand_in(tmp_path, ada=with_photo("AAAA", indent=3))  # the same, saved by another editor
    grader("grade", "tiny", tmp_path / "in", *IN_PROCESSES)
    assert "to be marked" not in mark_of(grader)[2]
    hand_in(tmp_path, ada=with_photo("BBBB"))
    grader("grade", "tiny", tmp_path / "in", *IN_PROCESSES)
    assert "q7 is to be marked by hand: 3.5 points were given for an earlier submission" in mark_of(grader)[2]
    assert "q8" not in mark_of(grader)[2]


def test_the_table_of_grade_tells_what_was_changed_by_hand(graded, grader):
    grader("override", "bob", "tiny", "q1", "+1.5", "--reason", "right idea")
    _, out, _ = grader("grade", "tiny", *IN_PROCESSES)
    assert "q1 +1.5 by hand" in next(line for line in out.splitlines() if line.startswith("bob"))
