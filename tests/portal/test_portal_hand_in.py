"""Handing in: looked at before it counts, on the disk when it is acknowledged, graded like all else."""

from __future__ import annotations

import hashlib
import html
import random
import re
import socket

import httpx
import pytest
from portal_server import form_key, hand_in, soon, upload
from tiny import RIGHT, ipynb

from grader.record.store import Store

WRONG = ipynb("def softmax(z):\n    return z", *RIGHT[2:])


def recorded(paths, student):
    with Store.open(paths.record, read_only=True) as store:
        return store.current_digests("tiny").get(student), store.hand_ins("tiny").get(student)


def test_what_was_handed_in_is_graded_as_by_the_command_and_says_where_it_came_from(portal):
    with Store.open(portal.server.paths.record, read_only=True) as store:
        attempt = store.current_attempt("ann", "tiny").attempt
        told = store.hand_ins("tiny")["ann"]
        assert store.submission(attempt.evidence.submission, "ann").content == ipynb(*RIGHT)
    assert attempt.points == 8.5
    assert told.source == f"portal, receipt {portal.number}" and told.time is not None


def test_the_receipt_holds_digest_number_and_time_with_seconds(portal):
    ann = portal.server.enter("ann")
    text = ann.get(f"/receipt/{portal.number}/text")
    assert "attachment" in text.headers["content-disposition"]
    facts = dict(line.split(None, 1) for line in text.text.splitlines())
    assert facts["sha256"] == hashlib.sha256(ipynb(*RIGHT)).hexdigest()
    assert facts["receipt"] == str(portal.number) and facts["received"].count(":") == 3
    file = ann.get(f"/receipt/{portal.number}/file")
    assert file.content == ipynb(*RIGHT) and file.headers["content-type"] == "application/octet-stream"


def test_an_upload_is_looked_at_and_counts_for_nothing_until_it_is_handed_in(portal):
    cy = portal.server.enter("cy")
    page = cy.get(upload(cy, WRONG).headers["location"])
    assert "Not handed in yet" in page.text and "running_sum" not in page.text and "ok q1" in page.text
    assert "nothing was handed in here" in cy.get("/a/tiny").text
    assert recorded(portal.server.paths, "cy") == (None, None)


def test_a_later_hand_in_counts_and_the_same_file_once_more_keeps_its_time(portal):
    zoe = portal.server.enter("zoë/../x")
    first = hand_in(zoe, WRONG)
    digest, told = soon(
        lambda: recorded(portal.server.paths, "zoë/../x")[0] and recorded(portal.server.paths, "zoë/../x")
    )
    assert hand_in(zoe, WRONG) == first + 1
    other = hand_in(zoe, ipynb(*RIGHT))
    soon(lambda: recorded(portal.server.paths, "zoë/../x")[0] != digest)
    assert told.source == f"portal, receipt {first}"
    assert recorded(portal.server.paths, "zoë/../x")[1].source == f"portal, receipt {other}"
    page = zoe.get("/a/tiny").text
    assert page.count("/receipt/") == 3 and page.count(">counts<") == 1


def test_a_hand_in_of_a_team_is_everybodys(portal):
    dee, eve = portal.server.enter("dee"), portal.server.enter("eve")
    number = hand_in(dee, ipynb(*RIGHT, "team = 'red'"))
    soon(lambda: ">graded<" in eve.get("/a/tiny").text)
    soon(lambda: ">graded<" in dee.get("/a/tiny").text)
    with Store.open(portal.server.paths.record, read_only=True) as store:
        points = [store.current_attempt(who, "tiny").attempt.points for who in ("dee", "eve")]
        assert points == [8.5, 8.5] and store.hand_ins("tiny")["eve"].source == f"portal, receipt {number}"
    assert eve.get(f"/receipt/{number}").status_code == 404


