"""grader.pyz: what students run without installing anything, on the Python that they have."""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from grader.authoring.students_program import MAIN, PARTS, students_program
from grader.course.master import read_master
from grader.paths import PACKAGE, Paths

ROOT = PACKAGE.parent
SOURCES = sorted({file for part in PARTS for file in PACKAGE.glob(part)})
OLDEST, NEWER = "3.9", ("3.10", "3.11", "3.12", "3.13", "3.14")
QUESTIONS = [
    {"id": "q1", "title": "H₂O ✓ und Bäume", "points": "2", "names": ["relu", "softmax"]},
    {"id": "q2", "title": "Training", "points": "1.5", "names": ["Net"]},
]
STUB = "def {}(x):\n    raise NotImplementedError('to be written')\n"
DONE = "def relu(x):\n    return x\n\ndef softmax(x):\n    return x\n\nclass Net:\n    pass\n"
SAMPLES = {
    "untouched": "".join(map(STUB.format, ("relu", "softmax", "Net"))),
    "half written": "def relu(x):\n    return x\n" + STUB.format("softmax"),
    "done": DONE,
    "magics": "%matplotlib inline\n!pip install x\n" + DONE,
    "renamed": DONE.replace("softmax", "sofmax"),
    "broken": DONE + "def broken(:\n",
    "return outside": DONE + "return 3\n",
    "of another assignment": "def conv2d(x):\n    return x\n",
    "sum": DONE + "x = 1" + "+1" * 60_000,
    "chain": DONE + "x = a" + ".a" * 60_000,
    "signs": DONE + "x = " + "-" * 100_000 + "1",
    "calls": DONE + "x = a" + "()" * 40_000,
    "brackets": DONE + "x = " + "(" * 50_000,
    "branches": DONE + "if a:\n  pass\n" + "elif b:\n  x\n" * 12_000,
    "deep stub": "def relu(x):\n    return x" + "+1" * 60_000 + "\n",
}
DEEP = {"chain", "signs", "calls", "branches"}  # for every Python; a sum is compiled by some


def python(version):
    """A Python of this version, from the PATH or pyenv; None where there is none that runs."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [shutil.which(f"python{version}"), *sorted(root.glob(f"versions/{version}.*/bin/python"))]
    for candidate in filter(None, candidates):
        said = subprocess.run([candidate, "-V"], capture_output=True, text=True, check=False)
        if said.returncode == 0 and said.stdout.startswith(f"Python {version}."):
            return str(candidate)
    return None


@pytest.fixture(params=["this", OLDEST, *NEWER])
def interpreter(request):
    found = sys.executable if request.param == "this" else python(request.param)
    if found is None:
        pytest.skip(f"there is no Python {request.param} on this machine")
    return found


@pytest.fixture
def folder(tmp_path):
    """A student's folder, as it comes out of the zip."""
    made = tmp_path / "Übung 1 ✓"
    made.mkdir()
    (made / "grader.pyz").write_bytes(students_program())
    manifest = {"assignment": "a1_mlp", "questions": QUESTIONS}
    (made / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return made


def notebook(source):
    cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": source}]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def run(interpreter, folder, *arguments, program="grader.pyz", encoding="utf-8"):
    """(exit code, stdout, stderr) of the program as a student runs it, with no package in sight."""
    isolated = ["-I"] if encoding == "utf-8" else ["-s"]  # -I hears of no encoding
    command = [interpreter, *isolated, "-W", "error", program] if isinstance(program, str) else [interpreter, *program]
    said = subprocess.run(
        [*command, *arguments],
        cwd=folder,
        capture_output=True,
        timeout=120,
        check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding, "LANG": "C.UTF-8"},
    )
    assert b"Traceback" not in said.stderr, said.stderr.decode(encoding)
    return said.returncode, said.stdout.decode(encoding), said.stderr.decode(encoding)


# ---------------------------------------------------------------------------------------------------- what it is


def test_it_is_the_very_modules_of_the_package_and_the_same_bytes_every_time(tmp_path):
    (tmp_path / "grader.pyz").write_bytes(students_program())
    with zipfile.ZipFile(tmp_path / "grader.pyz") as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
    assert files.pop("__main__.py") == MAIN.encode()
    assert files == {file.relative_to(ROOT).as_posix(): file.read_bytes() for file in SOURCES}
    assert students_program() == (tmp_path / "grader.pyz").read_bytes()
    assert len(students_program()) < 145_000


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.name)
def test_its_sources_hold_nothing_that_the_oldest_python_or_another_system_lacks(file):
    text = file.read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=tuple(map(int, OLDEST.split("."))))  # knows no match, no except*
    nodes = list(ast.walk(tree))
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    outside = {module.split(".")[0] for module in modules} - {"grader"}
    assert outside <= sys.stdlib_module_names - {"tomllib", "fcntl", "resource", "pwd", "grp", "termios", "curses"}
    keywords = {word.arg for node in nodes if isinstance(node, ast.Call) for word in node.keywords}
    assert not keywords & {"strict", "slots", "kw_only"}
    names = {name for node in nodes for name in (getattr(node, "attr", ""), getattr(node, "name", ""))}
    assert not names & {"UTC", "pairwise", "batched", "StrEnum", "TypeAlias", "Self", "assert_never", "file_digest"}
    assert " | " not in text or "from __future__ import annotations" in text


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.name)
def test_its_patterns_are_those_of_the_oldest_python(file):
    name = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    values = list(vars(importlib.import_module(name)).values())
    values += [inner for value in values if isinstance(value, dict) for inner in value.values()]
    patterns = [value for value in values if isinstance(value, re.Pattern)]
    assert patterns or "re.compile" not in file.read_text(encoding="utf-8")
    for pattern in patterns:
        told = repr(re._parser.parse(pattern.pattern, pattern.flags))
        assert "POSSESSIVE" not in told and "ATOMIC" not in told, pattern.pattern


