"""Signing in to the portal with OpenID Connect: the table `sign_in` of course.toml."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, fields
from urllib.parse import urlsplit

from grader.course import toml_values as toml
from grader.errors import AuthoringError

EMAIL = "email"


@dataclass(frozen=True)
class SignIn:
    """A provider. issuer: as it writes itself in its tokens;  claim: what of a token says who somebody is

    The claim `email` is compared with the addresses of roster.csv and staff.csv where the provider has verified it;
    every other claim with their ids. name: what stands on the button
    """

    issuer: str
    client_id: str
    claim: str = EMAIL
    scopes: tuple[str, ...] = ("openid", EMAIL)
    name: str = "your account"

    def __post_init__(self) -> None:
        parts = urlsplit(self.issuer)
        if not is_safe(self.issuer) or parts.query or parts.fragment:
            raise AuthoringError(f"issuer must be an address like https://login.example.org, got {self.issuer!r}")
        if "openid" not in self.scopes or any(" " in scope for scope in self.scopes):
            raise AuthoringError(f"scopes must be words, with openid among them, got {list(self.scopes)!r}")


def is_safe(address: str) -> bool:
    """Whether what is sent to an address goes over TLS, or stays on this machine."""
    parts = urlsplit(address)
    return bool(parts.hostname) and (
        parts.scheme == "https" or parts.scheme == "http" and _is_here(parts.hostname or "")
    )


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def sign_in(value: object, where: str) -> SignIn:
    """The table. Raises AuthoringError."""
    table = toml.Table(value, where, [each.name for each in fields(SignIn)])
    with toml.located(where):
        return SignIn(
            issuer=table.take("issuer", toml.text),
            client_id=table.take("client_id", toml.text),
            claim=table.get("claim", toml.text, EMAIL),
            scopes=tuple(table.get("scopes", toml.texts, ["openid", EMAIL])),
            name=table.get("name", toml.text, "your account"),
        )
