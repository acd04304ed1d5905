"""The API as an OpenAPI document, made of the table of routes; and a page for people."""

from __future__ import annotations

import re
from typing import Any

from starlette.responses import JSONResponse, Response

from grader import __version__
from grader.pages.markup import cell, el, heading, table
from grader.portal.frame import page
from grader.portal.visit import Visit

_PARAMETER = re.compile(r"\{(\w+)(?::(\w+))?\}")


def document(visit: Visit) -> Response:
    """The OpenAPI document."""
    return JSONResponse(described(visit))


def described(visit: Visit) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for route in visit.portal.api:
        path = _PARAMETER.sub(r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = {
            "operationId": route.page.__name__ + ("_staff" if route.scope == "staff" else ""),
            "summary": (route.page.__doc__ or "").strip(),
            "security": [{"token": [route.scope]}],
            "parameters": [
                {
                    "name": name,
                    "in": "path",
                    "required": True,
                    "schema": {"type": "integer" if kind == "int" else "string"},
                }
                for name, kind in _PARAMETER.findall(route.path)
            ],
            **({"requestBody": _FILE} if route.takes == "file" else {}),
            "responses": {
                "201" if route.method == "POST" else "200": {"description": "done", "content": _JSON},
                "default": {"description": "refused; `error` says why, in a sentence", "content": _ERROR},
            },
        }
    about = {"title": f"{visit.portal.now.state.course.name}: grader", "version": __version__}
    token = {"type": "http", "scheme": "bearer", "description": "a token of the page Programs"}
    return {
        "openapi": "3.1.0",
        "info": about,
        "servers": [{"url": visit.portal.settings.address}],
        "paths": paths,
        "components": {"securitySchemes": {"token": token}},
    }


_JSON = {"application/json": {"schema": {"type": "object"}}}
_ERROR = {
    "application/json": {
        "schema": {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
    }
}
_FILE = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
            }
        }
    },
}


def help_page(visit: Visit) -> Response:
    """The API for people."""
    head = el("tr", *(heading(name) for name in ("call", "scope", "what it does")))
    rows = [
        [
            el("th", el("code", route.method, " ", _PARAMETER.sub(r"{\1}", route.path)), scope="row"),
            cell(route.scope),
            cell((route.page.__doc__ or "").strip()),
        ]
        for route in visit.portal.api
    ]
    text = "Send a token of the page Programs with every call, as the header Authorization: Bearer TOKEN."
    link = el("p", el("a", "The same as an OpenAPI document", href="/api/openapi.json"))
    return page(visit, "For programs", el("p", text), table([head], rows), link)