def test_the_button_pressed_twice_hands_in_once(portal):
    bob = portal.server.enter("bob")
    place = upload(bob, ipynb(*RIGHT, "twice = 1")).headers["location"]
    key = form_key(bob.get(place))
    answers = {bob.post(place, data={"form_key": key}).headers["location"] for _ in range(3)}
    assert len(answers) == 1


def test_the_live_line_says_what_the_page_says(portal):
    ann = portal.server.enter("ann")
    with ann.stream("GET", "/a/tiny/state") as answer:
        assert '"state": "done"' in next(answer.iter_lines())


@pytest.mark.parametrize(
    "name",
    [
        "../../../../etc/cron.d/x.ipynb",
        "..\\..\\x.ipynb",
        "/etc/passwd",
        "<script>alert(1)</script>.ipynb",
        '"><img src=x onerror=alert(1)>.ipynb',
        "a\x1b[2J.ipynb",
        "a" * 250 + ".ipynb",
        "\u202egnp.ipynb",
        "con.ipynb",
        "=1+1.ipynb",
        "' OR 1=1 --.ipynb",
        ".ipynb",
        "a\x00b.ipynb",
        "line\r\nSet-Cookie: x=1.ipynb",
        "%2e%2e%2fx.ipynb",
        "C:\\Windows\\win.ini",
        "nul",
        "~/.ssh/authorized_keys",
        "$(reboot).ipynb",
        "x.ipynb/../../hidden/test_q1.py",
    ],
    ids=range(20),
)
def test_no_name_of_a_file_is_a_path_or_markup(name: str, portal):
    bob = portal.server.enter("bob")
    before = {file for file in portal.server.paths.root.rglob("*") if ".grader" not in str(file)}
    page = bob.get(upload(bob, WRONG, name).headers["location"])
    assert page.status_code == 200
    assert "<script>alert" not in page.text and "<img" not in page.text and "\x1b" not in page.text
    assert {file for file in portal.server.paths.root.rglob("*") if ".grader" not in str(file)} == before
    assert not [file for file in portal.server.paths.portal.rglob("*") if "passwd" in file.name]


def test_nor_is_one_drawn_by_chance(portal):
    """Twenty names, of what names are broken with."""
    draw, cy = random.Random(17), portal.server.enter("cy")
    pieces = ["..", "/", "\\", "<b>", "'", '"', "&", ";", "\u202e", "\t", "%00", "é", "\U0001f4a5", "x", ".ipynb", " "]
    for _ in range(20):
        name = "".join(draw.choices(pieces, k=draw.randint(1, 12)))
        answer = upload(cy, WRONG, name)
        assert answer.status_code == 303, name
        page = cy.get(answer.headers["location"])
        assert page.status_code == 200
        kept = re.search(r"<bdi>([^<]*)</bdi>: \d+ bytes", page.text)
        assert kept and not set("/\\") & set(html.unescape(kept[1])), name


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{" * 100_000,
        b"[" * 100_000,
        b"\x00" * 5000,
        b"PK\x03\x04" + b"\xff" * 500,
        b'{"cells": [{"cell_type": "code", "source": "<script>alert(1)</script>"}], "nbformat": 4}',
        ipynb("(" * 5000 + ")" * 5000),
        ipynb("x = " + "-" * 20_000 + "1"),
        ipynb("import os\nos._exit(0)"),
        b"<html><script>alert(1)</script></html>",
    ],
    ids=range(10),
)
def test_no_notebook_stops_the_portal_or_becomes_markup(content: bytes, portal):
    bob = portal.server.enter("bob")
    answer = upload(bob, content)
    if answer.status_code == 303:
        answer = bob.get(answer.headers["location"])
    assert answer.status_code == (200 if content else 400)
    assert "<script>alert" not in answer.text
    assert bob.get("/").status_code == 200


