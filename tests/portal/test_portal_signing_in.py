"""Signing in: a link lets in once, a session is a cookie that scripts cannot read, and ends when it is told to."""

from __future__ import annotations

import csv
import io
import os
import re
import sqlite3
import subprocess
import sys
from datetime import timedelta

import pytest
from portal_server import form_key

from grader.portal import signing_in
from grader.portal.people import People
from grader.portal.portal import database_of
from grader.portal.signing_in import Doors, Tries


def invite(portal, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "GRADER_COURSE": str(portal.server.paths.root)}
    command = [sys.executable, "-m", "grader.cli", "invite", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


@pytest.fixture
def doors(portal):
    database = database_of(portal.server.paths)
    yield Doors(database, People(portal.server.paths))
    database.close()


def test_links_are_a_table_for_a_mail_merge_and_each_lets_one_person_in_once(portal):
    made = invite(portal, "bob", "ada")  # under the address of the portal that runs
    rows = list(csv.DictReader(io.StringIO(made.stdout)))
    assert [(row["person"], row["role"]) for row in rows] == [("bob", "student"), ("ada", "instructor")]
    browser = portal.server.browser()
    assert "Bob" in browser.get(rows[0]["link"]).text  # looking at a link does not use it
    assert "Bob" in browser.get(rows[0]["link"]).text
    assert browser.post(rows[0]["link"]).headers["location"] == "/"
    assert "Bob" in browser.get("/").text
    other = portal.server.browser()
    assert other.post(rows[0]["link"]).status_code == 410
    assert other.get("/").headers["location"] == "/sign-in"


def test_everybody_is_invited_once_and_nobody_twice(portal, tmp_path):
    first = invite(portal, "--all", "--out", str(tmp_path / "links.csv"))
    assert first.returncode == 0 and (tmp_path / "links.csv").stat().st_mode & 0o77 == 0
    assert "invited already" in invite(portal, "--all", "--out", str(tmp_path / "more.csv")).stderr
    assert invite(portal, "nobody").returncode == 2


def test_no_secret_is_kept_as_it_is(portal, doors):
    person = doors.people.find("student", "ann")
    secrets = [doors.invite(person), doors.begin(person), doors.issue(person, "x", ("read",), timedelta(1))]
    with sqlite3.connect(portal.server.paths.portal / "portal.sqlite") as connection:
        kept = "\n".join(connection.iterdump())
    connection.close()
    assert not [secret for secret in secrets if secret in kept or secret.removeprefix("grader_") in kept]
    assert (portal.server.paths.portal / "portal.sqlite").stat().st_mode & 0o77 == 0


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(portal, doors):
    browser = portal.server.browser()
    answer = browser.post(f"/in/{doors.invite(doors.people.find('student', 'ann'))}")
    flags = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")}
    assert {"httponly", "samesite=lax", "path=/"} <= flags


def test_signing_out_ends_the_session_also_for_a_copy_of_its_cookie(portal):
    ann = portal.server.enter("ann")
    copy = dict(ann.cookies)
    assert ann.post("/sign-out", data={"form_key": form_key(ann.get("/"))}).headers["location"] == "/sign-in"
    assert portal.server.browser(copy).get("/").headers["location"] == "/sign-in"


def test_signing_in_never_goes_on_with_a_secret_from_before(portal, doors):
    ann = portal.server.enter("ann")
    before = dict(ann.cookies)
    key = form_key(ann.get(f"/in/{doors.invite(doors.people.find('student', 'bob'))}"))
    ann.post(f"/in/{doors.invite(doors.people.find('student', 'bob'))}", data={"form_key": key})
    assert dict(ann.cookies) != before and "Bob" in ann.get("/").text
    assert portal.server.browser(before).get("/").headers["location"] == "/sign-in"


def test_a_session_gets_a_new_secret_and_the_old_one_soon_ends(doors, monkeypatch):
    secret = doors.begin(doors.people.find("student", "ann"))
    session = doors.session(secret)
    assert not session.old
    monkeypatch.setattr(signing_in, "ROTATED_AFTER", timedelta(0))
    assert session.old
    new = doors.rotate(secret, session)
    assert new != secret and doors.session(new).form_key == session.form_key
    assert doors.session(secret) is not None  # for what is under way
    monkeypatch.setattr(signing_in, "now", lambda: session.made + signing_in.REPLACED_FOR * 2)
    assert doors.session(secret) is None and doors.session(new) is not None


def test_invitations_and_sessions_expire(doors, monkeypatch):
    person = doors.people.find("student", "ann")
    invitation, session = doors.invite(person), doors.begin(person)
    later = signing_in.now() + timedelta(days=31)
    monkeypatch.setattr(signing_in, "now", lambda: later)
    assert doors.enter(invitation) is None and doors.session(session) is None


def test_who_is_taken_off_the_roster_is_out_at_once(portal):
    paths = portal.server.paths
    text = paths.roster_csv.read_text(encoding="utf-8")
    cy = portal.server.enter("cy")
    try:
        paths.roster_csv.write_text(text.replace("cy,Cy,\n", ""), encoding="utf-8")
        assert cy.get("/").headers["location"] == "/sign-in"
    finally:
        paths.roster_csv.write_text(text, encoding="utf-8")
    assert cy.get("/").status_code == 200


def test_links_that_let_nobody_in_are_tried_twenty_times_a_minute_from_one_address():
    tries = Tries()
    for number in range(20):
        assert tries.allows("192.0.2.1", number)
        tries.fail("192.0.2.1", number)
    assert not tries.allows("192.0.2.1", 21) and tries.allows("192.0.2.2", 21)
    assert tries.allows("192.0.2.1", 61)


def test_no_page_sends_anybody_elsewhere(portal, doors):
    for path in (
        "//evil.example",
        "/in/x?next=//evil.example",
        "/sign-in?next=https://evil.example",
        "/%2f%2fevil.example",
    ):
        answer = portal.server.browser().get(path)
        assert "evil.example" not in answer.headers.get("location", "")
    ann = portal.server.enter("ann")
    assert not re.search(r'(?:href|src|action)="(?:https?:)?//', ann.get("/?x=//evil.example").text)
