"""Every benchmark runs, in its quick form and without Docker. No time is asserted: docs/benchmarks.md has figures."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as everything
from benchmarks.luck import rate_at_most
from grader.paths import PACKAGE

ROOT = PACKAGE.parent
NOT_RUN_ALONE = {
    "__init__",
    "__main__",
    "cohort",
    "disguises",
    "floor",
    "gpu_class",
    "gpu_cost",
    "gpu_here",
    "memory",
    "otter_cost",
    "processor",
    "traces",
}
NOT_RUN_ALONE |= {"importing", "import_agreement"}  # over a folder of others' assignments


def quick(name: str) -> str:
    """What a benchmark prints in its quick form."""
    arguments = [*everything.QUICK[name], *everything.PROCESS_ONLY.get(name, [])]
    command = [sys.executable, "-W", "error", "-m", f"benchmarks.{name}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_benchmark_is_in_the_list_of_all() -> None:
    files = {file.stem for file in (ROOT / "benchmarks").glob("*.py")}
    assert files - NOT_RUN_ALONE == set(everything.QUICK)


def test_every_benchmark_is_on_the_page_of_figures() -> None:
    page = (ROOT / "docs" / "benchmarks.md").read_text()
    for name in everything.QUICK:
        assert f"python -m benchmarks.{name}" in page


def test_recording_is_told_against_a_bare_insert() -> None:
    assert "ratio" in quick("store_throughput")


def test_the_cost_of_grading_is_told_against_a_floor_that_passes_every_test() -> None:
    rows = {line[:14].strip(): line.split() for line in quick("grading_cost").splitlines()}
    assert rows["floor"][2] == "1.00"
    assert float(rows["process"][1]) > 0


def test_a_graded_class_leaves_nothing_on_the_machine() -> None:
    text = quick("class_throughput")
    assert re.findall(r"left: (.*)", text) == ["0 processes, 0 containers, 0 mounts, 0 temporary files"] * 2
    assert all(int(seen) > 2 for seen in re.findall(r"(\d+) processes and", text))


def test_judging_from_transcripts_runs_no_student_code() -> None:
    text = quick("regrade")
    assert "0 calls ran student code when judged again" in text
    ran = re.search(r"^run .* ([\d.]+)$", text, re.MULTILINE)
    assert ran is not None
    assert float(ran[1]) > 0


@pytest.mark.long
def test_the_record_grows_little_when_a_class_is_judged_again_in_one_question() -> None:
    text = quick("record_size")
    grown = re.search(r"change of one line of q4 in [\d.]+ CPU s, [\d.]+ s: ([\d.]+) MiB more", text)
    assert grown is not None
    assert float(grown[1]) <= 0.2


def test_commands_and_a_pool_start() -> None:
    text = quick("start_up")
    assert "grader marks" in text
    assert "process" in text


def test_the_parts_of_a_submission_are_told() -> None:
    assert "open and close a candidate" in quick("parts")


def test_right_solutions_are_graded_with_several_seeds_and_a_bound_is_told() -> None:
    lines = quick("luck").splitlines()
    assert [line.split()[1] for line in lines[1:]][0] == "reference"
    together = re.fullmatch(r"q1 +together +(\d+) +0 +([\d.]+)%", lines[-1])
    assert together is not None
    assert float(together[2]) == pytest.approx(100 * (1 - 0.05 ** (1 / int(together[1]))), abs=0.005)


def test_what_a_question_costs_is_told_for_the_student_and_in_all() -> None:
    _, one, together = quick("question_cost").splitlines()
    own, whole = map(float, re.findall(r"[\d.]+", one.removeprefix("q1")))
    assert 0 < own < whole and together.split()[1:] == one.split()[1:]


@pytest.mark.long
@pytest.mark.browser
def test_a_table_of_the_portal_is_timed_and_sorted_right() -> None:
    text = quick("portal_table")
    assert "sorted: all rows, in order" in text and re.search(r"sort, cpu +least +[\d.]+", text)


@pytest.mark.parametrize(("lost", "runs", "most"), [(0, 300, 0.00994), (2, 35, 0.16915), (35, 35, 1.0)])
def test_the_bound_of_a_rate_is_that_of_clopper_and_pearson(lost: int, runs: int, most: float) -> None:
    assert rate_at_most(lost, runs) == pytest.approx(most, rel=1e-3)


def test_a_traced_process_and_file_that_stay_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.traces import Traces

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    waits = [sys.executable, "-c", "input()"]
    with subprocess.Popen(waits, stdin=subprocess.PIPE) as earlier:  # another's, and no trace of this pool
        trail = Traces(docker=False)
        with subprocess.Popen(waits, stdin=subprocess.PIPE) as child:
            trail.note()
            (tmp_path / "grader-job-left").mkdir()
            assert trail.left() == {"processes": 1, "containers": 0, "mounts": 0, "temporary files": 1}
            child.communicate(b"\n")
        assert trail.left()["processes"] == 0
        earlier.communicate(b"\n")


@pytest.mark.long
def test_the_checks_for_a_gpu_run_through_on_a_device_that_is_none() -> None:
    """All parts of scripts/gpu-checks, in small: nothing of it is to fail where a GPU is lent for minutes."""
    environment = os.environ | {"DEVICE": "pretend", "PYTHON": sys.executable, "PATIENCE": "6"}
    done = subprocess.run(
        [ROOT / "scripts" / "gpu-checks"], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "marks: 0 questions differ between cpu and pretend" in done.stdout
    assert re.search(r"^  4 slots: 4 submissions in .*; 4 of 4 with full marks$", done.stdout, re.MULTILINE)
