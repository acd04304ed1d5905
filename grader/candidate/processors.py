"""How many processors there are: of a machine with many, no more than a sandbox has room for threads and processes.

`torch.set_num_threads(os.cpu_count())` and `DataLoader(num_workers=os.cpu_count())` are honest, and on a machine with
more processors than `limits.processes` would end the candidate.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from grader.candidate import silenced

MOST = 8


def bound() -> None:
    """Let `os.cpu_count` say at most MOST, and torch use as many threads."""
    silenced.patch("os", _os)
    silenced.patch("torch", _torch)


def _os(module: Any) -> None:
    module.cpu_count = functools.partial(min, module.cpu_count() or 1, MOST)


def _torch(module: Any) -> None:
    module.set_num_threads = _at_most(module.set_num_threads)
    module.set_num_interop_threads = _at_most(module.set_num_interop_threads)


def _at_most(set_threads: Callable[[int], None]) -> Callable[[int], None]:
    @functools.wraps(set_threads)
    def bounded(number: int) -> None:
        set_threads(min(number, MOST))

    return bounded
