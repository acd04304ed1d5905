"""A record that version 0.1 wrote opens in this one: same marks, same evidence, and it goes on from there.

`released_0_1/record.sqlite` was made by that version from four invented students of the small course: `grade`,
`override`, and `regrade` after a change of q3.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from tiny import RIGHT, ipynb, small_course

from grader.cli import main
from grader.paths import Paths
from grader.record.database import VERSION
from grader.record.store import Store

RELEASED = Path(__file__).parent / "released_0_1"
MARKS = """\
student,name,email,tiny_percent,tiny_state,tiny_verdict,component_assignments_percent,total,incomplete
ada,Ada Example,ada@example.org,100.00,graded,counted,100.00,100.00,
bob,Bob Example,,88.24,graded,counted,88.24,88.24,
cy,Cy Example,,0.00,graded,counted,0.00,0.00,
dee,Dee Example,,52.94,graded,counted,52.94,52.94,
eve,Eve Example,,0.00,missing,counted,0.00,0.00,
"""  # as version 0.1 printed them


@pytest.fixture
def upgraded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """The small course with the roster and the record of version 0.1."""
    paths = small_course(tmp_path)
    paths.state.mkdir(mode=0o700)
    shutil.copy(RELEASED / "record.sqlite", paths.record)
    shutil.copy(RELEASED / "roster.csv", paths.roster_csv)
    paths.secret.write_text("the secret of this course\n")
    monkeypatch.setenv("GRADER_COURSE", str(tmp_path))
    return paths


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(list(arguments)) in (0, 1)
    return capsys.readouterr().out


def test_the_marks_are_those_of_before(upgraded: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "marks", "--csv") == MARKS


def test_the_evidence_can_be_read(upgraded: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    assert "ValueError" in said(capsys, "show", "dee", "tiny")
    assert "running_sum" in said(capsys, "show", "bob", "tiny", "--transcript")
    status = said(capsys, "status", "tiny")
    assert "regrade" in status


def test_it_is_judged_again_from_that_evidence(upgraded: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    """The hidden tests have moved to another import since, so every question counts as changed."""
    assert "3 attempts judged again, 0 marks changed; no student code was run" in said(capsys, "regrade", "tiny")
    assert said(capsys, "marks", "--csv") == MARKS


def test_what_is_handed_in_later_joins_the_same_record(upgraded: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    later = upgraded.root / "later"
    later.mkdir()
    (later / "cy.ipynb").write_bytes(ipynb(*RIGHT))
    graded = json.loads(said(capsys, "grade", "tiny", str(later), "--sandbox", "process", "--json"))
    assert [(attempt["student"], attempt["points"]) for attempt in graded["attempts"]] == [("cy", 8.5)]
    assert said(capsys, "marks", "--csv") == MARKS.replace("cy,Cy Example,,0.00,", "cy,Cy Example,,100.00,").replace(
        "counted,0.00,0.00,\ndee", "counted,100.00,100.00,\ndee"
    )


# ------------------------------------------------------------------------------------------------ version 3 of the file


@pytest.fixture
def of_version_3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """What the last grader before version 4 recorded: `grade`, `override`, `regrade`; cy answered with too much."""
    paths = small_course(tmp_path)
    paths.state.mkdir(mode=0o700)
    for name, target in (("record.sqlite", paths.record), ("roster.csv", paths.roster_csv)):
        shutil.copy(Path(__file__).parent / "of_version_3" / name, target)
    paths.secret.write_text("the secret of this course\n")
    test = paths.hidden_tests("tiny") / "test_q3.py"
    test.write_text(test.read_text().replace("rtol=1e-3", "rtol=1e-1"))
    monkeypatch.setenv("GRADER_COURSE", str(tmp_path))
    return paths


def version_of(record: Path) -> int:
    with contextlib.closing(sqlite3.connect(record)) as file:
        return int(file.execute("PRAGMA user_version").fetchone()[0])


def test_a_record_of_version_3_is_read_as_it_is_and_upgraded_by_the_first_who_writes(
    of_version_3: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    marks = said(capsys, "marks", "--csv")
    assert [line.split(",")[3] for line in marks.splitlines()[1:]] == ["100.00", "100.00", "82.35"]
    assert "(12000,)" in said(capsys, "show", "cy", "tiny", "--transcript")
    assert version_of(of_version_3.record) == 3
    reader = Store.open(of_version_3.record, read_only=True)  # stays open
    assert reader.transcripts(reader.current_attempt("cy", "tiny").id)["q3"]
    assert "3 attempts were judged by the tests as they are now" in said(capsys, "regrade", "tiny")
    assert version_of(of_version_3.record) == VERSION
    assert "(12000,)" in said(capsys, "show", "cy", "tiny", "--transcript")
    everything = said(capsys, "regrade", "tiny", "--all")
    assert "3 attempts judged again, 0 marks changed; no student code was run" in everything
    assert said(capsys, "marks", "--csv") == marks
    hand_in = of_version_3.root / "dee.ipynb"
    hand_in.write_bytes(ipynb(*RIGHT, "def running_sum(x):\n    return np.arange(2000.0)"))
    said(capsys, "grade", "tiny", str(hand_in), "--sandbox", "process", "--workers", "1")
    assert len(reader.transcripts(reader.current_attempt("dee", "tiny").id)["q3"]) > 16_000
    reader.close()
