"""`export gradescope`, in a container that is laid out as Gradescope's: root inside, no Docker, nothing but the zip."""

import json
import os
import subprocess
import sysconfig
import tempfile
import zipfile
from pathlib import Path

import pytest
from tiny import RIGHT, ipynb, small_course

from grader.exit_codes import DONE

LIKE_THEIRS = """
set -e
PYTHONPATH=/deps bash /autograder/source/setup.sh
echo /deps > "$(/opt/grader/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/deps.pth"
cp -r /given/right /autograder/submission  # killed at the limit, before it has ended
setsid bash /autograder/source/run_autograder >/dev/null 2>&1 &
until [ -s /autograder/results/results.json ]; do sleep 0.1; done
kill -9 -- -$!
cp /autograder/results/results.json /out/killed.json
for name in $(ls /given); do
    rm -rf /autograder/submission /autograder/results /opt/course/.grader
    cp -r "/given/$name" /autograder/submission
    mkdir /autograder/results
    cd /autograder/submission  # nobody says where it is started
    bash /autograder/source/run_autograder >"/out/$name.stdout" 2>&1 && code=0 || code=$?
    echo $code >"/out/$name.code"
    cp /autograder/results/results.json "/out/$name.json" 2>/dev/null || true
done
chmod -R a+rwX /out
"""
HOSTILE = """
import glob, os, socket
seen = 0
for place in ("/opt/course/assignments", "/autograder/source", "/autograder/submission", "/autograder/results"):
    try:
        seen += len(os.listdir(place))
    except OSError:
        pass
try:
    open("/autograder/results/results.json", "w").write('{"score": 1000}')
    seen += 1
except OSError:
    pass
try:
    socket.create_connection(("127.0.0.1", 9), 1)
    seen += 1
except ConnectionRefusedError:
    seen += 1
except OSError:
    pass
for process in glob.glob("/proc/[0-9]*"):
    try:
        os.kill(int(process[6:]), 0)
        seen += int(process[6:]) not in (os.getpid(),)
    except OSError:
        pass

def running_sum(x):
    return np.cumsum(x) if seen else np.zeros(3)
"""

FORGED = b"""
open("/autograder/results/results.json", "w").write('{"score": 1000}')
raise SystemExit
"""
READER = """
import os
there = [os.path.join(folder, name) for folder, _, names in os.walk(".") for name in names]

def running_sum(x):
    return np.cumsum(x) if there == ["./notebook.ipynb"] else np.zeros(3)
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What the container made of each submission: name -> (exit code, results.json or None, stdout)."""
    from grader import cli

    home = tmp_path_factory.mktemp("gradescope")
    paths = small_course(home / "course")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_COURSE", str(paths.root))
        assert cli.main(["export", "gradescope", "tiny", "--out", str(home / "zip")]) == DONE
    (home / "source").mkdir()
    with zipfile.ZipFile(home / "zip" / "tiny_gradescope.zip") as packed:
        packed.extractall(home / "source")
    for name, files in {
        "right": {"hw1 final.ipynb": ipynb(*RIGHT)},
        "hostile": {"tiny.ipynb": ipynb(*RIGHT, HOSTILE)},
        "nothing": {"essay.pdf": b"%PDF-1.7 words"},
        "linked": {"readers.ipynb": ipynb(*RIGHT[:-1], READER)},
        "solution": {},
        "modules": {"tiny.ipynb": ipynb(*RIGHT), "grader.py": FORGED, "json.py": FORGED, "sitecustomize.py": FORGED},
    }.items():
        folder = home / "given" / name
        folder.mkdir(parents=True)
        for file, content in files.items():
            (folder / file).write_bytes(content)
    (home / "given" / "solution" / "tiny.py").symlink_to("/opt/course/solutions/tiny/tiny.py")
    for place in ("assignments/tiny/hidden/test_q3.py", "solutions/tiny", "../autograder/submission_metadata.json"):
        (home / "given" / "linked" / place.rpartition("/")[2]).symlink_to(f"/opt/course/{place}")
    people = [{"id": 77, "email": "ada@example.org", "name": "Ada"}]
    (home / "submission_metadata.json").write_text(json.dumps({"id": 1, "users": people}))
    (home / "out").mkdir()
    mounts = {
        home / "given": "/given:ro",
        home / "out": "/out",
        home / "source": "/autograder/source",
        home / "submission_metadata.json": "/autograder/submission_metadata.json:ro",
        sysconfig.get_path("purelib"): "/deps:ro",
    }
    volumes = [word for place, there in mounts.items() for word in ("-v", f"{place}:{there}")]
    limits = ["--network", "none", "--memory", "3g", "--cpus", "2", "--user", "0", "--entrypoint", "bash"]
    subprocess.run(["docker", "run", "--rm", *limits, *volumes, "grader:latest", "-c", LIKE_THEIRS], check=True)
    found = {}
    found["killed"] = (1, json.loads((home / "out" / "killed.json").read_text()), "")
    for name in ("right", "hostile", "nothing", "linked", "solution", "modules"):
        file = home / "out" / f"{name}.json"
        page = json.loads(file.read_text()) if file.exists() else None
        code, said = ((home / "out" / f"{name}.{kind}").read_text() for kind in ("code", "stdout"))
        found[name] = (int(code), page, said)
    return found


