"""`python -m grader.languages [CODE]`: the sources' messages into the catalogues; a new code begins a language."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from grader.languages import po
from grader.languages.extraction import messages
from grader.languages.translating import ENGLISH, languages

HERE = Path(__file__).resolve().parent
TWO_FORMS = "nplurals=2; plural=(n != 1);"  # as English; what another language has, its translator writes into the head


def head(code: str) -> po.Message:
    """The head of a new catalogue."""
    lines = (f"Language: {code}", "Content-Type: text/plain; charset=UTF-8", f"Plural-Forms: {TWO_FORMS}")
    return po.Message("", forms=("".join(f"{line}\n" for line in lines),))


def update(folder: Path, code: str) -> list[po.Message]:
    """Bring the catalogues of one language up to date with the sources; returns what is not translated yet."""
    folder.mkdir(exist_ok=True)
    before = {file.stem: po.read(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.po"))}
    known = {message.key: message for several in before.values() for message in several if message.translated}
    wanted = messages()
    for room in before.keys() - wanted.keys():
        (folder / f"{room}.po").unlink()
    of_all = known.get(("", "")) or head(code)
    whole = []
    for room, several in wanted.items():
        mine = {message.key: message for message in before.get(room, ())}
        whole += [_with_forms(message, {**known, **mine}) for message in several]
        made = [mine.get(("", ""), of_all), *(_with_forms(message, {**known, **mine}) for message in several)]
        (folder / f"{room}.po").write_text(po.written(made), encoding="utf-8")
    return [message for message in whole if not message.translated]


def _with_forms(message: po.Message, known: Mapping[tuple[str, str], po.Message]) -> po.Message:
    """A message of the sources with the translation that there is."""
    before = known.get(message.key)
    fits = before is not None and before.plural == message.plural
    return replace(message, forms=before.forms) if before and fits else message


def main(codes: list[str]) -> int:
    """Update these languages, or all that there are; 1 where something is not translated yet."""
    missing = 0
    for code in codes or [each for each in languages() if each != ENGLISH]:
        untranslated = update(HERE / code, code)
        missing += len(untranslated)
        for message in untranslated:
            print(f"{code}: {message.places[0]}: {message.text}")
        print(f"{code}: {len(untranslated)} to be translated")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
