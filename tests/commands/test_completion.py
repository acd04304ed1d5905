"""What shells offer when Tab is pressed, asked of real shells."""

import os
import shutil
import subprocess
import sys

import pexpect
import pytest
from tiny import small_course

from grader.paths import PACKAGE

ROSTER = "student,name\nanna,Anna\nangela,Angela\nzo\u00eb,Zo\u00eb\n"
ASK = """
eval "$(grader completion bash)"
COMP_LINE=$1 COMP_POINT=${#1} COMP_TYPE=63 COMP_WORDS=($1)
[[ $1 == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_python_argcomplete grader "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]% }"
"""


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course with a roster, and `grader` on the path as it is after an installation."""
    made = small_course(tmp_path / "course")
    made.roster_csv.write_text(ROSTER)
    program = tmp_path / "bin" / "grader"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m grader.cli "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(PACKAGE.parent))
    monkeypatch.setenv("GRADER_COURSE", str(made.root))
    monkeypatch.chdir(tmp_path)
    return made


def offered(line):
    """What bash offers at the end of a line."""
    done = subprocess.run(["bash", "--norc", "-c", ASK, "bash", line], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("grader sho", {"show"}),
        ("grader re", {"regrade", "report", "release", "record"}),
        ("grader grade ti", {"tiny"}),
        ("grader grade tiny --iso", {"--isolation"}),
        ("grader grade tiny --isolation ", {"zygote", "strict"}),
        ("grader grade tiny --force cou", {"course/"}),
        ("grader show an", {"anna", "angela"}),
        ("grader marks --student z", {"zo\u00eb"}),
        ("grader show anna tiny --question ", {"q1", "q2", "q3"}),
        ("grader override anna tiny q", {"q1", "q2", "q3"}),
    ],
)
def test_bash_offers_commands_options_and_what_the_course_holds(course, line, expected):
    assert offered(line) == expected


@pytest.mark.parametrize("line", ["grader new ", "grader diff ", "grader override anna tiny q1 --reason "])
def test_bash_offers_no_files_where_no_file_is_meant(course, line):
    assert not {"course/", "bin/", "tiny"} & offered(line)


def test_outside_of_a_course_commands_and_options_are_offered_and_nothing_fails(course, monkeypatch):
    monkeypatch.delenv("GRADER_COURSE")
    assert offered("grader stat") == {"status"}
    assert "--json" in offered("grader show ") and "anna" not in offered("grader show ")


@pytest.mark.parametrize(
    ("shell", "options", "begin"),
    [
        ("bash", ["--norc", "-i"], 'eval "$(grader completion bash)"'),
        ("zsh", ["-f", "-i"], 'autoload -U compinit; compinit -u -D; eval "$(grader completion zsh)"'),
        ("fish", ["-i", "--no-config"], "grader completion fish | source"),
    ],
)
def test_a_shell_that_was_told_completes(course, shell, options, begin):
    if not shutil.which(shell):
        pytest.skip(f"no {shell} on this machine")
    terminal = pexpect.spawn(shell, options, encoding="utf-8", dimensions=(24, 100), timeout=20)
    terminal.sendline(begin)
    terminal.sendline("echo rea''dy")
    terminal.expect("ready\r")
    terminal.send("grader show zo\t")
    terminal.expect("zo\u00eb")
    terminal.close()
