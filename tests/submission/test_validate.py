"""What a student does before handing in, with nothing but what came out of the released zip."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from tiny import ipynb

from grader.authoring import release
from grader.cli import main
from grader.course.config import read_assignment
from grader.course.master import read_master
from grader.exit_codes import NEEDS_A_PERSON, USAGE
from grader.paths import PACKAGE, Paths

ROOT = PACKAGE.parent
NOTHING_HEAVY = "import sys\nfrom grader.cli import main\ncode = main(sys.argv[1:])\n" + (
    "loaded = {'torch', 'docker', 'numpy'} & set(sys.modules)\nassert not loaded, loaded\nsys.exit(code)\n"
)


@pytest.fixture(scope="module")
def released() -> dict[str, bytes]:
    paths = Paths(ROOT)
    return release.release_files(paths, read_assignment(paths, "a1_mlp"))


@pytest.fixture
def unpacked(released: dict[str, bytes], tmp_path: Path) -> Path:
    """A student's folder: the released zip, unpacked far away from any course."""
    (tmp_path / "a1_mlp.zip").write_bytes(release.zipped("a1_mlp", released))
    with zipfile.ZipFile(tmp_path / "a1_mlp.zip") as archive:
        archive.extractall(tmp_path)
    return tmp_path / "a1_mlp"