# ---------------------------------------------------------------------------------------------------- what it says


@pytest.mark.parametrize("sample", SAMPLES)
def test_it_says_what_the_program_of_the_course_says(folder, sample):
    (folder / "a1_mlp.ipynb").write_text(notebook(SAMPLES[sample]), encoding="utf-8")
    arguments = ("validate", "a1_mlp.ipynb")
    assert run(sys.executable, folder, *arguments) == run(
        sys.executable, folder, *arguments, program=("-m", "grader.cli")
    )


def test_every_python_says_what_is_complete_and_what_is_not(interpreter, folder):
    said = {}
    for sample, source in SAMPLES.items():
        (folder / "a1_mlp (2).ipynb").write_text(notebook(source), encoding="utf-8")
        code, out, err = run(interpreter, folder, "validate", "a1_mlp (2).ipynb")
        assert err == ""
        assert code == (0 if "2 of 2 questions" in out and "note:" not in out else 1)
        said[sample] = out
    assert "not written yet: relu, softmax" in said["untouched"]
    assert "ok q2   Training (1.5 points)" in said["done"] and "2 of 2 questions" in said["magics"]
    assert "softmax is missing; your notebook defines sofmax (cell 1)" in said["renamed"]
    assert "note: cell 1, line 9: " in said["broken"] and "'return' outside function" in said["return outside"]
    assert "is it the notebook of another assignment?" in said["of another assignment"]
    for sample in DEEP:
        assert "nested too deeply for Python, or has too many parts" in said[sample]


def test_every_python_packs_what_will_be_accepted(interpreter, folder):
    (folder / "mein Heft.ipynb").write_text(notebook(SAMPLES["half written"]), encoding="utf-8")
    (folder / "weights.bin").write_bytes(b"")
    code, out, err = run(
        interpreter, folder, "pack", "mein Heft.ipynb", "--student", "cs101", "weights.bin", "--out", ".."
    )
    assert (code, err) == (0, "")
    with zipfile.ZipFile(folder.parent / "cs101_a1_mlp.zip") as archive:
        receipt = json.loads(archive.read("cs101/receipt.json"))
        names = ["cs101/a1_mlp.ipynb", "cs101/receipt.json", "cs101/weights.bin"]
        assert archive.namelist() == names and archive.read(names[0]) == (folder / "mein Heft.ipynb").read_bytes()
    assert receipt["complete"] == [] and receipt["incomplete"] == ["q1", "q2"]
    assert receipt["files"]["weights.bin"] in out


def test_it_speaks_the_language_of_the_release_on_every_python(interpreter, folder):
    manifest = {"assignment": "a1_mlp", "questions": QUESTIONS, "language": "de"}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (folder / "Heft.ipynb").write_text(notebook(SAMPLES["renamed"]), encoding="utf-8")
    assert "1 of 2 questions are complete" in run(interpreter, folder, "validate", "Heft.ipynb")[1]  # no such catalogue
    (folder / "grader.pyz").write_bytes(students_program("de"))
    code, out, err = run(interpreter, folder, "validate", "Heft.ipynb")
    assert (code, err) == (1, "")
    assert "softmax fehlt; Ihr Notebook definiert sofmax (Zelle 1)" in out and "ok q2   Training (1,5 Punkte)" in out
    assert "Heft.ipynb wird für a1_mlp angenommen: 1 von 2 Teilaufgaben sind vollständig." in out
    code, _, err = run(interpreter, folder, "pack", "Heft.ipynb", "--student", "a/b")
    assert code == 2 and "nur Buchstaben, Ziffern" in err
    (folder / "leer.ipynb").write_bytes(b"")
    assert "leer.ipynb ist leer; speichern Sie das Notebook" in run(interpreter, folder, "validate", "leer.ipynb")[2]


