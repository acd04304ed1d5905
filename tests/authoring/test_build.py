"""Building: a master in, the starter and the public checks out, the same bytes every time and nothing given away."""

import http.server
import io
import itertools
import json
import threading
import zipfile

import nbformat
import pytest
from tiny_master import MASTER, course

from grader.authoring import build as building
from grader.authoring.build import build, built_files
from grader.authoring.given_away import secret_lines
from grader.authoring.starter_code import FOLDED, along_cell
from grader.course.master import read_master
from grader.errors import AuthoringError
from grader.paths import PACKAGE, Paths

ROOT = PACKAGE.parent


def cells_of(starter: str) -> list[dict]:
    return json.loads(starter)["cells"]


def code_cells(starter: str) -> list[str]:
    return ["".join(cell["source"]) for cell in cells_of(starter) if cell["cell_type"] == "code"]


def solution_lines(paths: Paths, assignment_id: str) -> list[str]:
    return secret_lines(building._outlined(paths, assignment_id, read_master(paths, assignment_id)))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return built_files(course(tmp_path_factory.mktemp("tiny")), "a9_tiny")


@pytest.fixture(scope="module")
def a1():
    return built_files(Paths(ROOT), "a1_mlp")


def test_what_is_committed_is_what_the_master_builds(a1):
    folder = ROOT / "assignments" / "a1_mlp"
    committed = {"a1_mlp.ipynb", *(f"tests/{path.name}" for path in (folder / "tests").iterdir() if path.is_file())}
    assert set(a1) == committed
    for name, text in a1.items():
        assert (folder / name).read_text() == text, f"{name} is stale: build a1_mlp again"


def test_building_twice_in_two_places_gives_the_same_bytes(tiny, tmp_path):
    paths = course(tmp_path / "elsewhere")
    notebook = build(paths, "a9_tiny")
    assert notebook == paths.starter("a9_tiny")
    written = {path.relative_to(notebook.parent).as_posix(): path for path in notebook.parent.rglob("*.*")}
    del written["assignment.toml"]
    assert {name: path.read_bytes().decode() for name, path in written.items()} == tiny


def test_the_starter_is_a_valid_notebook_without_leftovers(a1):
    notebook = nbformat.reads(a1["a1_mlp.ipynb"], as_version=4)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert set(notebook.metadata) == {"kernelspec", "language_info", "otter"}
    for cell in notebook.cells:
        assert cell.cell_type in ("code", "markdown")  # the marks of otter assign are gone
        assert set(cell.metadata) <= {"deletable", "editable", "tags", *FOLDED}
        assert not cell.get("outputs") and cell.get("execution_count") is None


def test_cell_ids_follow_the_content(tiny, tmp_path):
    changed = built_files(
        course(tmp_path, MASTER.replace("# # A tiny assignment", "# # A small assignment")), "a9_tiny"
    )
    before, after = ([cell["id"] for cell in json.loads(files["a9_tiny.ipynb"])["cells"]] for files in (tiny, changed))
    assert len(set(before)) == len(before)  # two cells of equal content have two ids
    assert before[0] != after[0] and before[1:] == after[1:]


def test_no_line_of_a_solution_is_in_what_students_get(a1):
    secrets = solution_lines(Paths(ROOT), "a1_mlp")
    assert len(secrets) > 200
    words = "\n".join("".join(cell["source"]) for cell in json.loads(a1["a1_mlp.ipynb"])["cells"])
    words += "\n".join(text for name, text in a1.items() if name != "a1_mlp.ipynb")
    assert [line for line in secrets if line in words] == []
    assert "BEGIN" not in words and "END SOLUTION" not in words


@pytest.mark.parametrize(
    ("above", "found"),
    [
        pytest.param("", 2, id="nothing"),
        pytest.param("x = 1  # says nothing, and stands everywhere\n    ", 2, id="a short line"),
        pytest.param("for number in range(len(x)):\n        ", 2, id="a loop"),
        pytest.param("def inner_helper(x):\n        ", 2, id="the head of a function"),
        pytest.param("for number in x: print(number)\n    ", 3, id="a loop on one line"),
        pytest.param("n, d = x_of_the_batch.shape\n    ", 2, id="a shape"),
        pytest.param("for number in drawn_by(x):\n        ", 3, id="a loop that says something"),
        pytest.param("the_answer = 40 + 2\n    ", 3, id="a line more"),
    ],
)
def test_lines_of_a_solution_are_found_but_those_that_give_nothing_away(tmp_path, above, found):
    master = MASTER.replace("    return doubled", f"    {above}return doubled")
    assert len(solution_lines(course(tmp_path, master), "a9_tiny")) == found


def test_a_line_of_a_prompt_is_no_secret(tmp_path):
    master = MASTER.replace("    raise NotImpl", "    return doubled_number  # so\n    raise NotImpl")
    assert solution_lines(course(tmp_path, master), "a9_tiny") == ["doubled_number = x + x"]


def test_a_master_that_does_not_exist_is_named_with_those_that_do(tmp_path):
    with pytest.raises(AuthoringError, match="no master of 'a8_none'; there is: a9_tiny"):
        built_files(course(tmp_path), "a8_none")


