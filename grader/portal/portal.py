"""The portal's parts, put together and taken apart."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from grader.bookkeeping.cohorts import cohort_of
from grader.bookkeeping.works import as_of
from grader.competition.scorer import Scorer
from grader.course.showing import Shown
from grader.dashboard import site
from grader.languages.translating import tr
from grader.paths import Paths
from grader.portal.access import Access
from grader.portal.competitions.competing import Competing, Settling
from grader.portal.competitions.entries import Entries
from grader.portal.database import Database
from grader.portal.hand_ins import HandIns
from grader.portal.looking import Readers
from grader.portal.now import Now
from grader.portal.openid import Flows, Provider
from grader.portal.people import People
from grader.portal.public_checks.running import PublicChecks
from grader.portal.queue import Place, Queue
from grader.portal.recorder import Recorder
from grader.portal.signing_in import Doors, Tries

if TYPE_CHECKING:
    from grader.portal.routes import Route

DATABASE = "portal.sqlite"
WRONG_ENTRIES = 40  # of one student in an hour
BOUNDARIES = tuple(map(Decimal, (40, 50, 60, 70, 80, 90)))


@dataclass(frozen=True)
class Settings:
    """How the portal is reached. address: where people reach it, as a browser writes it;  header: see docs/portal.md

    client_secret: with which the portal asks an OpenID provider
    """

    address: str
    proxy: str = ""
    header: str = ""
    client_secret: str = field(default="", repr=False)

    @property
    def secure(self) -> bool:
        return self.address.startswith("https://")


class Portal:
    """Everything that a request may ask. `start` begins the threads, `close` ends them and the children."""

    closing = False
    api: Sequence[Route] = ()  # what programs may ask; set when the application is made

    def __init__(self, paths: Paths, settings: Settings, grading: Sequence[str] = (), slots: int = 1) -> None:
        self.paths, self.settings = paths, settings
        self.database = Database(paths.portal / DATABASE)
        self.people = People(paths)
        self.doors, self.tries = Doors(self.database, self.people), Tries()
        self.now = Now(paths)
        self.flows = Flows()
        self._provider: Provider | None = None
        self.readers = Readers(paths.root)
        self.hand_ins = HandIns(self.database, paths.portal / "files", self.readers)
        self.access = Access(self.database, self.now)
        begin, told = [sys.executable, "-m"], [str(paths.root), *grading]
        self.queue = Queue(self.now, self.hand_ins, [*begin, "grader.portal.grading_process", *told], slots)
        checking = [*begin, "grader.portal.public_checks.process", *told]
        self.public_checks = PublicChecks(paths, self.now, self.hand_ins, checking)
        self.competing = Competing(paths, Entries(self.database), Scorer(paths))
        self.wrong_entries = Tries(WRONG_ENTRIES, 3600.0)  # files of one student that could not be read
        self.settling = Settling(self.competing, self.now)
        self._report: tuple[object, dict[str, str]] = (None, {})
        self._reporting = threading.Lock()
        self.recorder = Recorder(paths, self.hand_ins, self.now, self._recorded)

    def _recorded(self) -> None:
        self.now.hurry()
        self.queue.wake()
        self.public_checks.wake()

    def start(self) -> None:
        self.readers.warm()
        self.now.start()
        self.recorder.start()
        self.queue.start()
        self.public_checks.start()
        self.settling.start()

    def close(self) -> None:
        self.closing = True
        self.queue.end()
        self.public_checks.end()
        self.settling.end()
        self.competing.scorer.close()
        self.recorder.end()
        self.now.end()
        self.readers.close()

    def provider(self) -> Provider | None:
        """The OpenID provider that course.toml names now."""
        named = self.now.state.course.sign_in
        if named is None:
            return None
        if self._provider is None or self._provider.sign_in != named:
            self._provider = Provider(named, self.settings.client_secret, f"{self.settings.address}/oidc/callback")
        return self._provider

    def report(self) -> dict[str, str]:
        """The pages of the report by their names, made once for each state of the course."""
        state = self.now.state
        with self._reporting:
            if self._report[0] is not state:
                book = self.now.book(frozenset(state.assignments))
                pages: dict[str, str] = {}
                if book:
                    cohorts = [cohort_of(self.paths, book, each, whole=True) for each in state.assignments.values()]
                    pages = dict(site.pages(book, cohorts, BOUNDARIES, as_of(self.paths)))
                self._report = (state, pages)
            return self._report[1]

    def place(self, student: str, assignment: str) -> Place | None:
        """Where a student's newest hand-in is, as far as the course shows that; None where there is none here."""
        place = self.queue.place(student, assignment)
        hidden = place is not None and not self.sees(student, assignment, Shown.ACCEPTED)
        return Place("received", tr("handed in")) if hidden else place

    def sees(self, student: str, assignment: str, at_least: Shown) -> bool:
        return self.access.shown(student, assignment) >= at_least


def database_of(paths: Paths) -> Database:
    return Database(paths.portal / DATABASE)


STATIC = Path(__file__).parent / "static"
