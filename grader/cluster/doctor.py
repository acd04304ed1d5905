"""`grader doctor --cluster`: what one node of a cluster is and gives, before a class depends on it."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Any

from grader.cluster.engines import Machines, environment_of
from grader.cluster.greeting import CLOCK_S, ask_who, clock_in_words, clock_off_s, why_not
from grader.cluster.members import counted
from grader.errors import MachineryError
from grader.sandbox.choose import opener
from grader.sandbox.doctor import PROBED, examine
from grader.sandbox.finding import Finding

SAMPLE_S = 1.0
LOOK_S = 0.5


def findings(machines: Machines, kind: str, image: str, runtime: str = "") -> list[Finding]:
    """What the first node that comes is, and what it can do; takes some seconds. Raises MachineryError."""
    address = _first_worker(machines)
    client, there = machines.client, {"workers": [address], "pure": False}
    asked = time.time()
    about = ask_who(client, address).result()
    off_s = clock_off_s(about["clock"], asked)
    why = why_not(about)
    found = [
        Finding("node", True, f"{about['host']}: {about['processors']} processors, {counted(about['slots'], 'slot')}"),
        Finding("program", not why, why or f"grader {about['version']}, the same files as here"),
        Finding("clock", abs(off_s) <= CLOCK_S, clock_in_words(off_s)),
        Finding("gpus", True, "; ".join(about["gpus"]) or "no NVIDIA driver there"),
    ]
    if why:
        return found
    found += [each for each in client.submit(examine, image, runtime, **there).result() if each.about != "gpu"]
    if kind == "docker":
        found.append(_same_image(client.submit(environment_of, image, **there).result(), environment_of(image)))
    opened = client.submit(openings, kind, image, **there).result()
    opened_says = opened if isinstance(opened, str) else f"{opened} submissions opened and ended in {SAMPLE_S:.0f} s"
    found.append(Finding(f"speed ({kind})", not isinstance(opened, str), opened_says))
    found.append(Finding("connection", True, f"{_carried(client, there)} tasks there and back in {SAMPLE_S:.0f} s"))
    return found


def _first_worker(machines: Machines) -> str:
    """The address of the first Dask worker; waits for it."""
    began = time.monotonic()
    while not (workers := machines.client.nthreads()):
        if time.monotonic() - began > machines.patience_s:
            raise MachineryError("no node has come; see what the batch system says of the job")
        time.sleep(LOOK_S)
    return next(iter(workers))


def _same_image(there: str, here: str) -> Finding:
    """Whether a node grades in what this machine grades in."""
    if not here or not there:
        return Finding("same image", bool(there), f"{there[:12] or 'none there'}; {here[:12] or 'none here'} here")
    same = there == here
    advice = "" if same else "grader image save FILE here, grader image load FILE there"
    return Finding("same image", same, there[:12] if same else f"{there[:12]} there, {here[:12]} here", advice)


def openings(kind: str, image: str) -> int | str:
    """How many candidates this machine opens and ends in a second, one after the other; or why none."""
    try:
        with closing(opener(PROBED, kind, "zygote", image)()) as sandbox:
            sandbox.open().close()  # the first one starts what the others are forked from
            until, count = time.monotonic() + SAMPLE_S, 0
            while time.monotonic() < until:
                sandbox.open().close()
                count += 1
            return count
    except MachineryError as error:
        return str(error)


def _carried(client: Any, there: dict[str, Any]) -> int:
    """How many empty tasks go to a node and come back in a second, one after the other."""
    until, count = time.monotonic() + SAMPLE_S, 0
    while time.monotonic() < until:
        client.submit(int, **there).result()
        count += 1
    return count
