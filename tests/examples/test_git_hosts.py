"""The jobs of docs/hosts.md for GitHub and GitLab, step by step as their runners take them, without the network."""

import json
import os
import re
import subprocess

import pytest
import yaml
from tiny import RIGHT, ipynb, small_course

from grader.exit_codes import DONE
from grader.paths import PACKAGE

PAGE = (PACKAGE.parent / "docs" / "hosts.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
DEADLINE = "2026-11-30 23:59"
IN_TIME, LATE = "2026-11-30T12:00:00", "2026-12-02T12:00:00"


def block(kind, word):
    [found] = [text for language, text in BLOCKS if language == kind and word in text]
    return found


def jobs():
    """(name of the host, the commands of its job)."""
    page = yaml.safe_load(block("yaml", ".github/workflows"))
    assert "workflow_dispatch" in page[True], "YAML reads the key `on` as true"
    yield "GitHub", [step["run"] for step in page["jobs"]["grade"]["steps"] if "run" in step]
    yield "GitLab", yaml.safe_load(block("yaml", ".gitlab-ci.yml"))["grade"]["script"]


def repository(folder, *commits):
    """A student's repository. commits: (date, cells)."""
    folder.mkdir(parents=True)
    git = ["git", "-C", str(folder), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    for date, cells in commits:
        (folder / "my homework.ipynb").write_bytes(ipynb(*cells))
        (folder / "README.md").write_text("Mine.")
        subprocess.run([*git, "add", "."], check=True)
        env = os.environ | {"GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": date}
        subprocess.run([*git, "commit", "--quiet", "-m", date], check=True, env=env)


@pytest.mark.parametrize(("host", "commands"), list(jobs()))
def test_a_job_grades_what_was_there_at_the_deadline(tmp_path, host, commands):
    course = small_course(tmp_path / "course").root
    repository(tmp_path / "ada", (IN_TIME, RIGHT))
    repository(tmp_path / "bob", (IN_TIME, RIGHT[:2]), (LATE, RIGHT))
    repository(tmp_path / "cy", (LATE, RIGHT))
    rows = [f"{name},{tmp_path / name}\n" for name in ("ada", "bob", "cy", "gone")]
    (course / "repositories.csv").write_text("".join(rows))
    (course / "clone_students.sh").write_text(block("bash", "clone_students.sh"))
    commands = [command.replace("a1_mlp", "tiny") for command in commands if not command.startswith("pip ")]
    assert len(commands) == 2 and DEADLINE in commands[0]
    env = os.environ | {"PATH": f"{_programs(tmp_path)}{os.pathsep}{os.environ['PATH']}"}
    for command in commands:
        done = subprocess.run(
            ["bash", "-e", "-c", command], cwd=course, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == DONE, done.stderr
        assert "gone" in done.stderr or command is not commands[0]
    graded = json.loads((course / "grades.json").read_text())
    points = {each["student"]: each["points"] for each in graded["attempts"]}
    assert set(points) == {"ada", "bob"}
    assert points["ada"] > points["bob"] > 0, "bob's later commit does not count"


def _programs(folder):
    """`sudo` and `grader`, where there is neither: this test runs as whoever runs it."""
    import sys

    programs = folder / "bin"
    programs.mkdir()
    for name, text in {"sudo": 'exec "$@"', "grader": f'exec {sys.executable} -m grader.cli "$@"'}.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    return programs
