"""OpenID Connect: the code flow with PKCE, state and nonce, as far as it goes without a page.

Authlib judges the claims of a token and joserfc its signature; what else must hold is checked here, since neither asks
for it by itself: the audience, and that the token is signed with a key pair, whatever the provider says it supports.
"""

from __future__ import annotations

import base64
import json
import math
import secrets
import threading
import time
import urllib.error
import urllib.request
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from grader.course.sign_in import EMAIL, SignIn, is_safe
from grader.errors import GraderError, MachineryError, UsageError
from grader.languages.translating import tr
from grader.portal.people import People, Person

LASTS_S = 600.0  # from the button to the answer
MOST_FLOWS = 10_000
TIMEOUT_S = 10.0
MOST_BYTES = 1 << 20
KEPT_FOR_S = 3600.0  # what the provider says about itself
KEYS_AGAIN_S = 30.0
AGAIN_S = 5.0  # a provider that did not answer
LEEWAY_S = 60
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")


@dataclass(frozen=True)
class Flow:
    """One attempt to sign in. browser: a secret that is in a cookie of the browser that began it"""

    state: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    browser: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    began: float = field(default_factory=time.monotonic)


class Flows:
    """Those that have begun, in memory; each ends once. Of too many the oldest are forgotten."""

    def __init__(self) -> None:
        self._begun: OrderedDict[str, Flow] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self) -> Flow:
        flow = Flow()
        with self._lock:
            self._begun[flow.state] = flow
            while len(self._begun) > MOST_FLOWS:
                self._begun.popitem(last=False)
        return flow

    def end(self, state: str, browser: str) -> Flow | None:
        """The flow of a state, once; None where another browser began it, or too long ago."""
        with self._lock:
            flow = self._begun.pop(state, None)
        if flow is None or time.monotonic() - flow.began > LASTS_S:
            return None
        return flow if secrets.compare_digest(flow.browser.encode(), browser.encode()) else None


