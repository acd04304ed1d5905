"""What a machine says of itself, and whether it may be a node.

The functions that are asked of it travel as source, so that a machine with another version, or none, can be asked.
"""

from __future__ import annotations

import functools
import operator
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from distributed import Client, Future

CLOCK_S = 5.0  # by which a node's clock may be wrong without a word


def ask_who(client: Client, address: str) -> Future:
    """Have the machine of this address say what `greet` finds."""
    import cloudpickle

    this = sys.modules[__name__]
    cloudpickle.register_pickle_by_value(this)
    source = cloudpickle.dumps(greet)
    cloudpickle.unregister_pickle_by_value(this)
    there: dict[str, Any] = {"workers": [address], "pure": False}
    return client.submit(operator.call, client.submit(cloudpickle.loads, source, **there), **there)


def why_not(about: dict[str, Any]) -> str:
    """Why a machine that says this cannot be a node, because its program is another one; "" if it can."""
    here = _here()
    if not about["version"]:
        return f"has no grader; install version {here['version']} there"
    if about["version"] != here["version"]:
        return f"has grader {about['version']}, and here it is {here['version']}; install the same there"
    if about["source"] != here["source"]:
        return f"has grader {here['version']} of another source; install the same files there"
    return ""


@functools.cache
def _here() -> dict[str, str]:
    return program()


def clock_off_s(clock: float, asked: float) -> float:
    """By how much a clock is ahead (or behind, then negative) that was read since `asked`, at the least."""
    return max(clock - time.time(), 0.0) - max(asked - clock, 0.0)


def clock_in_words(off_s: float) -> str:
    if abs(off_s) < 1:
        return "its clock is right"
    return f"its clock is {abs(off_s):.0f} s {'ahead' if off_s > 0 else 'behind'}; no mark depends on that"


def greet() -> dict[str, Any]:
    """Host, clock, slots, processors, GPUs, and the program that is installed there."""
    import os
    import platform
    import socket
    import subprocess
    import time

    from distributed import get_worker

    try:
        listed = subprocess.run(["nvidia-smi", "--list-gpus"], capture_output=True, text=True, timeout=30, check=False)
        lines = [" ".join(line.split()) for line in listed.stdout.splitlines()]
        whole = [line.partition(" (UUID")[0] if line.startswith("GPU ") else line for line in lines]
        gpus = [line for line in whole if line.startswith(("GPU ", "MIG "))]  # what one is divided into, by its UUID
    except (OSError, subprocess.TimeoutExpired):
        gpus = []
    return {
        "host": socket.gethostname(),
        "slots": get_worker().state.nthreads,
        "processors": len(os.sched_getaffinity(0)),
        "gpus": gpus,
        "python": platform.python_version(),
        **program(),
        "clock": time.time(),  # last, for it is held against when the answer came
    }


def program() -> dict[str, str]:
    """Version of the program that is installed here, and a digest of its source; empty where there is none."""
    import hashlib
    import importlib.util
    import re
    from pathlib import Path

    found = importlib.util.find_spec("grader")
    if found is None or not found.submodule_search_locations:
        return {"version": "", "source": ""}
    package = Path(found.submodule_search_locations[0])
    version = re.search(r'__version__ = "(.*)"', (package / "__init__.py").read_text(encoding="utf-8"))
    digest = hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        name, content = file.relative_to(package).as_posix(), file.read_bytes()
        if not name.startswith("shipped/"):  # the assignments that a wheel brings along
            digest.update(f"{name} {len(content)}\n".encode() + content)
    return {"version": version[1] if version else "unknown", "source": digest.hexdigest()}
