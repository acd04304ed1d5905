"""Lines that follow what happens, as server-sent events: a student's hand-in, the board of the staff."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from grader.languages.translating import speaking, spoken
from grader.portal.public_checks import shown
from grader.portal.visit import Visit

if TYPE_CHECKING:
    from grader.portal.portal import Portal

EVERY_S, FOR_S = 2.0, 1800.0  # a browser opens the stream again when it ends


def state_stream(visit: Visit) -> Response:
    """A line whenever the state of the student's newest hand-in changes."""
    student, name, portal = visit.me.id, visit.assignment.id, visit.portal

    def told() -> dict[str, Any]:
        place = portal.place(student, name)
        newest = next(iter(portal.hand_ins.of(student, name)), None)
        state = {"state": place.word, "text": place.text} if place else {"state": "nothing", "text": ""}
        return state | {"checks": shown.line(visit, newest)}

    return _stream(portal, told)


def board_stream(visit: Visit) -> Response:
    """A line whenever something moves on the board: what is being graded, and how many wait."""
    return _stream(visit.portal, lambda: moving(visit.portal))


def moving(portal: Portal) -> dict[str, Any]:
    """What is being graded now, the longest first, and how much waits."""
    now = time.monotonic()
    running = sorted(portal.queue.running.items(), key=lambda each: each[1])
    return {
        "running": [f"{student} {assignment}, {now - since:.0f} s" for (student, assignment), since in running],
        "waiting": len(portal.queue.waiting),
        "done": len(portal.queue.finished),
    }


def _stream(portal: Portal, told: Callable[[], dict[str, Any]]) -> Response:
    language = spoken()  # of the request; the lines come after its answer

    def said_now() -> str:
        with speaking(language):
            return json.dumps(told())

    async def lines() -> AsyncIterator[str]:
        said = ""
        for _ in range(int(FOR_S / EVERY_S)):
            line = await run_in_threadpool(said_now)
            if line != said:
                yield f"data: {line}\n\n"
                said = line
            if portal.closing:
                return
            await asyncio.sleep(EVERY_S)

    return StreamingResponse(lines(), media_type="text/event-stream")