class Provider:
    """A provider. secret: of the client, "" for one that has none;  callback: where browsers are sent back to"""

    def __init__(self, sign_in: SignIn, secret: str, callback: str) -> None:
        self.sign_in, self._secret, self.callback = sign_in, secret, callback
        self._said: tuple[float, dict[str, Any]] = (0.0, {})
        self._keys: tuple[float, dict[str, Any]] = (0.0, {})
        self._failed: tuple[float, str] = (-math.inf, "")
        self._asking = threading.Lock()

    def address(self, flow: Flow) -> str:
        """Where a browser is sent to sign in."""
        from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        address: str = prepare_grant_uri(
            self._metadata("authorization_endpoint"),
            client_id=self.sign_in.client_id,
            response_type="code",
            redirect_uri=self.callback,
            scope=" ".join(self.sign_in.scopes),
            state=flow.state,
            nonce=flow.nonce,
            code_challenge=create_s256_code_challenge(flow.verifier),
            code_challenge_method="S256",
        )
        return address

    def claims(self, flow: Flow, code: str) -> Mapping[str, Any]:
        """What the provider says of whoever signed in. Raises UsageError for every answer that does not hold."""
        token = self._token(flow, code)
        claims = self._checked(token, flow.nonce)
        if self.sign_in.claim in claims:
            return claims
        access, endpoint = token.get("access_token"), self._described().get("userinfo_endpoint")
        if not isinstance(access, str) or not isinstance(endpoint, str) or not is_safe(endpoint):
            return claims
        told = fetched(endpoint, headers={"Authorization": f"Bearer {access}"})
        if told.get("sub") != claims["sub"]:
            raise UsageError(tr("what the provider says is about somebody else than its token"))
        return told

    # ---------------------------------------------------------------------------------------- what is asked

    def _token(self, flow: Flow, code: str) -> dict[str, Any]:
        """What the code is worth."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.callback}
        form |= {"client_id": self.sign_in.client_id, "code_verifier": flow.verifier}
        headers = {}
        methods = self._described().get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if self._secret and "client_secret_basic" in methods:
            pair = f"{quote(self.sign_in.client_id, safe='')}:{quote(self._secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        elif self._secret:
            form["client_secret"] = self._secret
        return fetched(self._metadata("token_endpoint"), form, headers)

    def _checked(self, token: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        """The claims of an ID token whose signature, issuer, audience, times and nonce hold. Raises UsageError."""
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.errors import InvalidKeyIdError, JoseError
        from joserfc.jwk import KeySet

        text = token.get("id_token")
        if not isinstance(text, str):
            raise UsageError(tr("the provider sent no ID token"))
        wanted = {"iss": self.sign_in.issuer, "aud": self.sign_in.client_id}
        options = {name: {"essential": True, "value": value} for name, value in wanted.items()}
        params = {"nonce": nonce, "client_id": self.sign_in.client_id, "access_token": token.get("access_token")}
        try:
            try:
                read = jwt.decode(text, KeySet.import_key_set(self._key_set()), algorithms=ALGORITHMS)
            except InvalidKeyIdError:  # the provider has new keys
                read = jwt.decode(text, KeySet.import_key_set(self._key_set(again=True)), algorithms=ALGORITHMS)
            claims = CodeIDToken(read.claims, read.header, options, params)
            claims.validate(leeway=LEEWAY_S)
        except (JoseError, ValueError, TypeError, KeyError) as why:
            said = getattr(why, "claim", "") or getattr(why, "error", "") or type(why).__name__
            raise UsageError(tr("the provider's token does not hold: {text}", text=said)) from None
        return dict(claims)

    def _metadata(self, name: str) -> str:
        """An address that the provider names. Raises MachineryError where there is none that can be used."""
        address = self._described().get(name)
        if not isinstance(address, str) or not is_safe(address):
            raise MachineryError(f"{self.sign_in.issuer}: no {name} that can be used")
        return address

    def _described(self) -> dict[str, Any]:
        """What the provider says about itself."""
        with self._asking:  # one asks and all others wait, also for the news that it does not answer
            when, said = self._said
            if said and time.monotonic() - when < KEPT_FOR_S:
                return said
            if time.monotonic() - self._failed[0] < AGAIN_S:
                raise MachineryError(self._failed[1])
            try:
                self._said = (time.monotonic(), self._newly_described())
            except GraderError as why:
                self._failed = (time.monotonic(), str(why))
                raise MachineryError(str(why)) from None
            return self._said[1]

    def _newly_described(self) -> dict[str, Any]:
        issuer = self.sign_in.issuer
        said = fetched(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if said.get("issuer") != issuer:
            raise MachineryError(f"{issuer}: the provider there calls itself {said.get('issuer')!r}")
        return said

    def _key_set(self, again: bool = False) -> Any:
        when, keys = self._keys
        age_s = time.monotonic() - when
        if not keys or age_s > KEPT_FOR_S or again and age_s > KEYS_AGAIN_S:
            keys = fetched(self._metadata("jwks_uri"))
            self._keys = (time.monotonic(), keys)
        return keys


def whose(people: People, sign_in: SignIn, claims: Mapping[str, Any]) -> Person:
    """Who on the roster, or of the staff, somebody is. Raises UsageError where that is nobody, or cannot be known."""
    said = claims.get(sign_in.claim)
    if not isinstance(said, str) or not said.strip():
        raise UsageError(
            tr("the provider says no {claim} of you; the staff must ask for it (scopes)", claim=sign_in.claim)
        )
    if sign_in.claim == EMAIL and claims.get("email_verified") is not True:
        raise UsageError(tr("the provider has not verified your address; do that there, then try again"))
    found = people.with_email(said) if sign_in.claim == EMAIL else people.with_id(said)
    if found is None:
        raise UsageError(
            tr(
                "nobody in this course has the {claim} {value}; ask the staff",
                claim=sign_in.claim,
                value=repr(said[:100]),
            )
        )
    return found


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def fetched(
    address: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The JSON object at an address; a form is sent there. No redirect is followed, no more is read than 1 MiB.

    Raises UsageError where the provider refuses (4xx), MachineryError where it does not answer.
    """
    content = urlencode(form).encode() if form is not None else None
    request = urllib.request.Request(address, content, {"Accept": "application/json", **(headers or {})})
    try:
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=TIMEOUT_S) as answer:
            raw = answer.read(MOST_BYTES + 1)
        said = json.loads(raw) if len(raw) <= MOST_BYTES else None
    except urllib.error.HTTPError as refused:
        refused.close()
        if 400 <= refused.code < 500:
            raise UsageError(tr("the provider refused this (HTTP {code}); try again", code=refused.code)) from None
        raise MachineryError(f"{address}: HTTP {refused.code}") from None
    except (OSError, ValueError) as problem:
        raise MachineryError(f"{address}: {problem}") from None
    if not isinstance(said, dict):
        raise MachineryError(f"{address}: no JSON object")
    return said
