"""One event loop for all cells of a notebook: a task that one cell starts can be awaited in the next.

A notebook's cells run inside of a loop, so `asyncio.create_task` works in a cell without `await`. Here the loop
seems to run while such a cell does; `asyncio.run` and `run_until_complete`, which Jupyter refuses, work.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator
from typing import Any


class NotebookLoop:
    """Made when the first cell speaks of asyncio."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None

    @contextlib.contextmanager
    def around(self, code: str) -> Iterator[None]:
        """Run a cell as if inside of the loop; afterwards what it started gets its turn."""
        if self.loop is None and "asyncio" not in code:
            yield
            return
        loop = self._made()
        asyncio._set_running_loop(loop)
        try:
            yield
        finally:
            asyncio._set_running_loop(None)
        loop.run_until_complete(asyncio.sleep(0))

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run the coroutine of a cell with `await` to its end; what it started goes on with the next cell."""
        loop, seeming = self._made(), asyncio._get_running_loop()
        asyncio._set_running_loop(None)
        task = loop.create_task(coroutine)
        try:
            return loop.run_until_complete(task)
        finally:
            if not task.done():
                task.cancel()
                with contextlib.suppress(BaseException):
                    loop.run_until_complete(task)
            asyncio._set_running_loop(seeming)

    def _made(self) -> asyncio.AbstractEventLoop:
        if self.loop is None:
            self.loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self.loop)
            _let_others_run()
        return self.loop


def _let_others_run() -> None:
    """Let `asyncio.run` and `loop.run_until_complete` of a cell run though a loop seems to run already."""
    kind = asyncio.BaseEventLoop
    original, run = kind.run_until_complete, asyncio.run

    def alone(function: Any) -> Any:
        def called(*args: Any, **kwargs: Any) -> Any:
            seeming = asyncio._get_running_loop()
            really = seeming is not None and seeming.is_running()
            if seeming is None or really:
                return function(*args, **kwargs)
            asyncio._set_running_loop(None)
            try:
                return function(*args, **kwargs)
            finally:
                asyncio._set_running_loop(seeming)

        return called

    kind.run_until_complete = alone(original)  # type: ignore[method-assign]
    asyncio.run = alone(run)
