"""The example of a competition: its data can be drawn again, and the command finds nothing wrong with it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

from examples.competition import make

COURSE = make.FOLDER.parents[1]


def test_the_data_is_what_the_program_draws():
    for name, text in make.files().items():
        assert (make.FOLDER / name).read_text(encoding="utf-8") == text, name


def test_the_command_checks_it_and_the_sample_scores_as_chance_would(tmp_path):
    shutil.copytree(COURSE, tmp_path / "course")
    environment = {**os.environ, "GRADER_COURSE": str(tmp_path / "course")}

    def grader(*arguments: str) -> dict:
        command = [sys.executable, "-m", "grader.cli", "competition", *arguments, "--json"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    checked = grader("check", "spirals")
    assert (checked["rows"], checked["public_rows"]) == (240, 96)
    [sample] = grader("score", "spirals", str(make.FOLDER / "public" / "sample.csv"))
    means = checked["baselines"]["Nearest mean"]
    assert sample["private"] < means["private"] < checked["baselines"]["Nearest neighbour"]["private"]