def test_a_check_file_keeps_the_words_of_the_master(tiny):
    text = tiny["tests/q1.py"]
    assert '@test_case(name="twice 3 is 6", points=0)' in text
    assert "# a comment that students may read" in text
    compile(text, "q1.py", "exec")


def test_checks_of_questions_that_are_gone_are_removed(tmp_path):
    paths = course(tmp_path)
    stale = paths.assignment("a9_tiny") / "tests" / "q7.py"
    stale.parent.mkdir(parents=True)
    stale.write_text("old")
    build(paths, "a9_tiny")
    assert not stale.exists() and (stale.parent / "q1.py").exists()


def alone(starter, folder, monkeypatch):
    """Run the cells that come before Otter, in a folder of its own, as Run All does."""
    names = {}
    monkeypatch.chdir(folder)
    for source in itertools.takewhile(lambda source: "import otter\n" not in source, code_cells(starter)):
        exec(source, names)


def test_a_notebook_alone_brings_its_public_checks_along(tiny, tmp_path, monkeypatch, capsys):
    alone(tiny["a9_tiny.ipynb"], tmp_path, monkeypatch)
    assert (tmp_path / "tests" / "q1.py").read_text() == tiny["tests/q1.py"]
    assert capsys.readouterr().out == "Put beside this notebook: tests/q1.py\n"
    (tmp_path / "tests" / "q1.py").write_text("mine")
    alone(tiny["a9_tiny.ipynb"], tmp_path, monkeypatch)
    assert (tmp_path / "tests" / "q1.py").read_text() == "mine" and capsys.readouterr().out == ""


@pytest.mark.parametrize("assignment", ["a1_mlp", "a2_cnn", "a3_sequences", "a4_generative"])
def test_the_four_starters_are_whole_in_an_empty_folder(assignment, tmp_path, monkeypatch):
    """Every file that lies beside the notebook comes out of it, byte for byte, and Otter finds the checks."""
    folder = ROOT / "assignments" / assignment
    alone((folder / f"{assignment}.ipynb").read_text(), tmp_path, monkeypatch)
    released = [*folder.glob("tests/*.py"), *folder.glob("*.py")]
    assert {file.relative_to(folder): file.read_bytes() for file in released} == {
        file.relative_to(tmp_path): file.read_bytes() for file in tmp_path.rglob("*.py")
    }


def test_the_cell_of_files_is_folded(tiny):
    [folded] = [cell for cell in cells_of(tiny["a9_tiny.ipynb"]) if "FILES = {" in "".join(cell["source"])]
    assert folded["metadata"]["jupyter"] == {"source_hidden": True} and folded["metadata"]["cellView"] == "form"


@pytest.mark.parametrize(("content", "along"), [(b"x = 1\n", True), (b"\xff\x00", False), (b"1\n" * 150_000, False)])
def test_text_travels_along_and_what_is_large_or_no_text_does_not(content, along):
    names = {}
    exec(along_cell({"data.csv": content}), names)
    assert names["FILES"] == ({"data.csv": content.decode()} if along else {})


LARGE = "0.5,1.5\n" * 40_000


def with_a_large_file(home, toml=None):
    """A course whose one assignment has a file that is too large to travel inside the notebook."""
    paths = course(home)
    if toml:
        paths.course_toml.write_text(toml)
    folder = paths.assignment("a9_tiny")
    (folder / "data.csv").write_text(LARGE)
    config = folder / "assignment.toml"
    config.write_text('files = ["data.csv"]\n' + config.read_text())
    return built_files(paths, "a9_tiny")["a9_tiny.ipynb"]


def test_without_an_address_it_is_said_what_to_put_where(tmp_path, monkeypatch, capsys):
    starter = with_a_large_file(tmp_path / "course")
    (tmp_path / "empty").mkdir()
    alone(starter, tmp_path / "empty", monkeypatch)
    said = capsys.readouterr().out
    assert "Not here: data.csv" in said and "put them beside this notebook" in said


def test_what_is_large_is_fetched_from_the_release_address(tmp_path, monkeypatch):
    """With a real archive from a real server; files that are already there are left alone."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("a9_tiny/data.csv", LARGE)

    class Release(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/dl/a9_tiny.zip" else 404)
            self.end_headers()
            self.wfile.write(archive.getvalue())

        def log_message(self, *args):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Release) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/dl"
        toml = (ROOT / "course.toml").read_text().replace('release_address = ""', f'release_address = "{address}"')
        toml = toml.replace('["a1_mlp", "a2_cnn", "a3_sequences", "a4_generative"]', '["a9_tiny"]').replace(
            "best = 3", ""
        )
        starter = with_a_large_file(tmp_path / "course", toml)
        (tmp_path / "empty").mkdir()
        alone(starter, tmp_path / "empty", monkeypatch)
        assert (tmp_path / "empty" / "data.csv").read_text() == LARGE
        (tmp_path / "empty" / "data.csv").write_text("mine")
        alone(starter, tmp_path / "empty", monkeypatch)
        server.shutdown()
    assert (tmp_path / "empty" / "data.csv").read_text() == "mine"
