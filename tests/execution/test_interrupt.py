"""Ctrl-C ends a run soon and leaves nothing; the same command goes on from there."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tiny import RIGHT, attempts, ipynb, small_course

from grader.record.store import Store


@pytest.fixture
def paths(tmp_path):
    return small_course(tmp_path)


def grade(paths, *options):
    """`grader grade` in a process group of its own."""
    command = [sys.executable, "-m", "grader.cli", "grade", "tiny", "in", "--sandbox", "process", *options]
    return subprocess.Popen(
        command,
        cwd=paths.root,
        env=os.environ | {"GRADER_COURSE": str(paths.root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def descendants(pid):
    """Every process below `pid`, whatever group it is in."""
    below = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                below.setdefault(int((entry / "stat").read_text().rpartition(")")[2].split()[1]), []).append(
                    int(entry.name)
                )
            except OSError:
                continue
    found, todo = [], [pid]
    while todo:
        children = below.get(todo.pop(), [])
        found += children
        todo += children
    return found


def gone(processes):
    """Whether all of them end within some seconds."""
    for _ in range(50):
        if not any(map(alive, processes)):
            return True
        time.sleep(0.1)
    return False


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_an_interrupted_run_ends_soon_leaves_nothing_and_goes_on_where_it_was(paths, number):
    folder = paths.root / "in"
    folder.mkdir()
    students = [f"s{place:02}" for place in range(6)]
    for student in students:
        (folder / f"{student}.ipynb").write_bytes(ipynb(*RIGHT, f"import time\ntime.sleep(0.5)\nname = {student!r}"))
    process = grade(paths, "--workers", "2")
    for line in process.stderr:
        if ", 2 of 6, " in line:
            break
    below = descendants(process.pid)
    interrupted = time.monotonic()
    if number is signal.SIGINT:
        os.killpg(process.pid, number)  # what a terminal does
    else:
        process.send_signal(number)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130 and time.monotonic() - interrupted < 5
    assert re.search(r"interrupted: (\d) graded, (\d) left; the same command goes on from here", said), said
    assert gone(below)
    with Store.open(paths.record, read_only=True) as store:
        done = len(store.current_attempts("tiny"))
        assert store.runs("tiny")[-1].state == "interrupted" and 2 <= done < 6
    process = grade(paths, "--workers", "2", "--json")
    out, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "6 of 6 submissions done in" in said and f", {done} graded before" in said
    assert [attempt["points"] for attempt in json.loads(out)["attempts"]] == [8.5] * 6
    assert attempts(paths) == dict.fromkeys(students, 1)
