"""`grader init`: a course folder in which the commands work, begun from the program's assignments or from nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.authoring import new_course
from grader.cli import main
from grader.course.config import assignment_ids, read_assignment, read_course
from grader.errors import UsageError
from grader.paths import PACKAGE, SHIPPED, Paths

FOUR = ("a1_mlp", "a2_cnn", "a3_sequences", "a4_generative")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that belongs to no course."""
    monkeypatch.delenv("GRADER_COURSE", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    files = [file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


@pytest.mark.parametrize("scheme", new_course.SCHEMES)
def test_every_scheme_makes_a_course_that_can_be_read(elsewhere: Path, scheme: str) -> None:
    assert main(["init", "dl", "--scheme", scheme]) == 0
    paths = Paths(elsewhere / "dl")
    assert read_course(paths).assignments == FOUR == assignment_ids(paths)
    for kind in ("assignments", "solutions"):
        assert contents(paths.root / kind) == contents(SHIPPED / kind)
    assert ".grader/" in (paths.root / ".gitignore").read_text().split()


def test_the_command_line_and_the_folder_of_schemes_name_the_same() -> None:
    assert set(new_course.SCHEMES) == {file.stem for file in (PACKAGE.parent / "examples" / "schemes").glob("*.toml")}


@pytest.mark.parametrize("wanted", [("a2_cnn",), ("a4_generative", "a1_mlp"), FOUR[:3]], ids=len)
def test_with_fewer_assignments_than_count_all_of_them_count(elsewhere: Path, wanted: tuple[str, ...]) -> None:
    new_course.begin_course(elsewhere, "best_three_of_four", wanted)
    [component] = [part for part in read_course(Paths(elsewhere)).scheme.components if part.assignments]
    assert (component.assignments, component.rule) == (
        wanted,
        "one item" if len(wanted) == 1 else "all count",
    )
    assert set(assignment_ids(Paths(elsewhere))) == set(wanted)


def test_assignments_of_ones_own_stand_beside_those_of_the_program(elsewhere: Path) -> None:
    wanted = ("sorting", *FOUR[:3], "graphs")
    new_course.begin_course(elsewhere, "best_three_of_four", wanted, name='Algorithms "I" \\ one')
    paths = Paths(elsewhere)
    course = read_course(paths)
    assert course.name == 'Algorithms "I" \\ one'
    assert course.scheme.components[0].rule == "best 3 of 5"
    assert paths.starter("sorting").is_file()
    assert read_assignment(paths, "sorting").max_points == 3
    assert main(["build", "sorting"]) == 0


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        pytest.param(["a1_mpl"], r"did you mean 'a1_mlp'\?.*, as my_a1_mpl does not", id="misspelt"),
        pytest.param(["a1_mlp", "a1_mlp"], "a1_mlp is there twice", id="twice"),
        pytest.param(["Homework 1"], "an id is lower-case letters", id="no id"),
        pytest.param([""], "an id is lower-case letters", id="empty"),
    ],
)
def test_a_wrong_list_is_refused_and_nothing_is_written(elsewhere: Path, wanted: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        new_course.begin_course(elsewhere / "dl", "mid_and_end", wanted)
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("there", ["course.toml", "assignments/a2_cnn/mine.py", "solutions/a1_mlp/mine.py"])
def test_what_is_there_is_never_overwritten(elsewhere: Path, there: str) -> None:
    file = elsewhere / there
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("mine")
    with pytest.raises(UsageError, match="exists already; nothing was written"):
        new_course.begin_course(elsewhere, "mid_and_end", ["a1_mlp", "a2_cnn"])
    assert contents(elsewhere) == {there: b"mine"}


def test_a_folder_with_a_page_and_a_roster_of_its_own_keeps_them(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = {"README.md": "mine", ".gitignore": "*.log\n", "roster.csv": "student\nada\n"}
    for name, text in mine.items():
        (elsewhere / name).write_text(text)
    assert main(["init", "--with", "a1_mlp"]) == 0
    assert {name: (elsewhere / name).read_text() for name in mine} == mine
    assert "add these lines to it: .grader/" in capsys.readouterr().err
    assert "grader grade a1_mlp" in (elsewhere / "COURSE.md").read_text()


def test_the_commands_of_the_courses_page_stand_in_two_columns(elsewhere: Path) -> None:
    new_course.begin_course(elsewhere, "best_three_of_four", ["a4_generative"])
    rows = [line for line in (elsewhere / "README.md").read_text().splitlines() if line.startswith("    grader ")]
    ends = {len(line) - len(line.split("  ")[-1].lstrip()) for line in rows if "  " in line.strip()}
    assert len(rows) == 10 and len(ends) == 1


@pytest.mark.parametrize(
    ("options", "name"),
    [
        (["--with", "sorting"], "Algorithms"),
        (["--with", "sorting", "--name", "Sorting"], "Sorting"),
        (["--with", "sorting,a1_mlp"], "Introduction to Deep Learning"),
    ],
)
def test_a_course_of_nothing_but_new_assignments_is_called_as_its_folder(
    elsewhere: Path, options: list[str], name: str
) -> None:
    assert main(["init", "Algorithms", *options]) == 0
    assert read_course(Paths(elsewhere / "Algorithms")).name == name


@pytest.mark.parametrize("wanted", ["", " ", "a1_mlp,"])
def test_no_id_is_not_all_of_them(elsewhere: Path, wanted: str) -> None:
    assert main(["init", "--with", wanted]) == 2
    assert contents(elsewhere) == {}


def test_until_the_roster_is_filled_in_grading_says_so(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--with", "a1_mlp"]) == 0
    (elsewhere / "in").mkdir()
    (elsewhere / "in" / "ada.ipynb").write_bytes((elsewhere / "assignments/a1_mlp/a1_mlp.ipynb").read_bytes())
    assert main(["grade", "a1_mlp", "in", "--sandbox", "process"]) == 3
    assert "roster.csv: no students; write a line for each" in capsys.readouterr().err


def test_outside_of_a_course_a_command_says_how_one_begins(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["marks"]) == 2
    assert "or begin a course: grader init" in capsys.readouterr().err


def test_an_id_of_ones_own_may_begin_as_one_of_the_programs(elsewhere: Path) -> None:
    new_course.begin_course(elsewhere / "dl", "mid_and_end", ["a1_pub", "my_a1_mpl"])
    assert read_course(Paths(elsewhere / "dl")).assignments == ("a1_pub", "my_a1_mpl")
