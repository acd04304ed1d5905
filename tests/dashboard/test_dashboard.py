"""The pages that grader report writes: real HTML that loads and runs nothing, links that lead somewhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urldefrag, urljoin

import pytest
from outline import Outline

from examples.semester.folder import make
from grader.cli import main
from grader.dashboard.finding import SCRIPT
from grader.dashboard.links import student_page
from grader.paths import PACKAGE

ROOT = PACKAGE.parent
NEVER = set("img link iframe object embed form base audio video image foreignObject".split())


# ---------------------------------------------------------------------------------------------------- a semester


@pytest.fixture(scope="module")
def semester(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("semester") / "course"
    make(root, students=30)
    return root


@dataclass
class Report:
    folder: Path
    pages: dict[str, str]
    outlines: dict[str, Outline]


@pytest.fixture(scope="module")
def report(semester: Path) -> Report:
    """What `grader report` writes, by the page's place in the folder."""
    out = semester / "report"
    leftover = out / "students" / f"s-{'0' * 16}.html"
    leftover.parent.mkdir(parents=True)
    leftover.write_text("somebody who left the course", encoding="utf-8")
    run_report(semester, "--out", str(out))
    pages = {str(path.relative_to(out)): path.read_text(encoding="utf-8") for path in sorted(out.rglob("*.html"))}
    return Report(out, pages, {name: Outline(text) for name, text in pages.items()})


