"""What a notebook imports and will not have, as a student is told before handing in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from essays import STARTER, changed
from essays import notebook as page
from tiny import book, ipynb

from grader.errors import UsageError
from grader.submission import program
from grader.submission.imports import missing
from grader.submission.validate import Asked, Released, read_manifest

MODULES = ("numpy", "torch", "google.colab", "PIL")
NOT_THERE = "it is not there when graded"
HIDDEN = "this assignment is to be solved without it"
FREE = "nothing needs it, so that costs nothing"


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        pytest.param(["import numpy as np, os.path, json\nfrom PIL import Image\nnp.ones(1)"], [], id="all there"),
        pytest.param(["from google.colab import drive\nimport google"], [], id="a part of a package"),
        pytest.param(["import jax"], [f"cell 1 imports jax: {NOT_THERE}; {FREE}"], id="in vain"),
        pytest.param(
            ["import jax.numpy as jnp", "x = 1", "y = jnp.ones(x)"],
            [f"cell 1 imports jax: {NOT_THERE}; what uses it fails (cell 3)"],
            id="used elsewhere",
        ),
        pytest.param(
            ["from jax import *", "from jax import jit\n@jit\ndef f(a): ..."],
            [f"cell 1 imports jax: {NOT_THERE}; what uses it fails (cells 1, 2)"],
            id="once a module",
        ),
        pytest.param(
            ["import scipy.stats as st", "st.norm()"],
            [f"cell 1 imports scipy: {HIDDEN}; what uses it fails (cell 2)"],
            id="hidden",
        ),
        pytest.param(
            ["from torch.hub import load"], [f"cell 1 imports torch.hub: {HIDDEN}; {FREE}"], id="a hidden part"
        ),
        pytest.param(["try:\n    import jax\nexcept ImportError:\n    jax = None"], [], id="caught"),
        pytest.param(["try:\n    import jax\nexcept:\n    pass\nelse:\n    jax.jit"], [], id="caught by everything"),
        pytest.param(
            ["try:\n    import jax\nexcept ImportError:\n    import jax"],
            [f"cell 1 imports jax: {NOT_THERE}; {FREE}"],
            id="again in the handler",
        ),
        pytest.param(
            ["def double(a):\n    import jax\n    return jax.double(a)"],
            [f"cell 1 imports jax: {NOT_THERE}; what uses it fails (cell 1)"],
            id="in a function that is asked for",
        ),
        pytest.param(
            ["def plot(a):\n    import jax\n    jax.plot(a)"], [f"cell 1 imports jax: {NOT_THERE}; {FREE}"],
            id="in a function that nobody calls",
        ),
        pytest.param(
            ["def plot(a):\n    import jax", "plot(1)"],
            [f"cell 1 imports jax: {NOT_THERE}; what uses it fails (cell 2)"],
            id="in a function that is called",
        ),
        pytest.param(["# experiment\nimport jax\njax.jit"], [], id="an experiment"),
        pytest.param(["%%writefile ops.py\nY = 1", "import ops\nops.Y"], [], id="written by a cell"),
        pytest.param(["import beside, folder.inner\nbeside.x"], [], id="beside the notebook"),
        pytest.param(["x = 1" + "+1" * 60_000 + "\nimport math"], [], id="too long for Python"),
    ],
)  # fmt: skip
def test_what_will_not_be_there_is_told_with_what_follows(tmp_path, cells, says):
    (tmp_path / "beside.py").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inner.py").touch()
    found = missing(book(*cells), {"double"}, MODULES, ("scipy", "torch.hub"), tmp_path)
    assert [item.text for item in found] == says


# ------------------------------------------------------------------------------------------------ the program


QUESTIONS = (Asked("q1", "One", "1", ("double",)),)
RIGHT = "def double(a):\n    return 2 * a"


def validated(folder: Path, content: bytes, capsys, **released) -> tuple[int, str]:
    """(exit code, what is printed) for a notebook with these bytes."""
    file = folder / "mine.ipynb"
    file.write_bytes(content)
    code = program.validate(file, Released("tiny", **{"questions": QUESTIONS, "modules": MODULES} | released))
    return code, capsys.readouterr().out


@pytest.mark.parametrize(
    ("cells", "released", "code", "says"),
    [
        pytest.param(["import jax", RIGHT], {}, 0, "costs nothing", id="in vain"),
        pytest.param([f"import jax\nx = jax\n{RIGHT}"], {}, 1, "what uses it fails (cell 1)", id="used"),
        pytest.param([f"import jax\n{RIGHT}"], {"modules": None}, 0, "1 of 1", id="an old release"),
        pytest.param([f"import given\n{RIGHT}"], {"files": ("given.py",)}, 0, "1 of 1", id="released"),
        pytest.param([f"import mine\n{RIGHT}"], {}, 0, "imports mine.py: hand that file in, too", id="to hand in"),
    ],
)
def test_validate_tells_of_imports(tmp_path, capsys, cells, released, code, says):
    (tmp_path / "mine.py").touch()
    got, said = validated(tmp_path, ipynb(*cells), capsys, **released)
    assert got == code and says in said and ("note: cell" in said) == ("jax" in cells[0] and released == {})


ESSAYS = (
    Asked("q1", "Softmax", "4", ("softmax",)),
    Asked("q7", "Why", "5", (), True),
    Asked("q8", "A plot", "2", (), True),
)


@pytest.mark.parametrize(
    ("sources", "unwritten"),
    [
        pytest.param({}, ["q7", "q8"], id="untouched"),
        pytest.param({"q7_answer": "Because exp overflows."}, ["q8"], id="one of two"),
        pytest.param({"q7_answer": "Because.", "q8_code": "plt.plot(x)"}, [], id="both"),
    ],
)
def test_an_answer_for_a_person_that_was_not_written_is_noticed(tmp_path, capsys, sources, unwritten):
    written = page(*changed(*STARTER, q1_code="def softmax(z):\n    return z", **sources))
    code, said = validated(tmp_path, written, capsys, questions=ESSAYS, starter=page(*STARTER))
    lines = said.splitlines()
    told = [before.split()[2] for before, line in zip(lines, lines[1:], strict=False) if "not written yet" in line]
    assert told == unwritten and code == bool(unwritten)


# ------------------------------------------------------------------------------------------------ which assignment


def manifest(folder: Path, assignment: str, release: str) -> None:
    folder.mkdir(exist_ok=True)
    said = {"assignment": assignment, "questions": [], "release": release}
    (folder / "manifest.json").write_text(json.dumps(said))


def made_from(release: str) -> bytes:
    document = json.loads(ipynb("x = 1"))
    document["metadata"]["grader"] = {"release": release}
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("named", "found"),
    [
        pytest.param("", "a2", id="by its release"),
        pytest.param("a1", "a1", id="by name"),
        pytest.param("a3", "a3", id="in the folder of that name"),
    ],
)
def test_a_renamed_notebook_is_known_by_its_release(tmp_path, named, found):
    for place, assignment, release in (
        ("here", "a1", "1" * 16),
        ("there", "a2", "2" * 16),
        ("here/a3", "a3", "3" * 16),
    ):
        manifest(tmp_path / place, assignment, release)
    file = tmp_path / "here" / "homework.ipynb"
    file.write_bytes(made_from("2" * 16))
    released = program.manifest_of(file, named, tmp_path / "here", tmp_path / "there")
    assert released is not None and released.assignment == found


def test_a_manifest_of_another_assignment_is_not_taken(tmp_path):
    manifest(tmp_path, "a1", "1" * 16)
    with pytest.raises(UsageError, match="no manifest.json of a2 beside mine.ipynb; there is that of a1"):
        program.manifest_of(tmp_path / "mine.ipynb", "a2", tmp_path)


def test_a_notebook_of_another_release_is_told_so(tmp_path, capsys):
    content = made_from("2" * 16)
    assert "made from another release than" in validated(tmp_path, content, capsys, release="1" * 16)[1]
    assert "made from another release than" not in validated(tmp_path, content, capsys, release="2" * 16)[1]


def test_a_manifest_of_before_says_nothing_of_modules(tmp_path):
    manifest(tmp_path, "a1", "1" * 16)
    released = read_manifest(tmp_path / "manifest.json")
    assert (released.modules, released.hidden_modules, released.starter) == (None, (), b"")
