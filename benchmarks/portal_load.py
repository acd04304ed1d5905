"""The hour before a deadline: students hand in on the portal while it grades, or while it does not.

    python -m benchmarks.portal_load [--hand-ins 300] [--minutes 10] [--mib 3] [--sandbox docker] [--no-grading]

A class of that many signs in and each hands in once, at times drawn evenly over the minutes: the pages, the upload, the
button, the receipt. Printed is how long each answer took (half of them, 99 of 100, the longest), how much memory the
server took at most, and whether everything that was acknowledged is there with the right bytes and on record. Client
and server share the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from examples.sample_class.notebooks import Material
from grader.paths import PACKAGE, Paths
from grader.portal.people import STUDENT, People
from grader.portal.portal import database_of
from grader.portal.signing_in import Doors
from grader.record.store import Store

ASSIGNMENT = "a1_mlp"
CHECKOUT = Paths(PACKAGE.parent)
KEY = re.compile(r'name="form_key" value="([^"]+)"')
PADDING_LINE = "epoch 1: loss 0.6931471805599453, accuracy 0.5\n"


@dataclass
class Seen:
    """What the clients saw: how long each kind of answer took, and the digest behind every receipt."""

    took_s: dict[str, list[float]] = field(default_factory=dict)
    receipts: dict[int, tuple[str, str]] = field(default_factory=dict)  # number -> (student, sha256)
    refused: list[str] = field(default_factory=list)


def course(root: Path, students: int, grading: bool) -> Paths:
    """A course with a class of that many and nothing on record."""
    paths = Paths(root)
    for there, made in ((CHECKOUT.assignments, paths.assignments), (CHECKOUT.solutions, paths.solutions)):
        shutil.copytree(there, made, ignore=shutil.ignore_patterns("__pycache__"))
    toml = CHECKOUT.course_toml.read_text(encoding="utf-8")
    paths.course_toml.write_text(
        f'{toml}\n[portal]\ngrade = "{"at once" if grading else "command"}"\n', encoding="utf-8"
    )
    paths.roster_csv.write_text("student\n" + "".join(f"s{n:04}\n" for n in range(students)), encoding="utf-8")
    return paths


def padded(content: bytes, size_bytes: int, who: str) -> bytes:
    """A right notebook of somebody's own, as large as wanted: printed output is what makes notebooks large."""
    page: dict[str, Any] = json.loads(content)
    code = next(cell for cell in page["cells"] if cell["cell_type"] == "code")
    lines = [f"{who}\n"] + [PADDING_LINE] * max(0, (size_bytes - len(content)) // len(PADDING_LINE))
    code["outputs"] = [{"output_type": "stream", "name": "stdout", "text": lines}]
    code["source"] = [f"# experiment of {who}\n"]
    return json.dumps(page).encode()


async def hand_in(client: Any, secret: str, content: bytes, who: str, at_s: float, seen: Seen) -> None:
    """One student's way, begun at its time."""
    await asyncio.sleep(at_s)

    async def asked(kind: str, method: str, path: str, **more: Any) -> Any:
        began = time.perf_counter()
        answer = await client.request(method, path, **more)
        seen.took_s.setdefault(kind, []).append(time.perf_counter() - began)
        if answer.status_code >= 400:
            seen.refused.append(f"{who} {method} {path}: {answer.status_code}")
        return answer

    await asked("sign in", "POST", f"/in/{secret}")
    await asked("page", "GET", "/")
    page = await asked("page", "GET", f"/a/{ASSIGNMENT}")
    key = {"form_key": KEY.search(page.text)[1]}  # type: ignore[index]
    files = {"file": (f"{ASSIGNMENT}.ipynb", content)}
    draft = (await asked("upload", "POST", f"/a/{ASSIGNMENT}/upload", data=key, files=files)).headers["location"]
    await asked("page", "GET", draft)
    receipt = (await asked("hand in", "POST", draft, data=key)).headers["location"]
    await asked("page", "GET", receipt)
    seen.receipts[int(receipt.rpartition("/")[2])] = (who, hashlib.sha256(content).hexdigest())


async def rush(address: str, secrets: dict[str, str], size_bytes: int, minutes: float) -> Seen:
    """Everybody's way."""
    import httpx

    seen, draw = Seen(), random.Random(0)
    right = Material(CHECKOUT, ASSIGNMENT)
    cells = [{"cell_type": c.kind, "source": c.source, "metadata": {}, "outputs": []} for c in right.solved]
    notebook = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()
    ways, clients = [], []
    for who, secret in secrets.items():
        clients.append(httpx.AsyncClient(base_url=address, timeout=120))
        content = padded(notebook, size_bytes, who)
        ways.append(hand_in(clients[-1], secret, content, who, draw.uniform(0, 60 * minutes), seen))
    await asyncio.gather(*ways)
    for client in clients:
        await client.aclose()
    return seen


def peak_mib(process: int) -> float:
    """The most memory that a process had in use."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def cpu_s(server: int) -> float:
    """Processor seconds of the server and of those that read uploads for it, without what grades."""
    children = [int(name) for name in Path(f"/proc/{server}/task/{server}/children").read_text().split()]
    graders = (b"grading_process", b"public_checks")
    lines = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children}
    readers = [pid for pid, line in lines.items() if not any(name in line for name in graders)]
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in (server, *readers)]
    return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")


def check(paths: Paths, seen: Seen) -> tuple[int, int, int]:
    """(receipts, files with the right bytes, on record): three equal numbers where nothing was lost."""
    files = paths.portal / "files"
    right = sum(
        hashlib.sha256((files / digest).read_bytes()).hexdigest() == digest for _, digest in seen.receipts.values()
    )
    until = time.monotonic() + 120
    while time.monotonic() < until:
        if paths.record.exists():
            with Store.open(paths.record, read_only=True) as store:
                recorded = len(store.current_digests(ASSIGNMENT))
            if recorded >= len(seen.receipts):
                return len(seen.receipts), right, recorded
        time.sleep(0.5)
    return len(seen.receipts), right, 0


def quantiles(took_s: list[float]) -> str:
    ordered = sorted(took_s)
    most = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
    return f"median {ordered[len(ordered) // 2]:.3f} s  p99 {most:.3f} s  longest {ordered[-1]:.3f} s"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hand-ins", type=int, default=300)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--mib", type=float, default=3.0)
    parser.add_argument("--sandbox", choices=["docker", "process"], default="docker")
    parser.add_argument("--no-grading", action="store_true")
    parser.add_argument("--quick", action="store_true", help="four hand-ins in three seconds")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.hand_ins, chosen.minutes, chosen.mib = 4, 0.05, 0.5
    with tempfile.TemporaryDirectory() as folder:
        paths = course(Path(folder), chosen.hand_ins, not chosen.no_grading)
        command = [
            sys.executable,
            "-m",
            "grader.cli",
            "serve",
            "--port",
            "0",
            "--sandbox",
            chosen.sandbox,
            "--workers",
            "2",
        ]
        environment = {**os.environ, "GRADER_COURSE": folder, "PYTHONUNBUFFERED": "1"}
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=PACKAGE.parent)
        try:
            assert server.stdout is not None
            address = re.search(r"http://\S+?(?=/\s)", server.stdout.readline() + " ")[0]  # type: ignore[index]
            database = database_of(paths)
            people = People(paths)
            doors = Doors(database, people)
            everybody = [person for name in range(chosen.hand_ins) if (person := people.find(STUDENT, f"s{name:04}"))]
            secrets = {person.id: doors.invite(person) for person in everybody}
            database.close()
            seen = asyncio.run(rush(address, secrets, int(chosen.mib * 2**20), chosen.minutes))
            receipts, right, recorded = check(paths, seen)
            memory, processor = peak_mib(server.pid), cpu_s(server.pid)
        finally:
            server.terminate()
            server.communicate(timeout=120)
    what = "while nothing is graded" if chosen.no_grading else "while two workers grade and public checks are run"
    print(f"{chosen.hand_ins} hand-ins of {chosen.mib:g} MiB in {chosen.minutes:g} min, {what}")
    everything = [each for took in seen.took_s.values() for each in took]
    for kind, took_s in [*seen.took_s.items(), ("all", everything)]:
        print(f"{kind:8} {len(took_s):5} answers  {quantiles(took_s)}")
    print(f"the server took {memory:.0f} MiB at most, and {processor / len(seen.receipts):.2f} CPU s a hand-in")
    print(f"{receipts} receipts, {right} files right, {recorded} on record")
    print(f"{len(seen.refused)} refused", *seen.refused[:5])
    print(f"load average {os.getloadavg()[1]:.1f} on {os.cpu_count()} processors")
    return 0 if receipts == right == recorded == chosen.hand_ins and not seen.refused else 1


if __name__ == "__main__":
    sys.exit(main())
