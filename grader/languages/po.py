"""The files of a catalogue, as gettext's tools write and read them (.po), and the same as gettext loads it (.mo)."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

CONTEXT = "\x04"  # between a context and its message, as gettext keeps them
WIDTH = 110  # of a line of a file
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}
_WRITTEN = {written[1]: letter for letter, written in _ESCAPES.items()}


@dataclass(frozen=True)
class Message:
    """One message: its English text (and plural), in which context, where it stands, and its translations.

    forms: one, or as many as the language has plurals; empty texts where it is not translated
    """

    text: str
    plural: str = ""
    context: str = ""
    places: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """What it is looked up by."""
        return self.context, self.text

    @property
    def translated(self) -> bool:
        return bool(self.forms) and all(self.forms)


def read(source: str) -> list[Message]:
    """The messages of a .po file in their order, its head first (the message without a text). Raises ValueError."""
    found: list[Message] = []
    for block in re.split(r"\n\s*\n", source.strip()):
        fields, places = _fields(block)
        if "msgid" not in fields:
            continue  # comments alone
        forms = [fields[name] for name in sorted(fields) if name.startswith("msgstr")]
        found.append(
            Message(fields["msgid"], fields.get("msgid_plural", ""), fields.get("msgctxt", ""), places, tuple(forms))
        )
    return found


def _fields(block: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """The fields of one message, and where the message stands."""
    fields: dict[str, str] = {}
    places: list[str] = []
    name = ""
    for line in block.splitlines():
        line = line.strip()
        if line.startswith("#"):
            places += line[2:].split() if line.startswith("#:") else []
            continue
        started = re.fullmatch(r'(?:(msgctxt|msgid|msgid_plural|msgstr(?:\[\d\])?)\s+)?"((?:[^"\\]|\\.)*)"', line)
        if not started or not (started[1] or name):
            raise ValueError(f"no line of a catalogue: {line}")
        name = started[1] or name
        fields[name] = fields.get(name, "") + re.sub(r"\\(.)", lambda it: _WRITTEN[it[1]], started[2])
    return fields, tuple(places)


def written(messages: Iterable[Message]) -> str:
    """A .po file of these messages; the same messages are the same bytes."""
    return "\n".join("".join(f"{line}\n" for line in _lines(message)) for message in messages)


def _lines(message: Message) -> Iterator[str]:
    yield from (f"#: {place}" for place in message.places)
    if message.context:
        yield from _field("msgctxt", message.context)
    yield from _field("msgid", message.text)
    if message.plural:
        yield from _field("msgid_plural", message.plural)
        for number, form in enumerate(message.forms or ("", "")):
            yield from _field(f"msgstr[{number}]", form)
    else:
        yield from _field("msgstr", (message.forms or ("",))[0])


def _field(name: str, text: str) -> Iterator[str]:
    if len(name) + len(text) + 3 <= WIDTH and "\n" not in text[:-1]:
        yield f'{name} "{_escaped(text)}"'
        return
    yield f'{name} ""'
    for line in text.splitlines(keepends=True):
        words, piece = re.findall(r"\S*\s*", line), ""
        for word in words:
            if piece and len(piece) + len(word) > WIDTH:
                yield f'"{_escaped(piece)}"'
                piece = ""
            piece += word
        if piece:
            yield f'"{_escaped(piece)}"'


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(letter, letter) for letter in text)


def compiled(messages: Iterable[Message]) -> bytes:
    """The translated messages as a .mo file in memory, for gettext.GNUTranslations."""
    pairs = sorted((_key(message), "\0".join(message.forms).encode()) for message in messages if message.translated)
    size, start = len(pairs), 28
    offset = start + 16 * size
    tables: tuple[list[int], list[int]] = ([], [])
    body = []
    for which in (0, 1):
        for pair in pairs:
            tables[which].extend((len(pair[which]), offset))
            body.append(pair[which] + b"\0")
            offset += len(body[-1])
    head = struct.pack("<7I", 0x950412DE, 0, size, start, start + 8 * size, 0, 0)
    return head + struct.pack(f"<{4 * size}I", *tables[0], *tables[1]) + b"".join(body)


def _key(message: Message) -> bytes:
    context = f"{message.context}{CONTEXT}" if message.context else ""
    plural = f"\0{message.plural}" if message.plural else ""
    return f"{context}{message.text}{plural}".encode()


def without_forms(message: Message) -> Message:
    """The message as the sources have it."""
    return replace(message, forms=())
