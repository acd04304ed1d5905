"""An OpenID provider that runs: Authlib's server side over HTTP on a loopback port. It can be told to lie."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Request
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CLIENT_ID, SECRET = "grader portal", "s3cret &="
SCOPES = "openid email profile"


@dataclass
class Code:
    """An authorization code, as Authlib asks it."""

    code: str
    redirect_uri: str
    scope: str
    nonce: str
    code_challenge: str
    code_challenge_method: str
    user: dict[str, Any]

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> None:
        return None

    get_acr = get_amr = get_auth_time


@dataclass
class Client:
    """The one client that the provider knows."""

    redirect_uri: str
    client_id: str = CLIENT_ID

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, address: str) -> bool:
        return address == self.redirect_uri

    def check_client_secret(self, secret: str) -> bool:
        return secret == SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_post"

    def check_response_type(self, kind: str) -> bool:
        return kind == "code"

    def check_grant_type(self, kind: str) -> bool:
        return kind == "authorization_code"


@dataclass
class Lies:
    """What is wrong with the next answers. claims: put into the ID token;  sign: the token's text from its claims"""

    claims: dict[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    sign: Callable[[dict[str, Any], Provider], str] | None = None
    issuer: str = ""
    userinfo: dict[str, Any] = field(default_factory=dict)


class Provider:
    """Whoever comes is `user`, at once. asked: every request for a token"""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one"})
        self.other = RSAKey.generate_key(2048, {"kid": "one"})
        self.keys = [self.key]
        self.user: dict[str, Any] = {}
        self.lies = Lies()
        self.codes: dict[str, Code] = {}
        self.asked: list[dict[str, str]] = []
        self.client = Client("")
        self.address = ""
        self.in_userinfo = False  # what is asked for by scope is told there, and not in the token
        self.server = _server(self)

    def application(self) -> Starlette:
        pages = {
            "/.well-known/openid-configuration": self._described,
            "/authorize": self._authorize,
            "/jwks": self._jwks,
            "/userinfo": self._userinfo,
        }
        routes = [Route(path, page) for path, page in pages.items()]
        return Starlette(routes=[*routes, Route("/token", self._token, methods=["POST"])])

    async def _described(self, request: Request) -> Response:
        endpoints = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks"}
        addresses = {name: f"{self.address}/{path}" for name, path in endpoints.items()}
        told = {"issuer": self.lies.issuer or self.address, "userinfo_endpoint": f"{self.address}/userinfo"}
        algorithms = {"id_token_signing_alg_values_supported": ["RS256", "none", "HS256"]}
        return JSONResponse(
            {**addresses, **told, **algorithms, "token_endpoint_auth_methods_supported": ["client_secret_post"]}
        )

    async def _jwks(self, request: Request) -> Response:
        return JSONResponse(KeySet(self.keys).as_dict(private=False))

    async def _userinfo(self, request: Request) -> Response:
        return JSONResponse({**self.user, **self.lies.userinfo})

    async def _authorize(self, request: Request) -> Response:
        asked = _asked(request, dict(request.query_params))
        grant = self.server.get_authorization_grant(asked)
        return self.server.create_authorization_response(asked, self.user, grant)

    async def _token(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        self.asked.append(form)
        return self.server.create_token_response((request, form))


def _asked(request: Request, given: dict[str, str]) -> OAuth2Request:
    """A request as Authlib reads it; it would have https, which ends elsewhere."""
    asked = OAuth2Request(request.method, str(request.url).replace("http:", "https:", 1), headers=request.headers)
    asked.payload = BasicOAuth2Payload(given)
    asked.__class__ = type("Asked", (OAuth2Request,), {"args": given, "form": given})
    return asked


def _server(provider: Provider) -> AuthorizationServer:
    class Server(AuthorizationServer):
        def query_client(self, client_id):
            return provider.client if client_id == CLIENT_ID else None

        def save_token(self, token, request):
            pass

        def send_signal(self, name, *args, **kwargs):
            pass

        def create_oauth2_request(self, request):
            return request if isinstance(request, OAuth2Request) else _asked(*request)

        def handle_response(self, status, body, headers):
            content = json.dumps(body) if isinstance(body, dict) else body
            return Response(content, status, dict(headers))

    class Grant(AuthorizationCodeGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_post"]

        def save_authorization_code(self, code, request):
            told = request.payload.data
            provider.codes[code] = Code(
                code,
                told["redirect_uri"],
                request.scope,
                told.get("nonce", ""),
                told.get("code_challenge", ""),
                told.get("code_challenge_method", ""),
                request.user,
            )

        def query_authorization_code(self, code, client):
            return provider.codes.get(code)

        def delete_authorization_code(self, authorization_code):
            del provider.codes[authorization_code.code]

        def authenticate_user(self, authorization_code):
            return authorization_code.user

    class Token(OpenIDCode):
        def exists_nonce(self, nonce, request):
            return any(code.nonce == nonce for code in provider.codes.values())

        def get_client_claims(self, client):
            return {"iss": provider.address, "aud": [client.client_id]}

        def get_encode_header(self, client):
            return {"alg": "RS256", "kid": "one"}

        def resolve_client_private_key(self, client):
            return provider.key

        def generate_user_info(self, user, scope):
            return {"sub": user["sub"]} if provider.in_userinfo else dict(user)

        def encode_id_token(self, token, request):
            text = super().encode_id_token(token, request)
            lies = provider.lies
            claims = jwt.decode(text, provider.key, algorithms=["RS256"]).claims
            claims = {name: value for name, value in (claims | lies.claims).items() if name not in lies.without}
            sign = lies.sign or (lambda said, by: jwt.encode({"alg": "RS256", "kid": "one"}, said, by.key))
            return sign(claims, provider)

    server = Server()
    server.register_token_generator("default", BearerTokenGenerator(lambda **_: "an access token"))
    server.register_grant(Grant, [CodeChallenge(required=True), Token(require_nonce=True)])
    return server


def unsigned(claims: dict[str, Any], provider: Provider) -> str:
    return ".".join(_encoded(json.dumps(each).encode()) for each in ({"alg": "none"}, claims)) + "."


def with_the_clients_secret(claims: dict[str, Any], provider: Provider) -> str:
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET.ljust(32)), algorithms=["HS256"])


def with_the_public_key(claims: dict[str, Any], provider: Provider) -> str:
    """As if the public key, which everybody knows, were a shared secret."""
    parts = [_encoded(json.dumps(each).encode()) for each in ({"alg": "HS256", "kid": "one"}, claims)]
    signed = ".".join(parts)
    mac = hmac.new(provider.key.as_pem(private=False), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_encoded(mac)}"


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def with_another_key(claims: dict[str, Any], provider: Provider) -> str:
    return jwt.encode({"alg": "RS256", "kid": "one"}, claims, provider.other)


@contextmanager
def providing() -> Iterator[Provider]:
    """A provider that runs on a port of its own."""
    provider = Provider()
    config = uvicorn.Config(provider.application(), port=0, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        threading.Event().wait(0.02)
    provider.address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield provider
    server.should_exit = True
    thread.join(timeout=10)
