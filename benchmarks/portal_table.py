"""How long the staff's table of the portal takes in a browser to be opened, sorted, and searched as one types.

    python -m benchmarks.portal_table [--students 500] [--tries 20]

The synthetic semester (14 questions, everybody's points on record) in Debian's Chromium. What is timed begins with
the event and ends when the browser has laid out what it shows (of a sorted table the first rows; the others follow).
Half of the tries took no longer than `half`. Once by the clock, which is what a person waits for on a machine that
does nothing else, and once by the processor (`cpu`): what the page's thread was busy for, whatever else the machine
did.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from examples.semester.folder import make
from grader.paths import Paths
from grader.portal.people import STAFF, People, staff_of
from grader.portal.portal import database_of
from grader.portal.signing_in import Doors

ASSIGNMENT = "a1_mlp"
SORT = """(column) => {
    const began = performance.now();
    document.querySelector(`thead th:nth-child(${column}) a`).click();
    document.body.offsetHeight;
    return performance.now() - began;
}"""
FIND = """(text) => {
    const find = document.getElementById("f-find");
    find.value = text;
    const began = performance.now();
    find.dispatchEvent(new Event("input"));
    document.body.offsetHeight;
    return performance.now() - began;
}"""
LOADED = "() => performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
LETTERS = "aeinorst"
TOTAL = 4  # the column


@contextmanager
def portal(paths: Paths) -> Iterator[str]:
    """The address of a portal that runs; nothing is graded."""
    command = [sys.executable, "-m", "grader.cli", "serve", "--port", "0", "--sandbox", "process", "--workers", "1"]
    environment = {**os.environ, "GRADER_COURSE": str(paths.root), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        found = re.search(r"http://[^/\s]+", process.stdout.readline())
        assert found, process.stdout.read()
        try:
            yield found[0]
        finally:
            process.terminate()
            process.communicate(timeout=60)


def link(paths: Paths) -> str:
    """A link that lets the instructor in."""
    people, database = People(paths), database_of(paths)
    person = people.find(STAFF, staff_of(paths)[0].id)
    assert person is not None
    secret = Doors(database, people).invite(person)
    database.close()
    return f"/in/{secret}"


class Thread:
    """The page's thread: what the processor has done for it."""

    def __init__(self, page: Any) -> None:
        self._asked = page.context.new_cdp_session(page)
        self._asked.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy_ms(self) -> float:
        found = self._asked.send("Performance.getMetrics")["metrics"]
        return 1000 * next(each["value"] for each in found if each["name"] == "TaskDuration")


def measured(page: Any, tries: int) -> dict[str, list[float]]:
    """Milliseconds of every try, by what was done and how it was timed."""
    took_ms: dict[str, list[float]] = {name: [] for name in ("open", "sort", "sort, cpu", "find", "find, cpu")}
    columns, thread = page.locator("thead th").count(), Thread(page)
    for number in range(tries):
        page.goto(f"/s/{ASSIGNMENT}")
        took_ms["open"].append(page.evaluate(LOADED))
        for name, act, about in (("sort", SORT, 1 + number % columns), ("find", FIND, LETTERS[number % len(LETTERS)])):
            before = thread.busy_ms()
            took_ms[name].append(page.evaluate(act, about))
            took_ms[f"{name}, cpu"].append(thread.busy_ms() - before)
    return took_ms


def in_order(page: Any) -> bool:
    """Whether all rows are there, by the total, after a sort by it."""
    page.goto(f"/s/{ASSIGNMENT}")
    before = page.locator("tbody tr").count()
    page.evaluate(SORT, TOTAL)
    for _ in range(500):
        if page.locator("tbody tr").count() == before:
            break
        page.wait_for_timeout(20)
    cells = page.locator(f"tbody tr td:nth-child({TOTAL})").all_inner_texts()
    there = [float(cell) for cell in cells if cell]
    return there == sorted(there) and cells[len(there) :] == [""] * (before - len(there))


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--students", type=int, default=500)
    options.add_argument("--tries", type=int, default=20)
    chosen = options.parse_args()
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder:
        paths = make(Path(folder) / "course", chosen.students, 7)
        with portal(paths) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            page = browser.new_page(base_url=address)
            page.goto(link(paths))
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url("**/")
            page.goto(f"/s/{ASSIGNMENT}")
            rows, cells = page.locator("tbody tr").count(), page.locator("tbody tr").first.locator("td").count()
            took_ms = measured(page, chosen.tries)
            ordered = in_order(page)
            browser.close()
    print(f"{rows} students, {cells} columns beside their ids; {chosen.tries} tries each, in milliseconds")
    for what, found in took_ms.items():
        print(f"{what:10} least {min(found):7.1f}   half {statistics.median(found):7.1f}   most {max(found):7.1f}")
    print("sorted: all rows, in order" if ordered else "sorted: NOT all rows in order")
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    return 0 if ordered else 1


if __name__ == "__main__":
    sys.exit(main())
