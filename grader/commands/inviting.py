"""`invite`: personal links for signing in, each good once."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import timedelta

from grader.commands.writing import write
from grader.course.config import did_you_mean
from grader.course.staff import Role
from grader.errors import UsageError
from grader.exit_codes import DONE
from grader.marks.marksheet import csv_of, for_excel
from grader.paths import Paths, find_root
from grader.portal.people import People, Person
from grader.portal.portal import database_of
from grader.portal.serving import checked_address, last_address
from grader.portal.signing_in import Doors
from grader.terminal import screen

COLUMNS = ["person", "role", "name", "email", "link"]


def invite(chosen: argparse.Namespace) -> int:
    """Make a link for each; a table with a row for each, to be mailed. Links are shown this once."""
    paths = Paths(find_root())
    people = People(paths)
    doors = Doors(database_of(paths), people)
    address = checked_address(chosen.address or last_address(paths), "", 0)
    if not 1 <= chosen.days <= 366:
        raise UsageError(f"--days {chosen.days}: expected 1 to 366")
    if bool(chosen.people) is chosen.all:
        raise UsageError("who? name people, or --all for everybody who was not invited yet")
    wanted = list(_not_invited(doors, people)) if chosen.all else [_found(people, name) for name in chosen.people]
    rows = [COLUMNS]
    for person in wanted:
        secret = doors.invite(person, timedelta(days=chosen.days))
        rows.append([person.id, person.role.value, person.name, person.email, f"{address}/in/{secret}"])
    table = csv_of(rows)
    if chosen.out is None:
        print(table, end="")
    else:
        write(chosen.out, for_excel(table))
        chosen.out.chmod(0o600)
        screen.tell(f"{chosen.out}: {len(wanted)} links, each good once, for {chosen.days} days")
    if not wanted:
        screen.say("everybody was invited already; name somebody to make a new link")
    return DONE


def _not_invited(doors: Doors, people: People) -> Iterator[Person]:
    known = doors.invited()
    return (person for person in people.of(*Role) if (person.kind, person.id) not in known)


def _found(people: People, name: str) -> Person:
    """Who is meant: an id of the roster or of the staff. Raises UsageError where it is nobody's, or two people's."""
    found = [person for kind in ("student", "staff") if (person := people.find(kind, name))]
    if len(found) > 1:
        raise UsageError(f"{name!r} is a student and one of the staff; give one of them another id")
    if not found:
        raise UsageError(f"nobody is called {name!r}{did_you_mean(name, [each.id for each in people.of(*Role)])}")
    return found[0]
