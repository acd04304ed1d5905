"""One portal for all tests of this folder that do not end it: Ann has handed in a right notebook, which is graded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from portal_server import Server, competition, course, hand_in, serving, soon
from tiny import RIGHT, ipynb

DEADLINE = "[deadlines]\ntiny = 2090-01-01T12:00:00\n"


@dataclass
class Open:
    """A portal that runs. number: of Ann's receipt"""

    server: Server
    number: int


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    paths = course(tmp_path_factory.mktemp("course"), DEADLINE)
    competition(paths)
    with serving(paths) as server:
        ann = server.enter("ann")
        number = hand_in(ann, ipynb(*RIGHT))
        soon(lambda: ">graded<" in ann.get("/a/tiny").text)
        yield Open(server, number)
