"""Questions that a person marks, from the master to the release: what is built is found again in what is handed in."""

from __future__ import annotations

import json
import zipfile

import pytest
from essays import notebook, text

from grader.authoring import skeleton
from grader.authoring.build import build
from grader.cli import main
from grader.course.config import read_assignment
from grader.exit_codes import DONE, NEEDS_A_PERSON, USAGE
from grader.paths import Paths
from grader.submission.answers import answers

COURSE = 'name = "C"\n[[component]]\nid = "a"\ntitle = "A"\nweight = 100\nassignments = ["a5_essay"]\n'
QUESTION = """
# %% [raw]
# # BEGIN QUESTION
# name: {id}
# points: 0
# manual: true

# %% [markdown]
# ## {id}. Why N and not N - 1? (2 points)

# %% [raw]
# # BEGIN SOLUTION

# %% [markdown]
# Because it is the population's variance.

# %% [raw]
# # END SOLUTION

# %% [raw]
# # END QUESTION
"""
TOML = '\n[[question]]\nid = "{id}"\ntitle = "Why?"\npoints = 2\nmanual = true\n'


@pytest.fixture
def paths(tmp_path, monkeypatch):
    """A new assignment with two questions more that a person marks, built."""
    paths = Paths(tmp_path)
    paths.course_toml.write_text(COURSE)
    skeleton.new(paths, "a5_essay")
    master, toml = paths.reference("a5_essay"), paths.assignment_toml("a5_essay")
    master.write_text(master.read_text() + QUESTION.format(id="q2") + QUESTION.format(id="q3"))
    toml.write_text(toml.read_text() + TOML.format(id="q2") + TOML.format(id="q3"))
    monkeypatch.setenv("GRADER_COURSE", str(tmp_path))
    build(paths, "a5_essay")
    return paths


@pytest.mark.parametrize("ids", [True, False], ids=["ids kept", "ids lost"])
def test_an_answer_in_place_of_what_otter_asks_for_is_found(paths, ids):
    starter = paths.starter("a5_essay").read_bytes()
    page = json.loads(starter)
    assert "population" not in starter.decode()
    asked = [cell for cell in page["cells"] if "Type your answer here" in "".join(cell["source"])]
    assert len(asked) == 2
    for number, cell in enumerate(asked):
        cell["source"] = [f"Answer {number}."]
    for cell in page["cells"] if not ids else ():
        del cell["id"]
    found = answers(json.dumps(page).encode(), "a.ipynb", ("q1", "q2", "q3"), ("q2", "q3"), starter)
    assert {name: [cell.source for cell in answer.cells] for name, answer in found.items()} == {
        "q2": ["Answer 0."],
        "q3": ["Answer 1."],
    }


def test_the_audit_looks_at_the_other_questions_and_says_what_a_share_is_worth(paths, capsys):
    toml = paths.assignment_toml("a5_essay")
    toml.write_text(toml.read_text().replace("points = 3", "points = 2"))
    master = paths.reference("a5_essay")
    master.write_text(master.read_text().replace("(3 points)", "(2 points)"))
    assert main(["build", "a5_essay"]) == DONE
    capsys.readouterr()
    code = main(["audit", "a5_essay", "--json", "--seeds", "1", "--sandbox", "process"])
    said = capsys.readouterr()
    assert code == DONE and [row["question"] for row in json.loads(said.out)["questions"]] == ["q1"]
    assert "q1: 2 points over shares of 3: a share of 1 is worth 0.67 points" in said.err


def test_essays_alone_are_released_without_an_audit(paths, tmp_path, capsys):
    master, toml = paths.reference("a5_essay"), paths.assignment_toml("a5_essay")
    master.write_text(master.read_text().partition("# %%\n# given")[0] + QUESTION.format(id="q2"))
    toml.write_text('title = "An essay"' + TOML.format(id="q2"))
    assert read_assignment(paths, "a5_essay").by_hand_alone
    build(paths, "a5_essay")
    assert main(["release", "a5_essay", "--out", str(tmp_path / "out")]) == DONE
    with zipfile.ZipFile(tmp_path / "out" / "a5_essay.zip") as archive:
        assert {name.rpartition("/")[2] for name in archive.namelist()} == {
            "README.md", "a5_essay.ipynb", "grader.pyz", "manifest.json"
        }  # fmt: skip
        (tmp_path / "homework.ipynb").write_bytes(archive.read("a5_essay/a5_essay.ipynb"))
    capsys.readouterr()
    assert main(["validate", str(tmp_path / "homework.ipynb")]) == NEEDS_A_PERSON  # known by its release
    said = capsys.readouterr().out
    assert "will be accepted for a5_essay" in said and "not written yet: below its heading" in said
    (tmp_path / "nameless.ipynb").write_bytes(notebook(text("An answer.")))
    assert main(["validate", str(tmp_path / "nameless.ipynb")]) == USAGE
    assert "which assignment is nameless.ipynb? Name it with --assignment" in capsys.readouterr().err
    assert main(["validate", str(tmp_path / "nameless.ipynb"), "--assignment", "a5_essay"]) == NEEDS_A_PERSON
    assert "its heading is not in your notebook" in capsys.readouterr().out
