"""Signing in with OpenID Connect, against a provider that runs; and every answer of one that must let nobody in."""

from __future__ import annotations

import itertools
import os
import sqlite3
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from openid_provider import (
    CLIENT_ID,
    SECRET,
    Lies,
    Provider,
    providing,
    unsigned,
    with_another_key,
    with_the_clients_secret,
    with_the_public_key,
)
from portal_server import IN_PROCESSES, Server, begin, course

from grader.course.config import read_course
from grader.course.sign_in import SignIn
from grader.errors import AuthoringError, MachineryError, UsageError
from grader.portal import openid, serving
from grader.portal.openid import Flows, whose
from grader.portal.people import People

ANN = {"sub": "123", "email": "Ann@Example.org", "email_verified": True, "preferred_username": "ANN"}


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with providing() as running:
        yield running


@pytest.fixture(scope="module")
def server(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    table = f'[sign_in]\nissuer = "{provider.address}"\nclient_id = "{CLIENT_ID}"\nname = "the university"\n'
    paths = course(tmp_path_factory.mktemp("course"), table)
    os.environ["GRADER_OIDC_SECRET"] = SECRET
    try:
        running = begin(paths, *IN_PROCESSES, "--proxy", "127.0.0.1")
    finally:
        del os.environ["GRADER_OIDC_SECRET"]
    provider.client.redirect_uri = f"{running.address}/oidc/callback"
    yield running
    running.close()
    running.process.terminate()
    running.process.communicate(timeout=60)


@pytest.fixture(autouse=True)
def honest(provider: Provider) -> None:
    provider.user, provider.lies, provider.in_userinfo = dict(ANN), Lies(), False
    provider.keys = [provider.key]


def to_the_provider(browser: httpx.Client) -> str:
    """Where the provider sends a browser back to."""
    assert 'href="/oidc/begin"' in browser.get("/sign-in").text
    begun = browser.get("/oidc/begin")
    assert begun.status_code == 303, begun.text
    with httpx.Client() as elsewhere:  # cookies of the portal are not sent there
        back = elsewhere.get(begun.headers["location"])
    assert back.status_code == 302, back.text
    return back.headers["location"]


def signed_in(browser: httpx.Client) -> bool:
    return browser.get("/").status_code == 200


def test_a_verified_address_of_the_roster_lets_its_student_in(server, provider):
    browser = server.browser()
    answer = browser.get(to_the_provider(browser))
    assert answer.headers["location"] == "/" and "Ann Ámos" in browser.get("/").text
    flags = {part.strip().lower() for cookie in answer.headers.get_list("set-cookie") for part in cookie.split(";")}
    assert {"httponly", "samesite=lax"} <= flags
    form = provider.asked[-1]
    assert len(form["code_verifier"]) >= 43 and form["client_secret"] == SECRET


def test_the_request_has_state_nonce_and_a_challenge(server):
    asked = parse_qs(urlsplit(server.browser().get("/oidc/begin").headers["location"]).query)
    assert asked["response_type"] == ["code"] and asked["code_challenge_method"] == ["S256"]
    assert all(len(asked[name][0]) >= 40 for name in ("state", "nonce", "code_challenge"))
    again = parse_qs(urlsplit(server.browser().get("/oidc/begin").headers["location"]).query)
    assert not {asked[name][0] for name in ("state", "nonce", "code_challenge")} & {
        again[name][0] for name in ("state", "nonce", "code_challenge")
    }


def test_what_is_told_at_userinfo_counts_too_and_is_about_the_same_person(server, provider):
    provider.in_userinfo = True
    browser = server.browser()
    browser.get(to_the_provider(browser))
    assert signed_in(browser)
    provider.lies = Lies(userinfo={"sub": "456"})
    other = server.browser()
    assert "about somebody else" in other.get(to_the_provider(other)).text and not signed_in(other)


HOSTS = itertools.count(1)
now = int(time.time())


@pytest.mark.parametrize(
    ("lies", "says"),
    [
        pytest.param(Lies({"iss": "https://evil.example"}), "iss", id="another issuer"),
        pytest.param(Lies({"aud": "another client"}), "aud", id="another audience"),
        pytest.param(Lies({"aud": "another client", "azp": CLIENT_ID}), "aud", id="another audience, our party"),
        pytest.param(Lies({"aud": [CLIENT_ID, "another"], "azp": "another"}), "azp", id="another party"),
        pytest.param(Lies({"nonce": "another nonce"}), "nonce", id="another nonce"),
        pytest.param(Lies(without=("nonce",)), "nonce", id="no nonce"),
        pytest.param(Lies({"exp": now - 3600}), "exp", id="expired"),
        pytest.param(Lies({"nbf": now + 3600}), "nbf", id="not yet"),
        pytest.param(Lies({"iat": now + 3600}), "iat", id="from the future"),
        pytest.param(Lies({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}), "at_hash", id="another access token"),
        *(pytest.param(Lies(without=(name,)), name, id=f"no {name}") for name in ("iss", "aud", "exp", "iat", "sub")),
        pytest.param(Lies(sign=unsigned), "does not hold", id="unsigned"),
        pytest.param(Lies(sign=with_the_clients_secret), "does not hold", id="a shared secret"),
        pytest.param(Lies(sign=with_the_public_key), "does not hold", id="the public key as a secret"),
        pytest.param(Lies(sign=with_another_key), "does not hold", id="another key"),
        pytest.param(Lies(sign=lambda claims, by: "no token"), "does not hold", id="no token"),
        pytest.param(Lies({"email_verified": False}), "not verified", id="an address that is not verified"),
        pytest.param(Lies({"email_verified": "true"}), "not verified", id="a text for true"),
        pytest.param(Lies(without=("email_verified",)), "not verified", id="nothing about it"),
        pytest.param(Lies({"email": "ann@example.com"}), "nobody in this course", id="nobodys address"),
        pytest.param(Lies({"email": "ann"}), "nobody in this course", id="an id for an address"),
        pytest.param(Lies({"email": ""}), "says no email", id="no address"),
        pytest.param(Lies({"email": ["ann@example.org"]}), "says no email", id="a list"),
    ],
)
def test_an_answer_that_does_not_hold_lets_nobody_in(lies: Lies, says: str, server, provider):
    provider.lies = lies
    browser = server.browser()
    browser.headers["x-forwarded-for"] = f"203.0.113.{next(HOSTS)}"  # too many failures of one are refused
    answer = browser.get(to_the_provider(browser))
    assert answer.status_code == 403 and says in answer.text, answer.text
    assert not signed_in(browser) and "grader_session" not in browser.cookies


def test_too_many_answers_that_do_not_hold_are_refused_for_a_minute(server):
    browser = server.browser()
    browser.headers["x-forwarded-for"] = "198.51.100.1"
    answers = [browser.get("/oidc/callback?state=guessed&code=x").status_code for _ in range(21)]
    assert answers == [403] * 20 + [429]


def test_an_answer_counts_once_in_the_browser_that_asked(server):
    ann, eve = server.browser(), server.browser()
    back = to_the_provider(ann)
    assert eve.get(back).status_code == 403 and not signed_in(eve)  # whoever is sent another's address
    assert ann.get(back).status_code == 403 and not signed_in(ann)  # and then it is used up
    back = to_the_provider(ann)
    ann.get(back)
    assert signed_in(ann)
    again = server.browser(dict(ann.cookies))
    assert again.get(back).status_code == 403


def test_a_code_of_another_flow_is_worth_nothing(server, provider):
    """The challenge: a stolen code without the verifier that its flow began with."""
    ann, eve = server.browser(), server.browser()
    code = parse_qs(urlsplit(to_the_provider(ann)).query)["code"][0]
    state = parse_qs(urlsplit(to_the_provider(eve)).query)["state"][0]
    answer = eve.get(f"/oidc/callback?state={state}&code={code}")
    assert answer.status_code == 403 and "refused this (HTTP 400)" in answer.text and not signed_in(eve)


@pytest.mark.parametrize("query", ["error=access_denied", "", "code=x&iss=https://evil.example", "code=nothing"])
def test_an_answer_without_a_code_that_is_good_lets_nobody_in(query: str, server):
    browser = server.browser()
    browser.headers["x-forwarded-for"] = f"203.0.113.{next(HOSTS)}"
    state = parse_qs(urlsplit(to_the_provider(browser)).query)["state"][0]
    assert browser.get(f"/oidc/callback?state={state}&{query}").status_code == 403 and not signed_in(browser)


def test_new_keys_of_the_provider_are_fetched(server, provider, monkeypatch):
    asking = openid.Provider(SignIn(provider.address, CLIENT_ID), SECRET, provider.client.redirect_uri)
    monkeypatch.setattr(openid, "KEYS_AGAIN_S", 0.0)
    from joserfc.jwk import RSAKey

    for kid in ("two", "three"):
        provider.keys = [RSAKey.generate_key(2048, {"kid": kid})]
        provider.lies = Lies(sign=lambda claims, by, kid=kid: signed(claims, by.keys[0], kid))
        flow = openid.Flow()
        with httpx.Client() as browser:
            code = parse_qs(urlsplit(browser.get(asking.address(flow)).headers["location"]).query)["code"][0]
        assert asking.claims(flow, code)["sub"] == "123"


def signed(claims: dict, key: object, kid: str) -> str:
    from joserfc import jwt

    return jwt.encode({"alg": "RS256", "kid": kid}, claims, key)


def test_a_provider_that_calls_itself_otherwise_is_not_asked(server, provider):
    provider.lies = Lies(issuer="https://evil.example")
    asking = openid.Provider(SignIn(provider.address, CLIENT_ID), SECRET, "http://127.0.0.1/oidc/callback")
    with pytest.raises(MachineryError, match="calls itself 'https://evil.example'"):
        asking.address(openid.Flow())


def test_a_session_of_before_ends_and_the_secret_is_nowhere(server):
    bob = server.enter("bob")
    before = dict(bob.cookies)
    bob.get(to_the_provider(bob))
    assert "Ann Ámos" in bob.get("/").text
    assert server.browser(before).get("/").headers["location"] == "/sign-in"
    with sqlite3.connect(server.paths.portal / "portal.sqlite") as connection:
        kept = "\n".join(connection.iterdump())
    connection.close()
    assert SECRET not in kept


# ------------------------------------------------------------------------------------------------ who that is


@pytest.fixture
def people(tmp_path):
    paths = course(tmp_path)
    roster = "student,name,email\nann,Ann,ann@example.org\nbob,Bob,bob@example.org\nkim,Kim,kim@example.org\nada,A,\n"
    paths.roster_csv.write_text(roster, encoding="utf-8")
    paths.staff_csv.write_text("staff,role,email\nada,instructor,bob@example.org\n")
    return People(paths)


@pytest.mark.parametrize(
    ("claim", "said", "found"),
    [
        ("email", "ANN@example.ORG", "ann"),
        ("email", "bob@example.org", None),  # a student's and one of the staff
        ("email", "\u212aim@example.org", None),  # the sign for kelvin folds to a k
        ("email", " ", None),
        ("preferred_username", "Kim", "kim"),
        ("preferred_username", "ada", None),  # a student, and one of the staff
        ("preferred_username", "kim@example.org", None),
        ("name", "Ann", "ann"),
    ],
)
def test_nobody_comes_in_by_what_is_not_theirs_alone(claim: str, said: str, found: str | None, people):
    sign_in = SignIn("https://login.example.org", "grader", claim)
    claims = {claim: said, "email_verified": True}
    if found:
        assert whose(people, sign_in, claims).id == found
    else:
        with pytest.raises(UsageError):
            whose(people, sign_in, claims)


def test_flows_are_forgotten(monkeypatch):
    monkeypatch.setattr(openid, "MOST_FLOWS", 2)
    flows = Flows()
    first, second, third = (flows.begin() for _ in range(3))
    assert flows.end(first.state, first.browser) is None and flows.end(second.state, second.browser) is second
    monkeypatch.setattr(openid, "LASTS_S", -1.0)
    assert flows.end(third.state, third.browser) is None


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('issuer = "http://login.example.org"\nclient_id = "x"', "issuer must be an address like https://"),
        ('issuer = "https://login.example.org?x"\nclient_id = "x"', "issuer must be"),
        ('issuer = "https://login.example.org"', "client_id is missing"),
        ('issuer = "https://login.example.org"\nclient_id = "x"\nclient_secret = "y"', "unknown key 'client_secret'"),
        ('issuer = "https://login.example.org"\nclient_id = "x"\nscopes = ["email"]', "with openid among them"),
    ],
)
def test_what_is_wrong_in_the_table_is_said(table: str, says: str, tmp_path):
    with pytest.raises(AuthoringError, match=says):
        read_course(course(tmp_path, f"[sign_in]\n{table}\n"))


def test_the_secret_may_come_from_a_file_and_children_do_not_inherit_it(tmp_path, monkeypatch):
    (tmp_path / "secret").write_text("from a file\n")
    monkeypatch.setenv("GRADER_OIDC_SECRET_FILE", str(tmp_path / "secret"))
    assert serving.client_secret() == "from a file"
    monkeypatch.setenv("GRADER_OIDC_SECRET", "directly")
    assert serving.client_secret() == "directly" and "GRADER_OIDC_SECRET" not in os.environ
    monkeypatch.setenv("GRADER_OIDC_SECRET_FILE", str(tmp_path / "nothing"))
    with pytest.raises(UsageError, match="cannot be read"):
        serving.client_secret()
