"""Commands in a language that is made up: each word of a line in the terminal is a message in brackets, or data."""

from __future__ import annotations

import contextlib
import io
import json

import pytest
from pseudo_language import CODE, outside, write_catalogue
from tiny import RIGHT, ipynb, small_course

from grader import cli
from grader.exit_codes import DONE, NEEDS_A_PERSON, USAGE
from grader.languages.translating import language

NEARLY = (*RIGHT, "def running_sum(x):\n    return 1.01 * np.cumsum(x)")
IN_PROCESSES = "--sandbox process --workers 1"
COMMANDS = {  # as they are typed, one after the other -> how they end
    "roster import participants.csv": NEEDS_A_PERSON,
    "roster import participants.csv --replace": NEEDS_A_PERSON,
    "roster alias Bobby bob": DONE,
    "grade tiny": USAGE,
    "collect tiny in": NEEDS_A_PERSON,
    "collect tiny in/ada.ipynb": DONE,
    f"grade tiny {IN_PROCESSES} --verbose": NEEDS_A_PERSON,
    f"grade tiny {IN_PROCESSES}": NEEDS_A_PERSON,
    "status": DONE,
    "status tiny": DONE,
    "marks": DONE,
    "marks --student bob": DONE,
    "marks --student bob --if tiny=50": DONE,
    "show ada tiny": DONE,
    "show bob tiny": DONE,
    "show cy tiny": DONE,
    "show nobody tiny": USAGE,
    "override bob tiny q3 --set 1 --reason fair": DONE,
    "override bob tiny q3 +9 --reason fair --note seen": DONE,
    "override bob tiny q3 +1 --reason fair": USAGE,
    "override bob tiny q3 --comment fair": DONE,
    "override bob tiny q3 --undo": DONE,
    "override eve tiny all --set 1 --reason fair": DONE,
    "show eve tiny": DONE,
    "show bob tiny --question q3": DONE,
    f"regrade tiny --all {IN_PROCESSES}": DONE,
    "diff 2 5": DONE,
    "diff 2 99": USAGE,
    "feedback tiny --out feedback": DONE,
    "marks --export moodle --item tiny --into worksheet.csv --diff": NEEDS_A_PERSON,
    "marks --export moodle --item tiny --into worksheet.csv --out filled.csv --allow-deferred": NEEDS_A_PERSON,
    "manual tiny": USAGE,
    "similar tiny --out similar": DONE,
    f"try tiny in/bob.ipynb {IN_PROCESSES}": NEEDS_A_PERSON,
    "export gradescope tiny --out zip": DONE,
    "record check": DONE,
    "record prune": DONE,
    "collect tiny in/ada.ipynb --forget": DONE,
    "collect tiny nowhere": USAGE,
}
OWN = (  # the course's words, people's, what is typed, and what Python says
    "Small course", "Assignments", "assignments", "Softmax", "A counter", "Sums", "Three small questions", "tiny",
    "ada", "bob", "cy", "dee", "eve", "zed", "Bobby", "Ada Lovelace", "Bob B", "Cy C", "Dee D", "Eve E", "fair", "seen",
    r"in/\S*", "csv", "ipynb", r"\.py\b", r"grader: ", "UTC", "root", r"\bs\b", "MiB", "CPU", "cpu",
    r"\b(?:min|h|d)\b", "process(?:-caps)?", "(?:collect|grade|regrade|feedback) tiny", r"\ball\b", "Grade",
    r"(?m)^(?:student|name|email) ", r"(?m)^  no ", r"(?m)^  ok ", r"test_\w+", r"\bq\d:(?:\w+| )",
    "rows add up", "running sum", "large logits", "starts at zero", "counts",
)  # fmt: skip


def handed_in(folder):
    folder.mkdir()
    (folder / "ada.ipynb").write_bytes(ipynb(*RIGHT))
    (folder / "bob.ipynb").write_bytes(ipynb(*NEARLY))
    (folder / "cy.ipynb").write_bytes(b"%PDF-1.7 printed")
    (folder / "zed.ipynb").write_bytes(ipynb(*RIGHT))
    (folder / "dee").mkdir()
    (folder / "dee" / "tiny.py").write_text("# %%\nprint('hello')\n1 / 0\n")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course in the made-up language, its commands' folder, with files for them."""
    folder = tmp_path_factory.mktemp("words")
    write_catalogue(folder / "languages")
    paths = small_course(folder / "course")
    paths.course_toml.write_text(f'language = "{CODE}"\n{paths.course_toml.read_text()}')
    handed_in(paths.root / "in")
    people = ("ada,Ada Lovelace", "bob,Bob B", "cy,Cy C", "dee,Dee D", "eve,Eve E")
    rows = [f"{each},{each.partition(',')[0]}@example.org,blue" for each in people]
    (paths.root / "participants.csv").write_text("\n".join(["student,name,email,shoes", *rows, ",Nobody,,"]) + "\n")
    worksheet = [f"Participant {n},{each.split(',')[1]},{each.split(',')[0]},,10" for n, each in enumerate(people)]
    head = "Identifier,Full name,ID number,Grade,Maximum Grade"
    (paths.root / "worksheet.csv").write_text("\n".join([head, *worksheet, "Participant 9,Zoe Z,zoe,,10"]) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_LANGUAGES", str(folder / "languages"))
        patch.setenv("GRADER_COURSE", str(paths.root))
        patch.setenv("COLUMNS", "300")  # nothing is cut, nothing is wrapped
        patch.chdir(paths.root)
        yield paths
    language.cache_clear()


def run(line):
    """Exit code, and what is on stdout and on stderr."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.main(line.split())
    return code, out.getvalue(), err.getvalue()


@pytest.fixture(scope="module")
def said(course):
    """Command -> how it ended, and its lines."""
    return {line: run(line) for line in COMMANDS}


@pytest.mark.parametrize("line", COMMANDS)
def test_no_word_in_the_terminal_is_left_in_english(said, line):
    code, out, err = said[line]
    assert (outside([f"{out}\n{err}"], OWN), code) == ([], COMMANDS[line])


def test_a_narrow_table_says_no_english_word_either(said, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    _, out, _ = run("marks")
    assert "⟦open⟧" in out or "⟦miss⟧" in out
    assert outside([" ".join(out.split())], [*OWN, r"⟦studen\."]) == []


@pytest.mark.parametrize("line", ["status tiny", "marks", "marks --student bob", "show bob tiny", "diff 2 5"])
def test_what_a_program_reads_is_english(said, line):
    _, out, _ = run(f"{line} --json")
    json.loads(out)
    assert "⟦" not in out


def test_a_table_of_marks_is_the_same_in_every_language(course, said):
    _, table, _ = run("marks --csv")
    toml = course.course_toml.read_text()
    course.course_toml.write_text(toml.replace(f'"{CODE}"', '"en"', 1))
    assert run("marks --csv") == (DONE, table, "")
    course.course_toml.write_text(toml)