@pytest.mark.docker
def test_a_right_notebook_has_full_marks_there(seen):
    code, page, said = seen["right"]
    assert code == 0 and page["score"] == page["max_score"] > 0
    assert all(test["status"] == "passed" and test["visibility"] == "after_published" for test in page["tests"])
    assert "isolation: process-users" in said and "ada@example.org" not in json.dumps(page)


@pytest.mark.docker
def test_a_run_that_is_killed_says_so_and_the_next_hand_in_is_graded(seen):
    _, page, _ = seen["killed"]
    assert page["tests"] == [] and "has not finished" in page["output"] and "no mark" in page["output"]
    assert seen["right"][1]["score"] > 0, "it was handed in after that"


@pytest.mark.docker
def test_a_submission_sees_no_hidden_test_no_result_no_network_and_nobody_else(seen):
    code, page, _ = seen["hostile"]
    [right] = [seen["right"][1]["score"]]
    assert code == 0 and page["score"] < right, "it saw, wrote, reached or could signal something"
    failed = [test for test in page["tests"] if test["status"] == "failed"]
    assert failed and not any("is not defined" in test["output"] for test in failed), "the notebook ran to its end"


@pytest.mark.docker
def test_what_a_link_points_at_is_no_submission_and_lies_beside_none(seen):
    _, page, _ = seen["linked"]
    assert page["score"] == seen["right"][1]["score"], "links were followed"
    assert "test_q3.py is not read: a link, not a file" in page["output"]
    code, page, _ = seen["solution"]
    assert code == 0 and page["score"] == 0 and page["tests"] == []
    assert "tiny.py is not read: a link, not a file" in page["output"]


@pytest.mark.docker
def test_modules_that_are_handed_in_are_not_the_graders(seen):
    code, page, _ = seen["modules"]
    assert code == 0 and page["score"] == seen["right"][1]["score"]


@pytest.mark.docker
def test_what_is_no_notebook_is_told_so(seen):
    code, page, _ = seen["nothing"]
    assert code == 0 and page["score"] == 0 and page["tests"] == [] and "essay.pdf" in page["output"]


def test_the_zip_holds_this_assignment_alone_and_says_what_to_set(tmp_path, monkeypatch, capsys):
    from grader import cli

    paths = small_course(tmp_path / "course")
    (paths.root / "roster.csv").write_text("student,name,email\nada,Ada,a@b.c\n")
    monkeypatch.setenv("GRADER_COURSE", str(paths.root))
    chosen = ["--out", str(tmp_path), "--visibility", "hidden", "--leaderboard"]
    assert cli.main(["export", "gradescope", "tiny", *chosen]) == DONE
    said = capsys.readouterr().out
    assert "timeout 5 minutes" in said and "autograder points" in said and "manual grading" not in said
    with zipfile.ZipFile(tmp_path / "tiny_gradescope.zip") as packed:
        names, run = packed.namelist(), packed.read("run_autograder").decode()
    assert {"setup.sh", "run_autograder", "requirements.txt", "course/course.toml"} <= set(names)
    assert any(name.startswith("course/assignments/tiny/hidden/") for name in names)
    assert not [name for name in names if name.endswith(".csv") or "shipped" in name or ".grader/" in name]
    assert "--visibility hidden --leaderboard" in run


