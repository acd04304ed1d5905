"""Invitations, sessions and tokens: secrets that are shown once and kept as digests."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from grader.portal.database import Database, now, read, written
from grader.portal.people import People, Person

INVITED_FOR = timedelta(days=30)
SHOWN_FOR = timedelta(hours=2)  # a link that the server prints
SESSION_FOR = timedelta(days=14)
ROTATED_AFTER = timedelta(hours=1)
REPLACED_FOR = timedelta(minutes=2)  # for requests that were under way when a session's secret changed
TRIES, TRIES_WITHIN_S = 20, 60.0  # of links that let nobody in, from one address
SCOPES = ("hand in", "read", "staff")


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass(frozen=True)
class Session:
    """A session of a person. form_key: what every form of it carries"""

    person: Person
    family: str
    form_key: str
    made: datetime

    @property
    def old(self) -> bool:
        return now() - self.made > ROTATED_AFTER

    def owns(self, form_key: str) -> bool:
        return hmac.compare_digest(self.form_key.encode(), form_key.encode())


class Doors:
    """Every way in."""

    def __init__(self, database: Database, people: People) -> None:
        self.database, self.people = database, people

    # invitations

    def invite(self, person: Person, lasts: timedelta = INVITED_FOR, mailed: bool = True) -> str:
        """A secret that lets a person in once. mailed: it leaves this machine"""
        secret, time = secrets.token_urlsafe(24), now()
        self.database.insert(
            "invitations",
            digest=digest_of(secret),
            kind=person.kind,
            person=person.id,
            made=written(time),
            expires=written(time + lasts),
            mailed=int(mailed),
        )
        return secret

    def invited_anybody(self) -> bool:
        return bool(self.database.select("SELECT 1 FROM invitations WHERE mailed LIMIT 1"))

    def invited(self) -> set[tuple[str, str]]:
        """(kind, id) of everybody who was sent a link."""
        return set(self.database.select("SELECT DISTINCT kind, person FROM invitations WHERE mailed"))

    def whose(self, secret: str) -> Person | None:
        """Whom an invitation would let in, which is not used by that."""
        rows = self.database.select(
            "SELECT kind, person FROM invitations WHERE digest = ? AND used IS NULL AND expires > ?",
            digest_of(secret),
            written(now()),
        )
        return self.people.find(*rows[0]) if rows else None

    def enter(self, secret: str) -> str | None:
        """Use an invitation; returns the secret of a new session, None where it lets nobody in (any more)."""
        person = self.whose(secret)
        if person is None:
            return None
        used = self.database.change(
            "UPDATE invitations SET used = ? WHERE digest = ? AND used IS NULL", written(now()), digest_of(secret)
        )
        return self.begin(person) if used.rowcount == 1 else None

    # sessions

    def begin(self, person: Person) -> str:
        """A new session; returns its secret."""
        time = now()
        self.database.change("DELETE FROM sessions WHERE expires < ?", written(time))
        return self._session(person, secrets.token_hex(16), secrets.token_urlsafe(24), time + SESSION_FOR)

    def _session(self, person: Person, family: str, form_key: str, expires: datetime) -> str:
        secret = secrets.token_urlsafe(32)
        self.database.insert(
            "sessions",
            digest=digest_of(secret),
            family=family,
            kind=person.kind,
            person=person.id,
            form_key=form_key,
            made=written(now()),
            expires=written(expires),
        )
        return secret

    def session(self, secret: str) -> Session | None:
        """The session of a secret, of somebody who is still on the tables."""
        rows = self.database.select(
            "SELECT kind, person, family, form_key, made FROM sessions WHERE digest = ? AND expires > ?",
            digest_of(secret),
            written(now()),
        )
        for kind, person_id, family, form_key, made in rows:
            person = self.people.find(kind, person_id)
            return Session(person, family, form_key, read(made)) if person else None
        return None

    def rotate(self, secret: str, session: Session) -> str:
        """A new secret for a session; the one it had is good for a moment more."""
        with self.database.transaction():
            new = self._session(session.person, session.family, session.form_key, now() + SESSION_FOR)
            soon = written(now() + REPLACED_FOR)
            self.database.change(
                "UPDATE sessions SET expires = min(expires, ?) WHERE digest = ?", soon, digest_of(secret)
            )
        return new

    def end(self, session: Session) -> None:
        """Sign out: every secret of the session."""
        self.database.change("DELETE FROM sessions WHERE family = ?", session.family)

    # tokens of programs

    def issue(self, person: Person, name: str, scopes: tuple[str, ...], lasts: timedelta) -> str:
        """A token with which a program does what its scopes allow, in a person's name."""
        secret, time = f"grader_{secrets.token_urlsafe(32)}", now()
        self.database.insert(
            "tokens",
            digest=digest_of(secret),
            kind=person.kind,
            person=person.id,
            scopes=",".join(scopes),
            name=name,
            made=written(time),
            expires=written(time + lasts),
        )
        return secret

    def bearer(self, secret: str) -> tuple[Person, tuple[str, ...]] | None:
        """Whose token it is, and its scopes."""
        rows = self.database.select(
            "SELECT kind, person, scopes FROM tokens WHERE digest = ? AND expires > ?"
            " AND id NOT IN (SELECT token FROM token_ends)",
            digest_of(secret),
            written(now()),
        )
        for kind, person_id, scopes in rows:
            person = self.people.find(kind, person_id)
            return (person, tuple(scopes.split(","))) if person else None
        return None

    def tokens(self, person: Person) -> list[tuple[int, str, str, str]]:
        """(id, name, scopes, until) of a person's tokens that are good."""
        return self.database.select(
            "SELECT id, name, scopes, expires FROM tokens WHERE kind = ? AND person = ? AND expires > ?"
            " AND id NOT IN (SELECT token FROM token_ends) ORDER BY id",
            person.kind,
            person.id,
            written(now()),
        )

    def revoke(self, person: Person, token: int) -> None:
        if any(row[0] == token for row in self.tokens(person)):
            self.database.insert("token_ends", token=token, made=written(now()))


class Tries:
    """How often an address came with a link that lets nobody in; too often is refused for a minute."""

    def __init__(self, most: int = TRIES, within_s: float = TRIES_WITHIN_S) -> None:
        self.most, self.within_s = most, within_s
        self._failed: dict[str, deque[float]] = {}

    def allows(self, address: str, at: float) -> bool:
        failed = self._failed.get(address, ())
        return sum(time > at - self.within_s for time in failed) < self.most

    def fail(self, address: str, at: float) -> None:
        if len(self._failed) > 10_000:  # addresses cost nothing; memory does
            self._failed = {key: times for key, times in self._failed.items() if times[-1] > at - self.within_s}
        self._failed.setdefault(address, deque(maxlen=self.most)).append(at)
