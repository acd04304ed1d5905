"""`submit`: hand a notebook in on the course's portal, from a terminal or a cell. The standard library is enough."""

from __future__ import annotations

import json
import os
import secrets
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Callable
from urllib.parse import quote, urlsplit

from grader.errors import SubmissionError, UsageError
from grader.languages.recorded import recorded
from grader.languages.translating import trc

WAIT_S = 120.0
TOKEN_FILE = "grader_token.txt"


def submit(
    file: Path, content: bytes, assignment: str, to: str, token: str, say: Callable[[str], None], yes: bool
) -> int:
    """Upload a file, say what was found, and hand it in when that is wanted; the receipt lies beside the file.

    returns 0, or 1 where nothing was handed in.
    """
    place = f"{_checked(to)}/api/assignments/{quote(assignment, safe='')}/uploads"
    body, kind = _form(file.name, content)
    draft = _asked(place, token, body, kind)
    for line in draft["found"]:
        say(str(line))
    if not yes and not _confirmed(f"hand in {file.name} for {assignment}? [y/N] "):
        say("nothing was handed in")
        return 1
    receipt = _asked(f"{place}/{quote(draft['draft'], safe='')}", token, b"", "application/x-www-form-urlencoded")
    kept = file.with_name(f"receipt_{receipt['assignment']}_{receipt['receipt']}.txt")
    kept.write_text(receipt["text"], encoding="utf-8")
    late = f", {receipt['late_minutes']} min late" if receipt["late_minutes"] else ""
    say(f"handed in: receipt {receipt['receipt']}, sha256 {receipt['sha256'][:16]}, {receipt['received']}{late}")
    say(str(kept))
    return 0


def token_of(given: Path | None, beside: Path) -> str:
    """The token, from a file or from GRADER_TOKEN: never from the command line, which others see. Raises UsageError."""
    file = given or beside.parent / TOKEN_FILE
    if given is None and os.environ.get("GRADER_TOKEN"):
        return os.environ["GRADER_TOKEN"].strip()
    try:
        token = file.read_text(encoding="utf-8").strip()
    except OSError:
        token = ""
    if not token.isascii() or not token.isprintable() or not token:
        raise UsageError(f"no token in {file}: make one on the portal's page Programs, and write it into that file")
    return token


def _checked(to: str) -> str:
    parts = urlsplit(to)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise UsageError(f"--to {to}: the portal's address is needed, like https://grader.example.org")
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise UsageError(f"--to {to}: a token is sent over https alone")
    return to.rstrip("/")


def _confirmed(question: str) -> bool:
    try:
        return input(recorded(question)).strip().lower() in ("y", "yes", trc("answer", "y"), trc("answer", "yes"))
    except EOFError:
        return False


def _form(name: str, content: bytes) -> tuple[bytes, str]:
    """A form with one file, and its kind."""
    border = secrets.token_hex(16)
    plain = "".join(
        letter if letter.isascii() and letter.isprintable() and letter not in '"\\' else "_" for letter in name
    )
    head = f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="{plain}"\r\n'
    kind = "Content-Type: application/octet-stream\r\n\r\n"
    return (
        head + kind
    ).encode() + content + f"\r\n--{border}--\r\n".encode(), f"multipart/form-data; boundary={border}"


def _asked(address: str, token: str, body: bytes, kind: str) -> dict[str, Any]:
    """What the portal answers. Raises SubmissionError with what it says, UsageError where it cannot be reached."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
    request = urllib.request.Request(address, data=body, headers=headers, method="POST")
    try:
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=WAIT_S) as answer:
            return dict(json.loads(answer.read()))
    except urllib.error.HTTPError as refused:
        raise SubmissionError(f"the portal says: {_why(refused)}") from None
    except (urllib.error.URLError, OSError, ValueError) as problem:
        reason = getattr(problem, "reason", problem)
        raise UsageError(
            f"{address.partition('/api')[0]} cannot be reached ({reason}); nothing was handed in"
        ) from None


def _why(refused: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(refused.read())["error"])
    except (ValueError, KeyError, TypeError, OSError):
        return f"{refused.code} {refused.reason}"


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A token goes to the address that was named and nowhere else."""

    def redirect_request(self, *args: Any) -> None:
        return None
