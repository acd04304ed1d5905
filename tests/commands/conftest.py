"""What the tests of commands share: a command that is run, and what it said."""

import pytest

from grader import cli


@pytest.fixture
def grader(capsys):
    """Run a command; return its exit code and what it said on stdout and stderr."""

    def run(*arguments):
        code = cli.main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run
