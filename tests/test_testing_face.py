"""What hidden tests may use: `grader.testing`, `student`, fixtures and marks. docs/testing.md shows all of it, and each
of its examples is graded here: what the page says that comes out must come out."""

from __future__ import annotations

import ast
import inspect
import itertools
import re
import subprocess
import sys
import textwrap
from dataclasses import dataclass, field

import pytest
from tiny import IN_PROCESSES, hidden, small_course, submission

import grader.testing
from grader import wire
from grader.checking import compare
from grader.examination import patience, pytest_plugin
from grader.examination.student import Student
from grader.examination.task import Task
from grader.execution.pool import Pool
from grader.paths import PACKAGE
from grader.schema import CheckResult, Outcome

ROOT = PACKAGE.parent
PAGE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
SEED = "00112233445566778899aabbccddeeff"
FENCE = re.compile(r"^```(\w+ [^\n]+)\n(.*?)^```", re.M | re.S)
BLOCKS = dict(FENCE.findall(PAGE))  # of those there is one each: head, assignment.toml, datasets.py
FACE = sorted(grader.testing.__all__)
METHODS = sorted(name for name in vars(Student) if not name.startswith("_"))
FIXTURES = [name for name in vars(pytest_plugin) if "fixture" in type(vars(pytest_plugin)[name]).__name__.lower()]


@dataclass
class Section:
    """One heading of the page: its text, the student's cells, the hidden tests, and what comes out of them."""

    chapter: str
    title: str
    text: str
    hidden: str = ""
    runs: list[tuple[tuple[str, ...], str]] = field(default_factory=list)  # cells so far, outcomes

    def __post_init__(self) -> None:
        cells: list[str] = []
        for kind, body in FENCE.findall(self.text):
            if kind == "python notebook":
                cells.append(body)
            elif kind == "python hidden":
                self.hidden += body
            elif kind == "text outcome":
                self.runs.append((tuple(cells), body))

    @property
    def name(self) -> str:
        """The member that it is about: the code in its heading."""
        return "".join(re.findall(r"`([^`]+)`", self.title)[:1])

    @property
    def signature(self) -> str:
        return "".join(body for kind, body in FENCE.findall(self.text) if kind == "python signature")


def read_sections() -> list[Section]:
    found, chapter = [], ""
    outside = FENCE.sub(lambda block: re.sub("^#", "\0", block[0], flags=re.M), PAGE)  # a comment is no heading
    for part in re.split(r"^(?=###? )", outside, flags=re.M)[1:]:
        head, _, text = part.replace("\0", "#").partition("\n")
        level, _, title = head.partition(" ")
        chapter = title if level == "##" else chapter
        found.append(Section(chapter, title, text))
    return found


SECTIONS = read_sections()
RUNS = [(section, number) for section in SECTIONS for number in range(len(section.runs))]


def named(chapter: str) -> list[str]:
    """The members that the sections of a chapter are about."""
    return [section.name for section in SECTIONS if section.chapter.startswith(chapter) and section.name]


def section_of(name: str) -> Section:
    [found] = [section for section in SECTIONS if section.name == name]
    return found


def words(text: str) -> str:
    return " ".join(text.split())


# ------------------------------------------------------------------------------------------------ the face


def test_the_face_is_this_and_nothing_else():
    assert sorted(grader.testing.__all__) == FACE == (
        "Mismatch array best_of_two bounded close each first_losses formed holds inputs integers number numeric "
        "require same shows unpack".split()
    )  # fmt: skip
    public = {name for name, value in vars(grader.testing).items() if not name.startswith("_")}
    assert public == set(FACE)