def grader(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a student would, and see that nothing heavy was imported for it."""
    return subprocess.run(
        [sys.executable, "-c", NOTHING_HEAVY, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT)},
    )


def edited(folder: Path, old: str, new: str) -> None:
    file = folder / "a1_mlp.ipynb"
    page = json.loads(file.read_text(encoding="utf-8"))
    changed = 0
    for cell in page["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "code" and old in text:
            cell["source"] = text.replace(old, new)
            changed += 1
    assert changed
    file.write_text(json.dumps(page), encoding="utf-8")


def test_the_untouched_starter_is_accepted_and_everything_is_still_to_do(unpacked):
    said = grader(unpacked, "validate", "a1_mlp.ipynb")
    assert said.returncode == 1
    assert "not written yet: sigmoid, tanh" in said.stdout
    assert "will be accepted for a1_mlp: 0 of 14 questions are complete" in said.stdout


def test_what_is_renamed_or_missing_or_an_experiment_is_named(unpacked):
    edited(unpacked, "def softmax_cross_entropy(", "def softmax_cros_entropy(")
    edited(unpacked, "# q7", "# experiment, q7")
    said = grader(unpacked, "validate", "a1_mlp.ipynb").stdout
    assert "softmax_cross_entropy is missing; your notebook defines softmax_cros_entropy (cell " in said
    assert "Value is defined only in cell " in said and "an experiment, which is not run" in said


def test_a_cell_that_is_no_python_is_named_with_its_line(unpacked):
    edited(unpacked, "import math\n", "import math\ndef broken(:\n")
    said = grader(unpacked, "validate", "a1_mlp.ipynb")
    assert said.returncode == 1 and "line 4: invalid syntax" in said.stdout


def test_a_question_whose_cell_is_no_python_is_not_complete(unpacked):
    solved = read_master(Paths(ROOT), "a1_mlp")
    assert "def softmax_cross_entropy(" in solved
    begin = solved.index("def softmax_cross_entropy(")
    broken = solved[:begin] + solved[begin:].replace("    return ", "    retrun ", 1)
    (unpacked / "a1_mlp.py").write_text(broken)
    said = grader(unpacked, "validate", "a1_mlp.py")
    assert said.returncode == 1 and "softmax_cross_entropy cannot be used: cell " in said.stdout
    assert "is no Python (line " in said.stdout and "14 of 14" not in said.stdout


@pytest.mark.parametrize("command", [("validate",), ("pack", "--student", "ada")])
def test_a_file_that_is_not_there_is_said_first(tmp_path, command):
    said = grader(tmp_path, command[0], "nothing.ipynb", *command[1:])
    assert said.returncode == 2 and "nothing.ipynb" in said.stderr and "manifest" not in said.stderr


def test_the_page_to_read_first_asks_for_what_the_notebook_imports_in_experiments_too(unpacked):
    """scikit-learn is hidden from a graded notebook; the experiments of a1 read its digits."""
    assert "`pip install matplotlib numpy otter-grader scikit-learn`" in (unpacked / "README.md").read_text()
    assignment = read_assignment(Paths(ROOT), "a1_mlp")
    essays = tuple(replace(each, names=(), manual=True) for each in assignment.questions)
    assert "pip install" not in release.readme(replace(assignment, questions=essays), ["numpy"])
    assert "pip install" not in release.readme(assignment, [])


def test_a_solved_notebook_is_complete(unpacked):
    (unpacked / "a1_mlp.py").write_text(read_master(Paths(ROOT), "a1_mlp"))
    said = grader(unpacked, "validate", "a1_mlp.py")
    assert said.returncode == 0 and "14 of 14 questions are complete" in said.stdout


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html><body>a1_mlp</body></html>", "saved web page"),
        (b"%PDF-1.7 ...", "PDF"),
    ],
)
def test_what_is_no_notebook_is_said_to_be_what_it_is(unpacked, content, says):
    (unpacked / "a1_mlp.ipynb").write_bytes(content)
    said = grader(unpacked, "validate", "a1_mlp.ipynb")
    assert said.returncode == 2 and says in said.stderr and said.stderr.count("\n") == 1


@pytest.mark.parametrize("further", [("--extra", "weights.bin"), ("weights.bin",)], ids=lambda further: further[0])
def test_the_packed_zip_holds_the_notebook_and_a_receipt_and_can_be_collected(unpacked, further):
    (unpacked / "weights.bin").write_bytes(b"\x00\x01")
    said = grader(unpacked, "pack", "a1_mlp.ipynb", "--student", "cs21b042", *further)
    assert said.returncode == 0, said.stderr
    with zipfile.ZipFile(unpacked / "cs21b042_a1_mlp.zip") as archive:
        assert set(archive.namelist()) == {
            f"cs21b042/{name}" for name in ("a1_mlp.ipynb", "weights.bin", "receipt.json")
        }
        assert archive.read("cs21b042/a1_mlp.ipynb") == (unpacked / "a1_mlp.ipynb").read_bytes()
        receipt = json.loads(archive.read("cs21b042/receipt.json"))
    assert receipt["student"] == "cs21b042" and receipt["files"]["weights.bin"] in said.stdout
    assert receipt["incomplete"] == [f"q{number}" for number in range(1, 15)]


@pytest.mark.parametrize("student", ["../../etc", "a b", "", "=1+1"])
def test_a_student_id_is_no_path_and_no_formula(unpacked, student):
    said = grader(unpacked, "pack", "a1_mlp.ipynb", "--student", student)
    assert said.returncode == 2 and "letters, digits" in said.stderr


def test_a_notebook_far_from_its_manifest_says_what_to_do(tmp_path):
    (tmp_path / "a1_mlp.ipynb").write_text("{}")
    said = grader(tmp_path, "validate", "a1_mlp.ipynb")
    assert said.returncode == 2 and "no manifest.json beside a1_mlp.ipynb" in said.stderr


def test_a_renamed_notebook_without_a_release_is_known_by_the_names_it_defines(tmp_path, monkeypatch, capsys):
    """Where it is one assignment's, by half of its names or more."""
    monkeypatch.setenv("GRADER_COURSE", str(ROOT))
    file = tmp_path / "hw1_john.ipynb"
    file.write_bytes((ROOT / "assignments" / "a1_mlp" / "a1_mlp.ipynb").read_bytes())
    assert main(["validate", str(file)]) == NEEDS_A_PERSON
    assert "will be accepted for a1_mlp" in capsys.readouterr().out
    file.write_bytes(ipynb("def hebb_update(w):\n    return w"))
    assert main(["validate", str(file)]) == USAGE
    assert "Name it with --assignment" in capsys.readouterr().err
