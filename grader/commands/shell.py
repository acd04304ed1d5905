"""`show --shell`: a Python prompt in the sandbox, a submission loaded; `show --transcript`: what was said, readable."""

from __future__ import annotations

import code
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from grader import wire
from grader.commands.arguments import in_words
from grader.errors import SubmissionError, UsageError
from grader.examination.channel import LOAD, Channel
from grader.examination.pytest_plugin import released_files
from grader.examination.replies import about_cells, with_text
from grader.examination.student import load_errors
from grader.examination.transcript import Transcript
from grader.marks.marksheet import clean
from grader.paths import Paths
from grader.sandbox import CandidateFailure, Sandbox
from grader.schema import Assignment, Submission
from grader.submission import notebook

SHELL_S = 60.0
MAX_SHOWN = 20_000  # characters of one answer; NumPy and torch leave the middle of large arrays out by themselves


class Prompt(code.InteractiveConsole):
    """Reads here, runs there: whole statements go to the candidate, what they print comes back."""

    def __init__(self, channel: Channel) -> None:
        super().__init__()
        self.channel = channel
        self.count = 0

    def runsource(self, source: str, filename: str = "<shell>", symbol: str = "single") -> bool:
        try:
            if code.compile_command(source, filename, symbol) is None:
                return True  # more lines to come
        except (OverflowError, SyntaxError, ValueError):
            self.showsyntaxerror(filename)
            return False
        self.count += 1
        print(self.ask(source), end="", flush=True)
        return False

    def ask(self, source: str) -> str:
        """Run one statement in the sandbox; return what it printed and raised."""
        said = self.channel.ask("shell", {"op": "shell", "seed": 0, "source": source, "number": self.count}, SHELL_S)
        if said.failure:
            return f"[{said.failure}: {clean(said.message)}; the submission is loaded again for the next line]\n"
        reply = wire.decode(said.reply)
        lines = [clean(line) for line in str(reply.get("output", "")).splitlines()]
        if "fault" in reply:
            fault = reply["fault"]
            lines += [
                f"  {clean(str(where))}, line {line}: {clean(str(text))}" for where, line, _, text in fault["frames"]
            ]
            lines.append(clean(with_text(fault["type"], fault["message"])))
        return "".join(f"{line}\n" for line in lines)


def prompt(paths: Paths, assignment: Assignment, submission: Submission, sandbox: Sandbox, device: str) -> None:
    """Open the prompt; ends with Ctrl-D. Nothing of it is recorded."""
    try:
        book = notebook.read(submission.content, submission.filename)
    except SubmissionError as error:
        raise UsageError(str(error)) from None
    files = (*released_files(paths, assignment), *submission.extras)
    channel = Channel(assignment, book, files, lambda: sandbox, Transcript(), device)
    try:
        said = channel.load()
        for what in about_cells(load_errors(said)):
            print(clean(what), file=sys.stderr)
        banner = f"{submission.student}'s {submission.filename} is loaded, {sandbox.isolation}; Ctrl-D ends."
        Prompt(channel).interact(banner=clean(banner), exitmsg="")
    except CandidateFailure as failure:
        raise UsageError(f"the submission cannot be loaded: {failure}") from None
    finally:
        channel.close()


def transcript_lines(
    parts: Mapping[str, bytes], question: str | None, asked: Mapping[bytes, bytes] | None = None
) -> Iterator[str]:
    """What a submission was asked and said, call by call, in readable form. For staff: it may show hidden inputs.

    asked: key of an exchange -> encoded request, as far as it is known
    """
    transcript = Transcript()
    for name, part in parts.items():
        if question in (None, name):
            transcript.read(part)
    for check in sorted({*transcript.checks, *transcript.left_out}, key=lambda name: (name != LOAD, name)):
        yield check
        for each in transcript.left_out.get(check, {}).values():
            yield f"     -  too large to be kept, {each.size} bytes: {clean(each.words)}"
        for number, (key, said) in enumerate(transcript.checks.get(check, {}).items(), start=1):
            if check != LOAD and key in (asked or {}):
                yield f"  {number:4}  {clean(in_words((asked or {})[key]))}"
            for line in _said(said.reply, said.failure, said.message).splitlines():
                yield f"  {number:4}  {clean(line)}"


def _said(reply: bytes, failure: str, message: str) -> str:
    if failure:
        return f"{failure}: {message}"
    try:
        decoded: dict[str, Any] = wire.decode(reply)
        printed = f"\nprinted: {decoded['output']}" if decoded.get("output") else ""
        if "fault" in decoded:
            return _cut(f"raised {with_text(decoded['fault']['type'], decoded['fault']['message'])}{printed}")
        return _cut(f"{_value(decoded.get('value'))}{printed}")
    except (wire.WireError, KeyError, TypeError, AttributeError) as error:
        return f"no reply of ours: {error}"


def _cut(text: str) -> str:
    more = len(text) - MAX_SHOWN
    return (
        f"{text[:MAX_SHOWN]}\n... and {more} more characters, which are on record and not shown" if more > 0 else text
    )


def _value(value: object) -> str:
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    return f"{type(value).__name__} {dtype} {tuple(shape)}\n{value}" if shape else repr(value)
