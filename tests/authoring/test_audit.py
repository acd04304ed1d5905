"""The tests of the tests: green on assignment 1 as it is, and red, with the reason, on what was broken on purpose."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import torch

from grader.authoring import leaks, paraphrases, release, variants
from grader.authoring.build import build
from grader.authoring.stability import Stability
from grader.checking import compare, margins
from grader.checking.margins import Margin
from grader.cli import main
from grader.course import known_solutions
from grader.course.config import read_assignment
from grader.errors import AuthoringError
from grader.examination.task import Examined
from grader.paths import PACKAGE, Paths
from grader.schema import CheckResult, Outcome, Status
from grader.submission import notebook

ROOT = PACKAGE.parent


@pytest.fixture
def q4_only(course: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """Assignment 1 with its first question alone, so that a whole audit takes seconds."""
    paths = Paths(course)
    toml = paths.assignment_toml("a1_mlp")
    head, *questions = toml.read_text().split("[[question]]")
    toml.write_text(head + "".join(f"[[question]]{text}" for text in questions if 'id = "q4"' in text))
    folders = (paths.hidden_tests, paths.questions, paths.wrong, paths.right)
    for folder in folders:
        for file in folder("a1_mlp").glob("*.py"):
            if "q4" not in file.name and file.name != "conftest.py":
                file.unlink()
    monkeypatch.setenv("GRADER_COURSE", str(course))
    return paths


def audited(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict]:
    code = main(["audit", "a1_mlp", "--json", "--seeds", "1", "--sandbox", "process", *options])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.slow
@pytest.mark.parametrize("assignment", ["a1_mlp", "a2_cnn", "a3_sequences", "a4_generative"])
def test_the_hidden_tests_do_to_a_sample_of_known_submissions_what_they_must(assignment):
    """The whole of it takes an hour and more: make audit."""
    command = [sys.executable, "-m", "grader.cli", "audit", assignment, "--json", "--sandbox", "process"]
    options = ["--quick", "--sample", "1.5", "--seeds", "1"]
    done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    said = json.loads(done.stdout)
    assert said["findings"] == [] and done.returncode == 0
    assert len(said["questions"]) == 14 and sum(row["wrong"] for row in said["questions"]) > 3


@pytest.mark.parametrize("assignment", ["a1_mlp", "a2_cnn", "a3_sequences", "a4_generative"])
def test_every_question_has_many_wrong_solutions_and_two_right_ones(assignment):
    paths = Paths(ROOT)
    for question in read_assignment(paths, assignment).questions:
        assert len(known_solutions.wrong(paths, assignment, question.id)) >= 8, question.id
        assert len(known_solutions.right(paths, assignment, question.id)) >= 2, question.id


@pytest.mark.long
def test_an_audit_says_which_test_catches_nothing_any_more(q4_only, capsys):
    build(q4_only, "a1_mlp")  # of one question now
    assert audited(capsys)[0] == 0
    file = next(q4_only.hidden_tests("a1_mlp").glob("test_q4*.py"))
    name = "test_smooth_activations_have_the_right_values"
    text = file.read_text()
    assert f"def {name}(" in text
    file.write_text(re.sub(rf"(def {name}\([^)]*\):\n)", r"\1    return\n", text))
    code, said = audited(capsys)
    [finding] = said["findings"]
    assert code == 1 and (finding["about"], finding["says"]) == (name, "is passed by what must fail it")
    submissions = set(finding["submissions"])
    assert {"starter", "nothing"} <= submissions and any(known.startswith("q4-") for known in submissions)


@pytest.mark.parametrize(
    ("about", "folder", "file"), [("q4-shifted", "right", "q4"), ("whole-other", "whole", "other")]
)
def test_an_audit_says_when_a_right_answer_loses_marks(q4_only, capsys, about, folder, file):
    before = (q4_only.whole("a1_mlp") / "from_release.py").read_text() if folder == "whole" else ""
    shifted = "# %% shifted | why: it is not right at all\ndef relu(z):\n    return as_float(z) + 1\n"
    (getattr(q4_only, folder)("a1_mlp") / f"{file}.py").write_text(f"{before}\n{shifted}")
    code, said = audited(capsys, "--quick")
    assert code == 1
    [finding] = said["findings"]
    assert finding["about"] == about and finding["says"].startswith("loses test_")


def test_an_audit_says_when_a_check_insists_on_what_the_contract_leaves_open(q4_only, capsys):
    build(q4_only, "a1_mlp")  # of one question now
    file = next(q4_only.hidden_tests("a1_mlp").glob("test_q4*.py"))
    name = "test_smooth_activations_have_the_right_values"
    insists = "    require(type(student.sigmoid(0.5)) is np.float64, 'no np.float64')\n"
    file.write_text(re.sub(rf"(def {name}\([^)]*\):\n)", rf"\1{insists}", file.read_text()))
    code, said = audited(capsys)
    [loses] = said["findings"]
    assert code == 1 and loses["about"] == name and "python_numbers" in loses["submissions"]
    assert loses["says"] == "what is right loses it (failed: no np.float64)"


def test_what_a_contract_leaves_open_is_really_said_otherwise(q4_only):
    table = np.arange(6.0).reshape(2, 3)
    assert paraphrases.containers((1, [2])) == [1, [2]] and paraphrases.containers([1]) == (1,)
    for array in (table, torch.from_numpy(table)):
        [spread] = paraphrases.strides([array])
        assert (spread == array).all() and type(spread) is type(array) and np.asarray(spread).strides == (48, 16)
    assert list(map(type, paraphrases.numpy_numbers((1, 2.0, True)))) == [np.int64, np.float64, np.bool_]
    assert list(map(type, paraphrases.python_numbers([np.int32(1), np.ones(()), np.True_]))) == [int, float, bool]
    assignment = read_assignment(q4_only, "a1_mlp")
    said = {variant.id: variant.submission for variant in paraphrases.paraphrases(q4_only, assignment)}
    names = {"__name__": "__main__"}
    for cell in notebook.read(said["python_numbers"].content, "python_numbers.py").cells:
        if not cell.experiment:
            exec(cell.code, names)
    sigmoid = names["sigmoid"]
    assert type(sigmoid(0.5)) is float and sigmoid.__wrapped__.__globals__["tanh"] is not names["tanh"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("# %% nameless\nx = 1\n", "is not of the form"),
        ("# %% a | fails: test_x | hint: y\nx = 1\n# %% a | fails: test_x | hint: y\nx = 1\n", "a appears twice"),
    ],
)
def test_a_wrong_solution_without_a_proper_header_is_refused(q4_only, text, says):
    (q4_only.wrong("a1_mlp") / "q4.py").write_text(text)
    with pytest.raises(AuthoringError, match=says):
        variants.wrong(q4_only, read_assignment(q4_only, "a1_mlp"))


# ------------------------------------------------------------------------------------------------ release


def test_a_release_waits_for_a_green_audit_of_these_very_tests(course, monkeypatch, capsys):
    monkeypatch.setenv("GRADER_COURSE", str(course))
    paths = Paths(course)
    assignment = read_assignment(paths, "a1_mlp")
    out = course / "out"

    def refused() -> str:
        assert main(["release", "a1_mlp", "--out", str(out)]) == 3 and not out.exists()
        return capsys.readouterr().err

    assert "has not been audited" in refused()
    verdict = {"digest": release.audit_digest(paths, assignment), "green": False, "findings": 2}
    paths.audit("a1_mlp").parent.mkdir(parents=True)
    paths.audit("a1_mlp").write_text(json.dumps(verdict))
    assert "is red: 2 findings" in refused()
    paths.audit("a1_mlp").write_text(json.dumps(verdict | {"digest": "of other tests", "green": True}))
    assert "has changed since its audit" in refused()
    paths.audit("a1_mlp").write_text(json.dumps(verdict | {"green": True}))
    assert main(["release", "a1_mlp", "--out", str(out)]) == 0
    first = (out / "a1_mlp.zip").read_bytes()
    assert main(["release", "a1_mlp", "--out", str(out)]) == 0
    assert (out / "a1_mlp.zip").read_bytes() == first, "the same files are the same zip"


def test_a_release_holds_what_students_need_and_nothing_that_tells(course):
    paths = Paths(course)
    files = release.release_files(paths, read_assignment(paths, "a1_mlp"))
    assert set(files) == {
        "README.md",
        "a1_mlp.ipynb",
        "grader.pyz",
        "manifest.json",
        *(f"tests/q{number}.py" for number in range(1, 15)),
    }
    manifest = json.loads(files["manifest.json"])
    assert [question["id"] for question in manifest["questions"]] == [f"q{number}" for number in range(1, 15)]
    assert set(manifest["files"]) == set(files) - {"manifest.json"}
    book = notebook.read(files["a1_mlp.ipynb"], "a1_mlp.ipynb")
    assert book.notices == (f"made from release {manifest['release']} of the assignment",)
    everything = b"\n".join(files.values())
    assert b"hidden/" not in everything and b"solutions/" not in everything


def test_a_passage_of_a_hidden_test_in_the_release_is_refused(course):
    paths = Paths(course)
    hidden = next(paths.hidden_tests("a1_mlp").glob("test_q5*.py")).read_text().splitlines()
    toml = paths.assignment_toml("a1_mlp")
    toml.write_text(toml.read_text().replace("files = []", 'files = ["datasets.py"]'))
    (paths.assignment("a1_mlp") / "datasets.py").write_text("\n".join(hidden[40:60]))
    build(paths, "a1_mlp")
    with pytest.raises(AuthoringError, match="datasets.py would give away"):
        release.release_files(paths, read_assignment(paths, "a1_mlp"))


def test_a_stale_starter_is_not_released(course):
    paths = Paths(course)
    paths.starter("a1_mlp").write_text(paths.starter("a1_mlp").read_text().replace("Assignment 1", "Assignment One"))
    with pytest.raises(AuthoringError, match="is not what the master builds; run: grader build"):
        release.release_files(paths, read_assignment(paths, "a1_mlp"))


# ------------------------------------------------------------------------------------------------ new


def test_a_new_assignment_builds_grades_audits_and_is_released(course, monkeypatch, capsys):
    monkeypatch.setenv("GRADER_COURSE", str(course))
    assert main(["new", "a5_rl"]) == 0
    assert main(["audit", "a5_rl", "--sandbox", "process", "--seeds", "3"]) == 0
    said = capsys.readouterr().out
    assert "green" in said
    assert main(["release", "a5_rl", "--out", str(course / "out")]) == 0
    assert (course / "out" / "a5_rl.zip").is_file()


@pytest.mark.parametrize(("name", "says"), [("a1_mlp", "exists already"), ("A 5", "an id is lower-case letters")])
def test_a_new_assignment_overwrites_nothing(course, monkeypatch, capsys, name, says):
    monkeypatch.setenv("GRADER_COURSE", str(course))
    assert main(["new", name]) == 2 and says in capsys.readouterr().err


# ---------------------------------------------------------------------------------------------------- what it shows


def runs(*rows: tuple[bool, float, float]) -> Stability:
    """The reference in several runs: (passed, share of a tolerance, accuracy against at least 0.9)."""
    seen = Stability()
    for passed, share, accuracy in rows:
        outcome = Outcome.PASSED if passed else Outcome.FAILED
        result = CheckResult("test_a", "q1", outcome, Decimal(1), wall_s=share)
        margins = (Margin("x", share), Margin("too low", accuracy, low=0.9))
        seen.add(Examined(Status.GRADED, (result,), margins={"test_a": margins}))
    return seen


def test_stability_names_what_passes_now_and_then_and_what_comes_near_a_limit():
    assert runs((True, 0.1, 0.95), (False, 0.2, 0.95)).flaky == ["test_a"]
    seen = runs((True, 0.1, 0.94), (True, 0.3, 0.95), (True, 0.2, 0.96))
    assert seen.flaky == [] and seen.runs == 3 and seen.slowest() == [("test_a", 0.2)]
    assert seen.tolerance_used() == [("test_a", 0.3, "x")]
    [(check, bound)] = seen.bounds()
    assert check == "test_a" and bound.deviations == pytest.approx(0.05 / np.std([0.94, 0.95, 0.96]))


def test_margins_are_noted_for_whoever_asks_and_for_nobody_else():
    with margins.noted() as seen:
        compare.close(np.array([1.0, 2.0]), np.array([1.0, 2.0 + 1e-10]), rtol=1e-9, atol=0, what="x")
        compare.close(np.arange(3), np.arange(3), what="whole numbers")
        compare.bounded(0.93, low=0.9, says="too low")
        with pytest.raises(compare.Mismatch, match="^too low$"):
            compare.bounded(float("nan"), low=0.9, says="too low")
    assert [(margin.what, round(margin.value, 3)) for margin in seen[:3]] == [
        ("x", 0.05),
        ("whole numbers", 0.0),
        ("too low", 0.93),
    ]
    compare.bounded(0.93, low=0.9, high=0.95, says="either")
    assert not margins.wanted() and len(seen) == 4
    assert [margin.what for margin in margins.smallest(seen)] == ["x", "too low", "too low"]


def test_the_page_of_an_audit_holds_what_was_found_and_escapes_it(q4_only, tmp_path, capsys):
    page = tmp_path / "audit.html"
    file = q4_only.right("a1_mlp") / "q4.py"
    file.write_text("# %% shifted | why: it is not right at all\ndef relu(z):\n    return as_float(z) + 1\n")
    code, said = audited(capsys, "--quick", "--mutants", "15", "--page", str(page))
    text = page.read_text()
    assert code == 1 and "q4-shifted: loses test_" in text and "2 findings" not in text.split("<h1>")[0]
    assert said["questions"][0]["named"] > 10 and said["runs"] == 1
    assert all(survivor["mutant"] in text and survivor["operator"] in text for survivor in said["survivors"])
    kinds = {row["operator"]: row for row in said["operators"]}
    assert sum(row["mutants"] for row in kinds.values()) == said["questions"][0]["mutants"] > 5
    assert sum(row["killed"] for row in kinds.values()) == said["questions"][0]["killed"]
    assert "Mutants by kind of change" in text and all(kind in text for kind in kinds)
    assert "<script" not in text and "http" not in text.replace("http-equiv", "")


def test_outputs_settings_and_attachments_in_a_starter_are_leaks():
    clean = json.loads(Paths(ROOT).starter("a1_mlp").read_text())
    assert list(leaks._of_notebook(clean)) == []
    clean["metadata"]["vscode"] = {}
    code = next(cell for cell in clean["cells"] if cell["cell_type"] == "code")
    code |= {"outputs": [{"output_type": "stream"}], "metadata": {"colab": {}}, "attachments": {"a.png": {}}}
    assert [says.split(" of ")[0] for says in leaks._of_notebook(clean)] == [
        "metadata 'vscode'",
        "cell 3 holds the output",
        "metadata 'colab'",
        "cell 3 holds attachments",
    ]
