"""What the portal's commands take: serving it, inviting people, handing in from a terminal."""

from __future__ import annotations

from pathlib import Path

from grader.cli.shared import Command, as_json, sandbox
from grader.submission.arguments import Parser


def _serve(made: Parser) -> None:
    made.add_argument("--host", default="127.0.0.1", help="where it listens (default: %(default)s)")
    made.add_argument("--port", type=int, default=8000, help="default: %(default)s")
    address = "as people write it into a browser, where a proxy stands in front: https://grader.example.org"
    made.add_argument("--address", default="", metavar="URL", help=address)
    made.add_argument("--proxy", default="", metavar="IP", help="the proxy's own address, whose headers are believed")
    header = "the proxy signs people in, and names them in this header (only with --proxy)"
    made.add_argument("--header", default="", metavar="NAME", help=header)
    made.add_argument("--workers", type=int, metavar="N", help="submissions at a time (default: one per processor)")
    made.add_argument("--gpus", metavar="LIST", help="GPUs, one slot each: 0,1, or UUIDs, also of MIG instances")
    sandbox(made)


def _invite(made: Parser) -> None:
    made.add_argument("people", nargs="*", metavar="ID", help="of roster.csv or staff.csv")
    made.add_argument("--all", action="store_true", help="everybody who was not invited yet")
    made.add_argument("--out", type=Path, metavar="FILE", help="a CSV for a mail merge (default: print it)")
    made.add_argument("--address", default="", metavar="URL", help="default: that of the portal when it last began")
    made.add_argument("--days", type=int, default=30, help="how long a link is good (default: %(default)s)")


def _competition(made: Parser) -> None:
    actions = "check it; score files; enter files for students; the leaderboard; write the marks"
    made.add_argument("action", choices=["check", "score", "enter", "board", "marks"], help=actions)
    made.add_argument("name", metavar="NAME", help="a folder of competitions/")
    made.add_argument("files", nargs="*", type=Path, metavar="FILE", help="score, enter: CSV files, or folders of them")
    made.add_argument("--anyway", action="store_true", help="marks: before the deadline")
    as_json(made)


COMMANDS = {
    "serve": Command("serving:serve", _serve, "The portal: where students hand in and read, staff grades and answers."),
    "competition": Command(
        "competing:competition", _competition, "A competition: scores of predictions, the leaderboard, the marks."
    ),
    "invite": Command("inviting:invite", _invite, "Personal links to the portal, as a CSV for a mail merge."),
}