def test_it_costs_no_torch_and_no_pytest():
    code = "import grader.testing, sys; print(*sorted({'torch', 'pytest', 'docker', 'sklearn'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_hidden_tests_import_nothing_else_of_the_package():
    found = set()
    for file in sorted((ROOT / "assignments").glob("*/hidden/**/*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found |= {(file.name, module) for module in modules if module.split(".")[0] == "grader"}
    assert {module for _, module in found} == {"grader.testing"}


@pytest.mark.parametrize("name", FACE)
def test_every_member_says_what_it_is_for(name):
    assert name in (grader.testing.__doc__ or "")
    assert inspect.getdoc(getattr(grader.testing, name))


# ------------------------------------------------------------------------------------------------ the page names all


def test_the_page_has_a_section_for_every_member_of_the_face_and_no_other():
    assert sorted(named("What a test judges with")) == FACE


def test_the_page_has_a_section_for_everything_that_the_student_does():
    by_name = ["student.NAME", 'student["NAME"]', "Reference"]
    assert sorted(named("What a test asks")) == sorted([*by_name, *(f"student.{name}" for name in METHODS)])


def test_the_page_has_a_section_for_every_fixture():
    assert sorted(named("Fixtures")) == sorted(name for name in FIXTURES if not name.startswith("_"))


def test_the_page_has_a_section_for_every_mark():
    marks = []
    config = type("Config", (), {"addinivalue_line": lambda self, name, line: marks.append(line)})()
    pytest_plugin.pytest_configure(config)
    assert sorted(named("Marks")) == sorted(line.partition(":")[0].split("(")[0] for line in marks)


def test_the_page_has_every_option_for_trying_a_test_by_hand():
    source = inspect.getsource(pytest_plugin.pytest_addoption)
    for option in re.findall(r'addoption\("(--\w+)"', source):
        assert f"`{option}" in PAGE, option


def member(name: str) -> object:
    return getattr(Student, name.removeprefix("student.")) if "." in name else getattr(grader.testing, name)


def signature_in(code: str) -> str:
    """The signature of the function that the code defines, in one form and without self."""
    [function] = ast.parse(textwrap.dedent(code)).body
    assert isinstance(function, ast.FunctionDef)
    function.args.args = [each for each in function.args.args if each.arg != "self"]
    function.decorator_list, function.body = [], [ast.Pass()]
    return ast.unparse(function).removesuffix(":\n    pass").replace("Iterator[None]", "AbstractContextManager[None]")


@pytest.mark.parametrize("name", [name for name in FACE if name != "Mismatch"] + [f"student.{n}" for n in METHODS])
def test_a_signature_on_the_page_is_that_of_the_code(name):
    in_code = signature_in(inspect.getsource(inspect.unwrap(member(name))))
    on_page = signature_in(section_of(name).signature.strip() + ": ...")
    assert on_page == in_code, f"docs/testing.md, {name}: write\n{in_code}"


@pytest.mark.parametrize("name", FACE + [f"student.{name}" for name in METHODS])
def test_the_page_begins_with_the_first_line_of_the_docstring(name):
    first = words((inspect.getdoc(member(name)) or "").partition("\n\n")[0])
    assert first in words(section_of(name).text), f"docs/testing.md, {name}: write\n{first}"


@pytest.mark.parametrize("name", [name for name in FIXTURES if not name.startswith("_")])
def test_the_page_says_of_a_fixture_what_its_docstring_says(name):
    assert words(inspect.getdoc(vars(pytest_plugin)[name]) or "") in words(section_of(name).text)


def test_every_member_has_an_example_that_is_run():
    assert [section.title for section in SECTIONS if section.name and not section.runs] == []


def test_the_page_has_every_way_to_end():
    [ends] = [section for section in SECTIONS if section.title.startswith("How a check ends")]
    assert [outcome.value for outcome in Outcome if not re.search(rf"\b{outcome.value}\b", ends.text)] == []


def test_no_block_of_python_is_left_out_of_what_is_run():
    assert {kind for kind, _ in FENCE.findall(PAGE)} == {
        "python head", "python notebook", "python hidden", "python signature", "python datasets.py",
        "text outcome", "toml assignment.toml",
    }  # fmt: skip
    assert not re.search(r"^```(python|text|toml)$", PAGE, re.M)


def test_the_head_of_the_short_examples_imports_the_whole_face():
    imported = re.search(r"from grader\.testing import ([^\n]+)", BLOCKS["python head"])
    assert imported is not None and sorted(imported[1].split(", ")) == FACE


def test_the_figures_of_the_page_are_those_of_the_code():
    text = words(PAGE)
    (rtol, atol), (rtol32, atol32) = compare.DEFAULT_TOLERANCE, compare.TOLERANCE["float32"]
    said = re.findall(r"([\d.e-]+) and ([\d.e-]+) for float(64|32)", text)
    assert [(float(a), float(b)) for a, b, _ in said] == [(rtol, atol), (rtol32, atol32)]
    assert "two full deadlines gets a fifth" in text
    assert (patience.PATIENT_TIMEOUTS, patience.IMPATIENCE) == (2, 1 / 5)
    assert "at most a million entries" in text and wire.MAX_ITEMS == 10**6


# ------------------------------------------------------------------------------------------------ the page is run


def questions() -> dict[str, Section]:
    """The sections with hidden tests, by the question that each of them is here."""
    own = itertools.count(101)
    found = {}
    for section in SECTIONS:
        if section.hidden:
            says = re.search(r'pytest\.mark\.question\("(q\d+)"\)', section.hidden)
            found[says[1] if says else f"q{next(own)}"] = section
    return found


QUESTIONS = questions()
PLACE = re.compile(r" \(test_q\d+\.py, line \d+\)$")  # in the files that this test writes


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    """A pool with one file of hidden tests for each section, a question for each file."""
    paths = small_course(tmp_path_factory.mktemp("page"))
    for file in paths.hidden_tests("tiny").glob("*.py"):
        file.unlink()
    description = BLOCKS["toml assignment.toml"]
    for question, section in QUESTIONS.items():
        text = section.hidden
        if "pytestmark" not in text:
            text = BLOCKS["python head"].replace("q9", question) + text
            points = len(re.findall(r"^def test_", text, re.M))
            description += f'\n[[question]]\nid = "{question}"\ntitle = "{question}"\npoints = {points}\nnames = []\n'
        hidden(paths, f"test_{question}.py", text)
    paths.assignment_toml("tiny").write_text(description)
    (paths.assignment("tiny") / "datasets.py").write_text(BLOCKS["python datasets.py"])
    with Pool(paths, "tiny", IN_PROCESSES) as made:
        yield made


def told(result: CheckResult) -> str:
    """One check as the page shows it: what is on the student's page, or, of a deferred one, what an assistant reads."""
    message = PLACE.sub("", result.message)
    line = f"{result.name}: {result.outcome.value}" + (f": {message}" if message else "")
    return line + (f" hint: {result.hint}" if result.hint else "")


@pytest.mark.parametrize(("section", "number"), RUNS, ids=[f"{s.name or s.title} {n + 1}" for s, n in RUNS])
def test_what_the_page_says_that_comes_out_comes_out(pool, section, number):
    cells, says = section.runs[number]
    [question] = [each for each, of in QUESTIONS.items() if of is section]
    [(_, examined)] = pool.run(iter([Task(submission("ada", *cells), SEED, (question,))]))
    come_out = "\n".join(map(told, examined.results))
    assert words(says) == words(come_out), f"docs/testing.md, {section.title}: what comes out is\n\n{come_out}\n"
