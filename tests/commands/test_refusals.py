"""What cannot be is one line on stderr, with exit code 2 where another command line would do; nothing is written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from tiny import RIGHT, ipynb, small_course

from grader import cli
from grader.authoring.plan import Scope
from grader.exit_codes import MACHINERY, USAGE
from grader.paths import PACKAGE


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


@pytest.mark.parametrize(
    "line", ["show ada tiny --question q9", "audit tiny --question q9", "override ada tiny q9 1 --reason r"]
)
def test_a_question_that_is_not_there_is_a_matter_of_the_command_line(paths, grader, line):
    code, said = grader(*line.split())
    assert (code, said.strip()) == (USAGE, "grader: tiny has no question 'q9'; there is: q1, q2, q3")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("override", "the following arguments are required: student, assignment, question"),
        ("override ada --reason r tiny", "the following arguments are required: question"),
        ("feedback", "the following arguments are required: assignment, --out"),
        ("pack --out here", "the following arguments are required: notebook, --student"),
        ("pack a.ipynb", "the following arguments are required: --student"),
        ("--foo", "unrecognized arguments: --foo"),
        ("--foo grade tiny", "unrecognized arguments: --foo"),
        ("grade tiny --forec", "unrecognized arguments: --forec (did you mean '--force'?)"),
        ("report --boundary=50,60", "unrecognized arguments: --boundary=50,60 (did you mean '--boundaries'?)"),
        ("--verson", "unrecognized arguments: --verson (did you mean '--version'?)"),
        ("grad tiny", "there is no command 'grad' (did you mean 'grade'?); there is: "),
        ("report --format=x", "unrecognized arguments: --format=x"),
        ("feedback tiny --out o --format=htm", "there is no 'htm' (did you mean 'html'?); there is: html"),
    ],
)
def test_what_is_missing_or_misspelt_is_named(grader, line, says):
    code, said = grader(*line.split())
    first, usage, *_ = said.splitlines()
    assert code == USAGE and says in first and usage.startswith("usage: grader"), said
    assert first.startswith("grader"), "as every other error"


def test_an_option_that_resembles_none_is_not_put_down_to_one(grader):
    _, said = grader("grade", "tiny", "--question", "q1")
    assert said.splitlines()[0].endswith("unrecognized arguments: --question q1"), said


@pytest.mark.docker
@pytest.mark.skipif(shutil.which("nvidia-smi") is not None, reason="there is an NVIDIA driver")
@pytest.mark.parametrize("isolation", ["zygote", "strict"])
def test_without_a_driver_no_gpu_is_promised(paths, grader, tmp_path, isolation):
    (tmp_path / "ada.ipynb").write_bytes(ipynb(*RIGHT))
    code, said = grader("grade", "tiny", "ada.ipynb", "--gpus", "0", "--isolation", isolation, "--quiet")
    assert code == MACHINERY
    assert "no NVIDIA driver on this machine (grader doctor); grade without --gpus" in said and "500" not in said


# ------------------------------------------------------------------------------------------------ places


UNCHANGED = "what was there before is unchanged"


@pytest.fixture
def graded(paths, grader, tmp_path):
    """The small course with a submission on record, and a file and a folder where the other is wanted."""
    (tmp_path / "ada.ipynb").write_bytes(ipynb(*RIGHT))
    assert grader("grade", "tiny", "ada.ipynb", "--sandbox", "process", "--quiet")[0] == 0
    paths.roster_csv.write_text("student,name\nada,Ada\n")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    return paths


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("report --out file", "file cannot be made: File exists"),
        ("feedback tiny --out file", "file cannot be made: File exists"),
        ("feedback tiny --out file/below", "file/below cannot be made: Not a directory"),
        ("marks --export csv --out folder", f"folder cannot be written: Is a directory; {UNCHANGED}"),
        (
            "marks --export csv --out nowhere/x.csv",
            f"nowhere/x.csv cannot be written: No such file or directory; {UNCHANGED}",
        ),
    ],
)
def test_where_nothing_can_be_written_it_is_one_line(graded, grader, tmp_path, line, says):
    code, said = grader(*line.split())
    assert (code, said.strip().splitlines()[-1]) == (USAGE, f"grader: {says}")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("place", ["folder", "nowhere/x.html"])
def test_the_page_of_an_audit_is_refused_before_the_audit(graded, grader, place):
    code, said = grader("audit", "tiny", "--page", place, "--sandbox", "process")
    assert (code, said.strip()) == (USAGE, f"grader: --page {place}: write a file in a folder that there is")


# ------------------------------------------------------------------------------------------------ what is written


def test_the_examples_of_the_help_are_of_this_course(paths, capsys):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    said = capsys.readouterr().out
    assert "grader grade tiny " in said and "a1_mlp" not in said


def program(course, *arguments, **options):
    """The program in a process of its own: its exit code and what it said on stderr."""
    command = [sys.executable, "-m", "grader.cli", *arguments]
    world = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PACKAGE.parent), "GRADER_COURSE": str(course.root)}
    ended = subprocess.run(
        command,
        check=False,
        timeout=60,
        env=world | options.pop("env", {}),
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options,
    )
    return ended.returncode, ended.stderr.decode(), (ended.stdout or b"").decode()


def test_a_disk_that_is_full_is_one_line(paths):
    paths.roster_csv.write_text("student,name\nada,Ada\n")
    with open("/dev/full", "wb") as full:
        code, said, _ = program(paths, "marks", "--csv", stdout=full)
    assert (code, said) == (USAGE, "grader: the output cannot be written: No space left on device; it is not whole\n")


def test_names_that_the_output_cannot_show_stop_nothing(paths):
    paths.roster_csv.write_text("student,name\nada,\u0100da \u674e\n", encoding="utf-8")
    code, said, out = program(paths, "marks", "--csv", env={"PYTHONIOENCODING": "ascii"})
    assert (code, said) == (0, "") and "\u0100da \u674e" in out
    code, said, out = program(paths, "marks", "--csv", env={"PYTHONIOENCODING": "latin-1"})
    assert (code, said) == (0, "") and "\\u0100da \\u674e" in out


def test_a_file_is_written_whole_or_stays_as_it_was(tmp_path):
    page = tmp_path / "page.html"
    page.write_text("before")
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))"
    run = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)"
    script = f"{limit}\n{run}\nfrom pathlib import Path\nfrom grader.commands.writing import write\n"
    script += "from grader.errors import UsageError\ntry:\n    write(Path('page.html'), 'x' * 2000)\n"
    script += "except UsageError as error:\n    print(error)\n"
    command = [sys.executable, "-c", script]
    world = {"PYTHONPATH": str(PACKAGE.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(command, cwd=tmp_path, env=world, capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout == "page.html cannot be written: File too large; what was there before is unchanged\n"
    assert page.read_text() == "before" and [file.name for file in tmp_path.iterdir()] == ["page.html"]