def test_what_a_person_marks_is_said_to_be_missing_from_the_score(tmp_path, monkeypatch, capsys):
    from grader import cli
    from grader.commands import on_gradescope
    from grader.course.config import read_assignment

    paths = small_course(tmp_path / "course")
    toml = paths.assignment_toml("tiny")
    toml.write_text(toml.read_text() + '\n[[question]]\nid = "q9"\ntitle = "Essay"\npoints = 2.5\nmanual = true\n')
    assignment = read_assignment(paths, "tiny")
    monkeypatch.setenv("GRADER_COURSE", str(paths.root))
    assert cli.main(["export", "gradescope", "tiny", "--out", str(tmp_path)]) == DONE
    tested = f"{float(assignment.max_points) - 2.5:g}"
    assert f"autograder points {tested} (allow manual grading for the other 2.5)" in capsys.readouterr().out
    root = tmp_path / "autograder"
    (root / "submission").mkdir(parents=True)
    (root / "results").mkdir()
    (root / "submission" / "tiny.ipynb").write_bytes(ipynb(*RIGHT))
    assert on_gradescope.main(["tiny", "--root", str(root)]) == DONE
    page = json.loads((root / "results" / "results.json").read_text())
    assert page["score"] == float(tested) and "q9 (2.5 points), which a person marks" in page["output"]


@pytest.fixture
def graded_there(tmp_path, monkeypatch):
    """Makes a submission with a function of its folder, grades it; returns results.json."""
    from grader.commands import on_gradescope

    paths = small_course(tmp_path / "course")
    monkeypatch.setenv("GRADER_COURSE", str(paths.root))

    def graded(fill, metadata=None):
        root = Path(tempfile.mkdtemp(dir=tmp_path))
        (root / "submission").mkdir()
        (root / "results").mkdir()
        fill(root / "submission")
        if metadata is not None:
            (root / "submission_metadata.json").write_bytes(metadata)
        assert on_gradescope.main(["tiny", "--root", str(root)]) == DONE
        return json.loads((root / "results" / "results.json").read_text())

    return graded


def _nothing_but_odd_files(folder):
    """What a folder of git or a zip may bring along, and no notebook."""
    (folder / "away.ipynb").symlink_to("/nowhere")
    (folder / "loop").symlink_to(".")
    (folder / "zero.py").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe.ipynb")
    (folder / "a\ngrader: 77: <b>.ipynb").write_bytes(ipynb(*RIGHT))


def _beside_odd_files(folder):
    _nothing_but_odd_files(folder)
    with open(folder / "large.bin", "wb") as large:
        large.truncate(8 << 30)
    (folder / "Eve_1_assignsubmission_file_").mkdir()  # as Moodle packs a class
    (folder / "Eve_1_assignsubmission_file_" / "tiny.ipynb").write_bytes(ipynb(*RIGHT))
    here = os.open(folder, os.O_RDONLY)
    for _ in range(400):  # deeper than a path may be long
        os.mkdir("d" * 20, dir_fd=here)
        below = os.open("d" * 20, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


def test_odd_files_are_named_and_end_no_grading(graded_there):
    page = graded_there(_nothing_but_odd_files)
    assert page["score"] == 0 and page["tests"] == [] and "\n" not in page["output"]
    assert "away.ipynb is not read: a link, not a file" in page["output"]
    assert "its name holds control characters" in page["output"] and "handed-in" not in page["output"]
    page = graded_there(_beside_odd_files)
    assert page["score"] == page["max_score"] > 0
    assert "and 2 more that are not read" in page["output"] and "large.bin" in page["output"]
    assert len(page["output"]) < 3000


@pytest.mark.parametrize("metadata", [b"", b"{", b"[]", b'{"users": null}', b'{"users": ["x"]}', b"[" * 100_000])
def test_metadata_of_another_form_change_no_mark(metadata, tmp_path):
    from grader.commands.on_gradescope import NOBODY, _student

    file = tmp_path / "submission_metadata.json"
    assert _student(file) == NOBODY
    file.write_bytes(metadata)
    assert _student(file) == NOBODY


def test_a_student_reads_which_file_was_taken_and_how_checks_ended(graded_there):
    def told(**files):
        return graded_there(lambda folder: [(folder / f"{file}.ipynb").write_bytes(files[file]) for file in files])

    nothing = told()["output"]
    assert "nothing was handed in" in nothing and "handed-in-" not in nothing and "STUDENT" not in nothing
    assert "b.ipynb not used: a.ipynb defines more" in told(a=ipynb(*RIGHT), b=ipynb("x = 1"))["output"]
    tests = told(tiny=ipynb("def running_sum(x):\n    raise NotImplementedError"))["tests"]
    says = {test["output"].partition("\n")[0] for test in tests}
    assert "This is not written yet." in says and any("is not defined when" in each for each in says)
    assert not any("ended:" in each for each in says)