def run_report(course: Path, *arguments: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_COURSE", str(course))
        assert main(["report", *arguments]) == 0


def test_there_is_a_page_for_the_course_for_each_assignment_and_for_each_student(semester, report):
    roster = [line.split(",")[0] for line in (semester / "roster.csv").read_text(encoding="utf-8").splitlines()[2:]]
    students = {student_page(student) for student in [*roster, "dl01O"]}
    names = ("a1_mlp", "a2_cnn", "a3_sequences", "a4_generative")
    assert set(report.pages) == {"report.html", *(f"assignment_{name}.html" for name in names), *students}
    assert (report.folder / "gradebook.csv").read_text(encoding="utf-8").count("\n") == 31


def test_every_page_is_well_formed_loads_its_style_sheet_alone_and_runs_one_script_of_ours_at_most(report):
    for name, text in report.pages.items():
        alone = name.startswith("students/")  # there is no table in which rows are found
        assert text.count("<script") == (0 if alone else 1)
        assert alone or f"<script>{SCRIPT}</script>" in text
    for name, page in report.outlines.items():
        assert page.open == [], name
        assert not (NEVER - {"link"}) & set(page.tags), name
        loaded = [(attribute, value) for tag, attribute, value in page.attributes if tag == "link"]
        assert loaded == [("rel", "stylesheet"), ("href", "../report.css" if "/" in name else "report.css")], name
        assert not [attribute for _, attribute, _ in page.attributes if attribute.startswith("on")], name
        assert not page.values("style", "src", "action", "xlink:href"), name
        assert not [value for value in page.values("fill", "stroke", "clip-path", "href") if ":" in value], name


def test_every_link_leads_to_a_page_and_a_place_that_is_there_and_no_two_places_have_one_name(report):
    ids = {name: page.values("id") for name, page in report.outlines.items()}
    for name, places in ids.items():
        assert len(places) == len(set(places)), name
    for name, outline in report.outlines.items():
        for target in outline.values("href"):
            page, place = urldefrag(urljoin(f"/{name}", target))
            assert (report.folder / page[1:]).is_file(), f"{name}: {target}"
            assert not place or place in ids[page[1:]], f"{name}: {target}"


def test_shapes_that_refer_to_patterns_and_clips_find_them(report):
    for name, text in report.pages.items():
        wanted = set(re.findall(r"url\(#([\w-]+)\)", text))
        assert wanted <= set(report.outlines[name].values("id")), name


def test_every_figure_says_in_words_what_it_shows(report):
    pictures = 0
    for text in report.pages.values():
        for attributes in re.findall(r"<svg ([^>]*)>", text):
            if 'aria-hidden="true"' in attributes:  # the figure stands beside it
                continue
            pictures += 1
            assert 'role="img"' in attributes
            label = re.search(r'aria-label="([^"]+)"', attributes)
            assert label is not None and re.search(r"\d", label[1]), attributes
        assert text.count("<figure>") == text.count("<figcaption>") == text.count('class="plot"')
    assert pictures > 30


def test_what_is_hatched_is_hatched_by_lines_within_its_shapes(report):
    text = report.pages["assignment_a1_mlp.html"]
    assert "<pattern" not in text
    hatched = re.findall(r'<g clip-path="url\(#(h\w+)\)">(.*?)</g>', text)
    assert hatched
    for name, lines in hatched:
        assert set(re.findall('href="#([^"]*)"', lines)) == {f"{name}t"}
        assert re.search(rf'<path[^>]* id="{name}t"', text) and f'<clipPath id="{name}"><path d="M' in text


def test_a_figure_takes_its_colours_from_the_page(report):
    for text in report.pages.values():
        for picture in re.findall(r'<svg class="plot".*?</svg>', text, re.DOTALL):
            colours = set(re.findall(r'(?:fill|stroke)="([^"]*)"', picture))
            assert {colour for colour in colours if not colour.startswith(("var(", "url("))} <= {"none", "currentColor"}


def test_the_course_page_says_what_was_dropped_and_a_students_page_why(report):
    course = report.outlines["report.html"].text
    assert "lower than the best 3 of 4" in course
    student = report.outlines[student_page("dl001")].text
    assert "the best 3 of 4 count" in student
    assert "rounded once, half up" in student


def test_feedback_on_the_attempt_that_counts_is_the_last_stage(semester, report, tmp_path, monkeypatch):
    course = tmp_path / "course"
    shutil.copytree(semester, course, ignore=shutil.ignore_patterns("report"))
    monkeypatch.setenv("GRADER_COURSE", str(course))
    assert "feedback written 0" in report.pages["assignment_a3_sequences.html"]
    for student, stage in (("--student=dl001", "feedback written 1"), ("", "feedback written 2[0-9]")):
        assert main(["feedback", "a3_sequences", "--out", str(tmp_path / "feedback"), *filter(None, [student])]) <= 1
        assert main(["report", "a3_sequences", "--out", str(tmp_path)]) == 0
        assert re.search(stage, (tmp_path / "assignment_a3_sequences.html").read_text(encoding="utf-8"))


def test_the_same_record_gives_the_same_bytes_whatever_the_order_of_sets(semester, report, tmp_path):
    command = [sys.executable, "-m", "grader.cli", "report", "--out", str(tmp_path)]
    environment = {**os.environ, "GRADER_COURSE": str(semester), "PYTHONHASHSEED": "1"}
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=environment)
    again = {str(path.relative_to(tmp_path)): path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.html")}
    assert again == report.pages


def test_one_assignment_is_one_page_that_needs_no_other(semester, tmp_path, capsys):
    run_report(semester, "a2_cnn", "--out", str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["assignment_a2_cnn.html"]
    assert capsys.readouterr().out == f"{tmp_path / 'assignment_a2_cnn.html'}\n"
    page = Outline((tmp_path / "assignment_a2_cnn.html").read_text(encoding="utf-8"))
    assert all(value.startswith("#") for value in page.values("href"))


@pytest.mark.parametrize("text", ["abc", "101", "-1", "nan", "40,,x"])
def test_a_boundary_that_is_none_is_an_error_that_names_it(semester, text, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GRADER_COURSE", str(semester))
    assert main(["report", "--out", str(tmp_path), f"--boundaries={text}"]) == 2
    assert "is no boundary" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_help_does_not_import_matplotlib():
    probe = "import sys, grader.cli\ntry: grader.cli.main(['report', '--help'])\nexcept SystemExit: pass\n"
    probe += "assert not {'matplotlib', 'numpy', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, cwd=ROOT)