@pytest.mark.parametrize("encoding", ["cp1252", "cp437"])
def test_a_console_that_knows_few_letters_shows_what_it_can(folder, encoding):
    (folder / "Lösung ✓.ipynb").write_text(notebook(DONE), encoding="utf-8")
    code, out, _ = run(sys.executable, folder, "validate", "Lösung ✓.ipynb", encoding=encoding)
    assert code == 0 and "2 of 2 questions are complete" in out
    assert "H?O ? und B" in out and "Lösung ✓" not in out
    code, out, _ = run(sys.executable, folder, "pack", "Lösung ✓.ipynb", "--student", "x", encoding=encoding)
    assert code == 0 and "x_a1_mlp.zip" in out
    code, _, err = run(sys.executable, folder, "validate", "✓.ipynb", encoding=encoding)
    assert code == 2 and err.count("\n") == 1


def test_windows_line_ends_are_no_matter(folder):
    for file, text in (("manifest.json", (folder / "manifest.json").read_text()), ("a1_mlp.py", DONE)):
        (folder / file).write_bytes(text.replace("\n", "\r\n").encode())
    code, out, _ = run(sys.executable, folder, "validate", "a1_mlp.py")
    assert code == 0 and "a1_mlp.py holds plain Python and no notebook: accepted" in out


def test_the_manifest_may_lie_beside_the_program_and_not_beside_the_notebook(folder):
    """As in Colab, where the zip is unpacked beside the notebook that was uploaded."""
    (folder.parent / "a1_mlp.ipynb").write_text(notebook(DONE))
    code, out, _ = run(sys.executable, folder.parent, "validate", "a1_mlp.ipynb", program=f"{folder.name}/grader.pyz")
    assert code == 0 and "2 of 2 questions" in out


def test_without_arguments_it_says_what_can_be_done(interpreter, folder):
    code, out, err = run(interpreter, folder)
    assert (code, err) == (2, "")
    assert "python grader.pyz validate a1_mlp.ipynb" in out and "python grader.pyz pack a1_mlp.ipynb" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["validate", "nope.ipynb"], "nope.ipynb: No such file or directory"),
        (["validate", "."], ".: Is a directory"),
        (["validate", "empty.ipynb"], "empty.ipynb is empty; save the notebook and try again"),
        (["validate", "page.ipynb"], "page.ipynb: this is a saved web page, not a notebook"),
        (["pack", "a1_mlp.ipynb", "--student", "../x"], "letters, digits"),
        (["pack", "a1_mlp.ipynb", "--student", ".."], "letters, digits"),
        (["pack", "a1_mlp.ipynb", "--student", "x", "--extra", "nope.bin"], "nope.bin: No such file or directory"),
        (["pack", "a1_mlp.ipynb", "--student", "x", "--extra", "a1_mlp.ipynb"], "there is a file of that name already"),
        (["pack", "a1_mlp.ipynb", "--student", "x", "--extra", "receipt.json"], "there is a file of that name already"),
        (["pack", "a1_mlp.ipynb", "--student", "x", "--out", "no"], "x_a1_mlp.zip cannot be written: No such file"),
    ],
)
def test_an_error_is_one_line(folder, arguments, says):
    (folder / "a1_mlp.ipynb").write_text(notebook(DONE))
    (folder / "empty.ipynb").write_text("")
    (folder / "page.ipynb").write_text("<!DOCTYPE html><html></html>")
    code, out, err = run(sys.executable, folder, *arguments)
    assert (code, out) == (2, "") and err.startswith("grader: ") and err.count("\n") == 1 and says in err


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"assignment": "a"}', '{"assignment": "a", "questions": [3]}', None]
)
def test_a_manifest_that_is_none_is_an_error_in_one_line(folder, content):
    (folder / "a1_mlp.ipynb").write_text(notebook(DONE))
    (folder / "manifest.json").unlink()
    if content is not None:
        (folder / "manifest.json").write_text(content)
    code, _, err = run(sys.executable, folder, "validate", "a1_mlp.ipynb")
    assert code == 2 and "manifest" in err and err.count("\n") == 1


def test_a_python_that_is_too_old_is_told_so(folder):
    old = next(filter(None, map(python, ("3.8", "3.7", "3.6"))), None)
    if old is None:
        pytest.skip("there is no Python older than 3.9 on this machine")
    code, _, err = run(old, folder)
    assert code == 1 and "it takes Python 3.9 or later" in err


def test_a_solved_assignment_is_complete_for_the_oldest_python(folder, tmp_path):
    oldest = python(OLDEST)
    if oldest is None:
        pytest.skip(f"there is no Python {OLDEST} on this machine")
    names = ["relu", "softmax_cross_entropy", "Value"]
    questions = [{"id": "q1", "title": "some of them", "points": "1", "names": names}]
    (folder / "manifest.json").write_text(json.dumps({"assignment": "a1_mlp", "questions": questions}))
    (folder / "a1_mlp.py").write_text(read_master(Paths(ROOT), "a1_mlp"), encoding="utf-8")
    code, out, _ = run(oldest, folder, "validate", "a1_mlp.py")
    assert code == 0 and "1 of 1 questions" in out
