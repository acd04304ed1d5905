"""`kill -9` at any moment: whatever was acknowledged is there, and gets on grading's record."""

from __future__ import annotations

import hashlib
import random
import threading
import time

import httpx
import pytest
from portal_server import begin, course, hand_in, soon
from tiny import RIGHT, ipynb

from grader.record.store import Store

BY_COMMAND = '[portal]\ngrade = "command"\n'
STUDENTS = 4


def killed_under_load(paths, times: int, seed: int) -> dict[str, list[tuple[int, bytes]]]:
    """Hand in again and again, while the portal is killed so many times; returns what was acknowledged, by student."""
    acknowledged: dict[str, list[tuple[int, bytes]]] = {f"s{n}": [] for n in range(STUDENTS)}
    draw = random.Random(seed)
    for round_ in range(times):
        server = begin(paths)
        stop = threading.Event()

        def student(who: str, browser: httpx.Client, stop: threading.Event = stop, round_: int = round_) -> None:
            number = 0
            while not stop.is_set():
                number += 1
                content = ipynb(*RIGHT, f"{who} = {round_}, {number}")
                try:
                    acknowledged[who].append((hand_in(browser, content), content))
                except (httpx.TransportError, AssertionError):
                    return

        threads = [threading.Thread(target=student, args=(who, server.enter(who))) for who in acknowledged]
        for thread in threads:
            thread.start()
        wanted = sum(map(len, acknowledged.values())) + draw.randint(1, 12)
        soon(lambda wanted=wanted: sum(map(len, acknowledged.values())) >= wanted)
        time.sleep(draw.uniform(0, 0.1))
        server.kill()
        stop.set()
        for thread in threads:
            thread.join()
        server.close()
        server.process.stdout.close()
    return acknowledged


def check(paths, acknowledged) -> None:
    server = begin(paths)
    try:
        assert sum(map(len, acknowledged.values())) > 0
        for who, made in acknowledged.items():
            browser = server.enter(who)
            for number, content in made:
                answer = browser.get(f"/receipt/{number}/file")
                assert answer.status_code == 200 and answer.content == content
                assert hashlib.sha256(content).hexdigest() in browser.get(f"/receipt/{number}/text").text
            soon(lambda browser=browser: "received; it is being" not in browser.get("/a/tiny").text)
    finally:
        server.close()
        server.process.terminate()
        server.process.communicate(timeout=60)
    numbers = [number for made in acknowledged.values() for number, _ in made]
    assert len(set(numbers)) == len(numbers)
    with Store.open(paths.record, read_only=True) as store:
        for submission in store.current_submissions("tiny"):
            newest = acknowledged[submission.student][-1:]
            later = not newest or newest[0][1] == submission.content or _is_newer(submission.content, newest[0][1])
            assert later, submission.student


def _is_newer(there: bytes, acknowledged: bytes) -> bool:
    """A hand-in may be on record whose answer the kill cut off; never an older one than was acknowledged."""
    tail = [content.rsplit(b" = ", 1)[1].split(b'"')[0] for content in (there, acknowledged)]
    first, second = [tuple(map(int, each.split(b", "))) for each in tail]
    return first > second


def crowd(folder):
    paths = course(folder, BY_COMMAND)
    paths.teams_csv.unlink()
    paths.roster_csv.write_text("student\n" + "".join(f"s{n}\n" for n in range(STUDENTS)))
    return paths


def test_what_was_acknowledged_survives_a_kill(tmp_path):
    paths = crowd(tmp_path)
    check(paths, killed_under_load(paths, 1, 1))


@pytest.mark.long
def test_what_was_acknowledged_survives_twenty_kills(tmp_path):
    paths = crowd(tmp_path)
    check(paths, killed_under_load(paths, 20, 2))
