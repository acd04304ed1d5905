"""What cannot be is one line on stderr, with exit code 2 where another command line would do; nothing is written."""

from __future__ import annotations

import pytest
from tiny import small_course

from grader import cli
from grader.authoring.plan import Scope
from grader.exit_codes import USAGE


@pytest.fixture
def paths(tmp_path, monkeypatch):
    """A small course that the commands of this process work on."""
    made = small_course(tmp_path / "course")
    monkeypatch.setenv("GRADER_COURSE", str(made.root))
    monkeypatch.chdir(tmp_path)
    return made


@pytest.fixture
def grader(capsys):
    """Run a command; return its exit code and what it said on stderr."""

    def run(*arguments):
        try:
            code = cli.main([str(argument) for argument in arguments])
        except SystemExit as ended:
            code = ended.code
        return code, capsys.readouterr().err

    return run


# ------------------------------------------------------------------------------------------------ values


@pytest.mark.parametrize(
    ("option", "value"),
    [("seeds", "0"), ("seeds", "-1"), ("sample", "101"), ("sample", "-1"), ("sample", "nan"), ("mutants", "150")],
)
def test_an_audit_of_nothing_is_refused(paths, grader, option, value):
    code, said = grader("audit", "tiny", f"--{option}={value}", "--sandbox", "process")
    assert (code, f"argument --{option}: {value}" in said) == (USAGE, True)
    assert not paths.audit("tiny").exists()


def test_what_is_no_number_is_said_so(paths, grader):
    code, said = grader("audit", "tiny", "--sample", "half")
    assert (code, "invalid percentage value: 'half'" in said) == (USAGE, True)


def test_no_release_rests_on_a_sample():
    assert Scope().whole and not any(Scope(sample=share).whole for share in (0.0, 0.5, 0.999))