def test_nor_does_one_drawn_by_chance(portal):
    """Twenty notebooks that were right until pieces were cut out of them and others put in."""
    draw, eve, right = random.Random(18), portal.server.enter("eve"), ipynb(*RIGHT)
    pieces = (b"", b"[" * 900, b"}", b'"', b"\\", b"\x00", b"\xff", b"<script>alert(1)</script>", b'"cells": 7,')
    for _ in range(20):
        content = right
        for _ in range(draw.randint(1, 6)):
            at, cut = draw.randrange(len(content)), draw.choice((0, 1, 40))
            content = content[:at] + draw.choice(pieces) + content[at + cut :]
        page = eve.get(upload(eve, content).headers["location"])
        assert page.status_code == 200 and "<script>alert" not in page.text, content


def test_what_is_too_large_is_not_read_on(portal):
    bob = portal.server.enter("bob")
    key = form_key(bob.get("/a/tiny"))
    border = b"--b\r\n"
    head = border + b'Content-Disposition: form-data; name="form_key"\r\n\r\n' + key.encode() + b"\r\n"
    head += border + b'Content-Disposition: form-data; name="file"; filename="a.ipynb"\r\n\r\n'
    sent = 0

    def endless():
        nonlocal sent
        yield head
        for _ in range(400):
            sent += 1
            yield b"x" * 2**20

    headers = {"content-type": "multipart/form-data; boundary=b"}
    try:
        answer = bob.post("/a/tiny/upload", content=endless(), headers=headers)
        assert answer.status_code == 413
    except httpx.TransportError:
        pass  # the server has closed: it reads no further
    assert sent < 200
    cookies = "; ".join(f"{name}={value}" for name, value in bob.cookies.items())
    with socket.create_connection((bob.base_url.host, bob.base_url.port)) as wire:
        said = {"host": "127.0.0.1", "cookie": cookies, "content-length": str(2**40), **headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
        wire.sendall(f"POST /a/tiny/upload HTTP/1.1\r\n{lines}\r\n".encode())
        assert wire.recv(100).startswith(b"HTTP/1.1 413")
    left = [file for file in (portal.server.paths.portal / "files").iterdir() if file.stat().st_size > 2**20]
    assert left == []


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"content-type": "application/json"}, b"{}"),
        ({"content-type": "multipart/form-data"}, b"x"),
        ({"content-type": "multipart/form-data; boundary=x"}, b"--y\r\nnonsense"),
        ({"content-type": "application/x-www-form-urlencoded"}, b"\xff\xfe=%zz&&&" * 50),
        ({"content-type": "application/x-www-form-urlencoded"}, b"a=1&" * 60_000),
    ],
    ids=range(5),
)
def test_a_form_that_is_none_is_refused(headers: dict[str, str], body: bytes, portal):
    bob = portal.server.enter("bob")
    answer = bob.post("/a/tiny/ask", content=body, headers=headers)
    assert answer.status_code in (400, 403, 413, 415)
    assert bob.get("/").status_code == 200


def test_no_form_drawn_by_chance_is_a_fault_or_becomes_markup(portal):
    """Twenty forms with the key of the session, of names that forms have and of what no field is meant for."""
    draw, dee = random.Random(19), portal.server.enter("dee")
    to = ("/a/tiny/ask", "/tokens", "/tokens/1/revoke", f"/receipt/{portal.number}/count", "/c/kaggle/choose")
    names = ("question", "about", "text", "name", "scopes", "entry", "<b>", "")
    values = ("", "\x00", "'; DROP TABLE log; --", "<script>alert(1)</script>", "9" * 400, "-1", "\u202e", "q1", "\r\n")
    for _ in range(20):
        form = {draw.choice(names): draw.choice(values) * draw.choice((1, 1, 50)) for _ in range(draw.randint(0, 6))}
        answer = dee.post(draw.choice(to), data={"form_key": form_key(dee.get("/")), **form})
        assert answer.status_code < 500 and "<script>alert" not in answer.text, form
    assert "<script>alert" not in dee.get("/tokens").text
