"""The command line: options in every place, one document, one line for every error, an exit code for every family."""

import argparse
import importlib
import inspect
import itertools
import json
import os
import subprocess
import sys

import pytest
from tiny import RIGHT, ipynb, small_course

from grader import cli
from grader.exit_codes import AUTHORING, DONE, MACHINERY, NEEDS_A_PERSON, USAGE

NEARLY = (*RIGHT, "def running_sum(x):\n    return 1.01 * np.cumsum(x)")


@pytest.fixture
def paths(tmp_path, monkeypatch):
    """A small course that the commands of this process work on."""
    made = small_course(tmp_path / "course")
    monkeypatch.setenv("GRADER_COURSE", str(made.root))
    monkeypatch.chdir(tmp_path)
    return made


@pytest.fixture
def handed_in(tmp_path):
    """What four students handed in."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "ada.ipynb").write_bytes(ipynb(*RIGHT))
    (folder / "bob.ipynb").write_bytes(ipynb(*NEARLY))
    (folder / "cy.ipynb").write_bytes(b"%PDF-1.7 printed")
    (folder / "dee").mkdir()
    (folder / "dee" / "tiny.py").write_text("# %%\nprint('hello')\n1 / 0\n")
    return folder


IN_PROCESSES = ("--sandbox", "process", "--workers", "1")


# ------------------------------------------------------------------------------------------------ what can be typed


def parser_of(top, command):
    [below] = [action for action in top._actions if isinstance(action, argparse._SubParsersAction)]
    return below.choices[command]


def typed(action):
    """Words that an argument or option can be given, as they are typed."""
    word = "3" if action.choices is None else str(list(action.choices)[-1])
    words = {0: [], 2: [word, word], "*": [word, word], "+": [word, word]}.get(action.nargs, [word])
    return [*action.option_strings[-1:], *words]


def orders(parser):
    """Command lines with all options at once, in every order of which one comes first, and in every place.

    Of each group of options that exclude each other there is one. The first line has the options before the arguments.
    """
    actions = [action for action in parser._actions if not isinstance(action, argparse._HelpAction)]
    words = [[word] for action in actions if not action.option_strings for word in typed(action)]
    options = [action for action in actions if action.option_strings]
    for turn in range(len(options) or 1):
        turned = options[turn:] + options[:turn]
        for group in parser._mutually_exclusive_groups:
            kept = group._group_actions[turn % len(group._group_actions)]
            turned = [action for action in turned if action is kept or action not in group._group_actions]
        shown = [typed(action) for action in turned]
        lines = [[*words[:place], *shown, *words[place:]] for place in range(len(words) + 1)]
        lines.append([part for pair in itertools.zip_longest(words, shown, fillvalue=[]) for part in pair])
        yield [sum(line, []) for line in lines]


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_option_may_stand_in_every_place(command):
    top = cli.parser()
    parser = parser_of(top, command)
    for first, *others in orders(parser):
        expected, unknown = argparse.ArgumentParser.parse_known_args(parser, first)
        assert unknown == []
        for line in others:
            assert top.parse_args([command, *line]) == argparse.Namespace(command=command, **vars(expected))


@pytest.mark.parametrize(
    ("line", "places"),
    [
        ("grade a1_mlp --force in", ["in"]),
        ("grade a1_mlp in --workers 2 more", ["in", "more"]),
        ("grade a1_mlp --force -- -a.ipynb", ["-a.ipynb"]),
        ("grade -- a1_mlp -a.ipynb", ["-a.ipynb"]),
        ("grade a1_mlp", []),
    ],
)
def test_what_is_no_option_is_an_argument(line, places):
    chosen = cli.parser().parse_args(line.split())
    assert (chosen.assignment, [str(place) for place in chosen.places]) == ("a1_mlp", places)


@pytest.mark.parametrize("line", ["grade a1_mlp --frobnicate in", "status a1_mlp b", "marks --csv --json"])
def test_what_a_command_does_not_take_is_said_with_its_own_usage(line, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(line.split())
    assert ended.value.code == USAGE
    assert f"usage: grader {line.split()[0]} " in capsys.readouterr().err


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_names_a_function_that_takes_what_was_chosen(command):
    module, _, function = cli.COMMANDS[command][0].partition(":")
    run = getattr(importlib.import_module(f"grader.commands.{module}"), function)
    assert list(inspect.signature(run).parameters) == ["chosen"]


# ------------------------------------------------------------------------------------------------ the document

TEXT, NUMBER, COUNT = str, (int, float), int
FORM = {
    "assignment": TEXT,
    "attempts": [
        {
            "student": TEXT,
            "submission": TEXT,
            "status": TEXT,
            "points": NUMBER,
            "max_points": NUMBER,
            "questions": [
                {
                    "id": TEXT,
                    "points": NUMBER,
                    "max_points": NUMBER,
                    "checks": [
                        {"name": TEXT, "outcome": TEXT, "points": NUMBER, "max_points": NUMBER, "message": TEXT}
                    ],
                }
            ],
            "notices": [TEXT],
            "usage": {"cpu_s": NUMBER, "wall_s": NUMBER, "peak_mib": NUMBER},
        }
    ],
}


def misfits(value, form, where="$"):
    """Where a document is not of a form; more keys than the form has are allowed."""
    if isinstance(form, dict):
        if not isinstance(value, dict):
            return [f"{where} is no object"]
        missing = [f"{where}.{key} is missing" for key in form if key not in value]
        return missing + [
            each for key in form.keys() & value for each in misfits(value[key], form[key], f"{where}.{key}")
        ]
    if isinstance(form, list):
        if not isinstance(value, list):
            return [f"{where} is no list"]
        return [each for place, item in enumerate(value) for each in misfits(item, form[0], f"{where}[{place}]")]
    return [] if isinstance(value, form) and not isinstance(value, bool) else [f"{where} is {value!r}"]


def test_grade_prints_one_document_of_the_agreed_form(paths, handed_in, grader):
    code, out, err = grader("grade", "tiny", handed_in, "--json", *IN_PROCESSES)
    document = json.loads(out)
    assert misfits(document, FORM) == []
    assert code == NEEDS_A_PERSON  # a file that is no notebook
    ada, bob, cy, dee = document["attempts"]
    assert [attempt["student"] for attempt in (ada, bob, cy, dee)] == ["ada", "bob", "cy", "dee"]
    assert [attempt["status"] for attempt in (ada, bob, cy, dee)] == ["graded", "graded", "unreadable", "graded"]
    assert [attempt["points"] for attempt in (ada, bob, cy, dee)] == [8.5, 7, 0, 0]
    assert all(attempt["max_points"] == 8.5 for attempt in (ada, bob, cy, dee))
    assert [(question["id"], question["points"], question["max_points"]) for question in bob["questions"]] == [
        ("q1", 4, 4),
        ("q2", 3, 3),
        ("q3", 0, 1.5),
    ]
    [check] = bob["questions"][2]["checks"]
    assert check["name"] == "test_running_sum" and check["outcome"] == "failed" and check["message"]
    assert all(question["checks"] == [] for question in cy["questions"]) and "PDF" in cy["notices"][0]
    assert "cell 1 raised ZeroDivisionError: division by zero" in dee["notices"][-1]
    assert ada["usage"]["cpu_s"] > 0 and ada["usage"]["peak_mib"] > 1
    assert "100 %, 4 of 4" in err and "4 of 4 submissions done" in err


def test_the_same_evidence_is_the_same_document(paths, handed_in, grader):
    documents = [grader("grade", "tiny", handed_in, "--json", *IN_PROCESSES)[1] for _ in range(3)]
    assert documents[1] == documents[2]
    assert documents[0] == documents[1]


def test_a_table_has_a_row_for_everybody(paths, handed_in, grader):
    code, out, _ = grader("grade", "tiny", handed_in, *IN_PROCESSES)
    assert code == NEEDS_A_PERSON
    assert [line.split()[:2] for line in out.splitlines() if line.split()[:1] in (["ada"], ["bob"], ["dee"])] == [
        ["ada", "8.5"],
        ["bob", "7"],
        ["dee", "0"],
    ]
    assert any(line.startswith("cy") and "PDF" in line for line in out.splitlines())


def test_regrade_prints_whose_marks_changed(paths, handed_in, grader):
    grader("grade", "tiny", handed_in / "ada.ipynb", handed_in / "bob.ipynb", *IN_PROCESSES)
    tests = paths.hidden_tests("tiny") / "test_q3.py"
    tests.write_text(tests.read_text().replace("rtol=1e-3", "rtol=1e-1"))
    code, out, _ = grader("regrade", "tiny", "--json", *IN_PROCESSES)
    document = json.loads(out)
    assert code == DONE and misfits(document, FORM) == []
    assert document["changed"] == [{"student": "bob", "before": 7.0, "after": 8.5}]
    tests.write_text(tests.read_text().replace("rtol=1e-1", "rtol=1e-4"))
    code, out, _ = grader("regrade", "tiny", *IN_PROCESSES)
    assert code == DONE
    assert ["bob", "8.5", "7", "-1.5"] in [line.split() for line in out.splitlines()]
    assert "2 attempts judged again, 1 marks changed; no student code was run" in out
    assert "judged again: q3 of 2\n" in out and document["questions"] == {"q3": 2}
    code, out, _ = grader("regrade", "tiny", *IN_PROCESSES)
    assert (
        code == DONE
        and out.startswith("2 attempts were judged by the tests as they are now; --all")
        and ("0 attempts judged again, 0 marks changed" in out)
    )
    code, out, _ = grader("regrade", "tiny", "--all", *IN_PROCESSES)
    assert code == DONE and "q1 of 2, q2 of 2, q3 of 2" in out and "2 attempts judged again, 0 marks changed" in out


def test_show_tells_what_marks_come_from_and_who_was_meant(paths, handed_in, grader):
    grader("grade", "tiny", handed_in / "bob.ipynb", *IN_PROCESSES)
    code, out, _ = grader("show", "bob", "tiny")
    assert code == DONE and "7 of 8.5 points" in out and "hint: The first element is the first number." in out
    code, out, err = grader("show", "bbo", "tiny")
    assert code == USAGE and out == "" and "did you mean 'bob'" in err


# ------------------------------------------------------------------------------------------------ errors


def broken(file, old, new):
    def breaks(paths):
        path = paths.root / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return breaks


TOML, TESTS = "assignments/tiny/assignment.toml", "assignments/tiny/hidden/test_q3.py"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["grade", "tny", "in"], USAGE, "no assignment 'tny' (did you mean 'tiny'?) in assignments/; there is: tiny"),
        (["grade", "tiny", "nowhere"], USAGE, "nowhere"),
        (["grade", "tiny", "in/ada.ipynb", "--workers", "0"], USAGE, "--workers 0: expected 1 to 256"),
        (["grade", "tiny", "in/ada.ipynb", "--workers", "-3"], USAGE, "--workers -3: expected 1 to 256"),
        (
            ["grade", "tiny", "in/ada.ipynb", "--gpus", "0,,1"],
            USAGE,
            "--gpus 0,,1: expected ids with commas between them",
        ),
        (
            ["grade", "tiny", "in/ada.ipynb", "--gpus", "0, 1"],
            USAGE,
            "--gpus 0, 1: expected ids with commas between them",
        ),
        (["regrade", "tny"], USAGE, "no assignment 'tny' (did you mean 'tiny'?) in assignments/; there is: tiny"),
        (["show", "ada", "tny"], USAGE, "no assignment 'tny' (did you mean 'tiny'?) in assignments/; there is: tiny"),
        (["show", "ada", "tiny"], USAGE, "nothing is recorded yet"),
        (["build", "tny"], USAGE, "no assignment 'tny' (did you mean 'tiny'?) in assignments/; there is: tiny"),
    ],
)
def test_a_usage_error_is_one_line_and_exit_code_2(paths, handed_in, grader, arguments, code, says):
    ended, out, err = grader(*arguments)
    assert (ended, out) == (code, "") and err.startswith("grader: ") and says in err
    assert err.count("\n") == 1 and "Traceback" not in err


@pytest.mark.parametrize(
    ("breaks", "says"),
    [
        (
            broken(TOML, 'points = 4\nnames = ["softmax"]', "points = 4\nmanual = true"),
            "assignments/tiny/hidden has tests of q1, which a person marks",
        ),
        (broken(TOML, "points = 4", "points = 4\nmanual = 1"), "expected true or false, without quotes, got 1"),
        (broken(TOML, "points = 4", "points = "), "assignments/tiny/assignment.toml: not valid TOML"),
        (broken(TOML, "load_s", "laod_s"), "laod_s"),
        (
            broken(TESTS, "import numpy", "import nowhere, numpy"),
            "assignments/tiny/hidden/test_q3.py, line 1: ModuleNotFoundError: No module named 'nowhere'",
        ),
        (
            broken(TESTS, "def test", "def f(:\n\ndef test"),
            "assignments/tiny/hidden/test_q3.py, line 10: SyntaxError: invalid syntax",
        ),
        (
            broken(TESTS, 'question("q3")', 'question("q7")'),
            "test_q3.py: test_running_sum: there is no question 'q7'; there is: q1, q2, q3",
        ),
        (broken("course.toml", 'assignments = ["tiny"]', 'assignments = ["tinny"]'), "no assignment 'tinny'"),
    ],
)
def test_a_wrong_course_is_one_line_and_exit_code_3(paths, handed_in, grader, breaks, says):
    breaks(paths)
    code, out, err = grader("grade", "tiny", handed_in / "ada.ipynb", *IN_PROCESSES)
    assert (code, out) == (AUTHORING, "") and says in err
    assert err.startswith("grader: ") and err.count("\n") == 1 and "Traceback" not in err


@pytest.mark.docker
def test_a_machine_that_cannot_is_one_line_and_exit_code_4(paths, handed_in, grader):
    code, out, err = grader("grade", "tiny", handed_in / "ada.ipynb", "--image", "grader-tests:nowhere")
    assert (code, out) == (MACHINERY, "") and err.count("\n") == 1
    assert err.startswith("grader: no grading image 'grader-tests:nowhere'") and "grader image build" in err


def test_without_docker_it_is_said_how_to_get_it(paths, handed_in, grader, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    code, out, err = grader("grade", "tiny", handed_in / "ada.ipynb")
    assert (code, out) == (MACHINERY, "") and err.count("\n") == 1
    assert "Docker is not running" in err and "start" in err and "--sandbox process" in err
    code, out, err = grader("doctor")
    assert code == NEEDS_A_PERSON and "--sandbox process" in out + err


def test_a_hidden_test_that_raises_leaves_no_mark_and_exit_code_1(paths, handed_in, grader):
    broken(TESTS, "numbers = rng", "None + 1\n    numbers = rng")(paths)
    code, out, _ = grader("grade", "tiny", handed_in / "ada.ipynb", "--json", *IN_PROCESSES)
    [attempt] = json.loads(out)["attempts"]
    assert code == NEEDS_A_PERSON and attempt["status"] == "deferred"
    assert "test_running_sum: the hidden test itself failed: TypeError" in attempt["notices"][-1]


@pytest.mark.parametrize(
    "arguments", [["frobnicate"], ["grade"], ["grade", "tiny", "in/ada.ipynb", "--workers", "many"]]
)
def test_what_is_no_command_is_shown_the_usage(capsys, arguments):
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == USAGE
    assert "usage: grader" in capsys.readouterr().err


@pytest.mark.parametrize("line", ["", "help", "--help", "help grade", "grade --help"])
def test_help_is_there_for_whoever_asks(line, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(line.split())
    shown = capsys.readouterr().out
    assert ended.value.code in (DONE, None)
    assert all(name in shown for name in cli.COMMANDS) or ("grade" in line and "--workers" in shown)


@pytest.mark.parametrize("columns", [70, 80, 100])
def test_the_help_is_no_wider_than_the_screen(columns, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    with pytest.raises(SystemExit):
        cli.main(["help"])
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= columns
    words = " ".join(text.split())
    assert all(command.text in words for command in cli.COMMANDS.values()) and cli.ABOUT in words


def test_outside_of_a_course_it_is_said_what_is_missing(tmp_path, grader, monkeypatch):
    monkeypatch.delenv("GRADER_COURSE", raising=False)
    monkeypatch.chdir(tmp_path)
    code, _, err = grader("marks")
    assert code == USAGE and "no course.toml in" in err


# ------------------------------------------------------------------------------------------------ what is imported

HEAVY = "torch numpy docker pytest matplotlib nbformat otter sqlite3 rich argcomplete jinja2".split()
PROBE = """
import sys
from grader.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print("\\n" + " ".join(name for name in {heavy} if name in sys.modules), file=sys.stderr)
"""


def imported_by(paths, *arguments):
    """Which of the heavy modules a command has imported in its own process."""
    command = [sys.executable, "-c", PROBE.format(heavy=HEAVY), *map(str, arguments)]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=True)
    return set(done.stderr.splitlines()[-1].split())


def test_help_imports_nothing_heavy_and_says_everything():
    """What it costs is measured by `python -m benchmarks.start_up`; what would make it slow is seen here."""
    assert imported_by(None, "--help") == set()
    done = subprocess.run([sys.executable, "-m", "grader.cli", "--help"], capture_output=True, text=True, check=True)
    assert done.stderr == "" and "grader grade a1_mlp" in done.stdout
    command = [sys.executable, "-X", "importtime", "-m", "grader.cli", "--help"]
    timed = subprocess.run(command, capture_output=True, text=True, check=True).stderr.splitlines()
    ours = [line for line in timed if line.rpartition("|")[2].strip().startswith("grader.")]
    assert 3 <= len(ours) < 40, ours  # the modules of the commands, not those that do their work


def test_reading_imports_neither_torch_nor_docker_and_grading_leaves_them_to_its_workers(paths, handed_in):
    light = {"torch", "docker", "pytest", "matplotlib", "nbformat", "otter"}
    assert imported_by(paths, "grade", "tiny", handed_in, *IN_PROCESSES).isdisjoint(light | {"numpy"})
    for command in (["show", "ada", "tiny"], ["status", "tiny"]):
        assert imported_by(paths, *command).isdisjoint(light | {"numpy"})


def test_a_reader_that_goes_away_is_no_error(paths, handed_in, grader):
    grader("grade", "tiny", handed_in / "ada.ipynb", *IN_PROCESSES)
    command = f"{sys.executable} -m grader.cli show ada tiny --json | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.strip() in ("0", "141") and "Traceback" not in done.stderr
