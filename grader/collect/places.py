"""Open what was named on the command line: folders, archives, single files, a platform's tables."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from grader.collect import archives, disk, layouts
from grader.collect.entries import DOWNLOAD, Contents, Entry, Refusal
from grader.collect.names import stem, written
from grader.collect.uploads import Known
from grader.collect.worksheets import TABLES, known_people
from grader.errors import AuthoringError, SubmissionError, UsageError

MOST_SHOWN = 80  # letters of a table that is not known
PEEKED_LEVELS = 2  # how deep in a folder a platform's download may lie unopened


@dataclass(frozen=True)
class Place:
    """One folder or archive and the files in it. `single`: one file that was named as such; `folder`: where it lies."""

    name: str
    stem: str
    entries: tuple[Entry, ...]
    refused: tuple[Refusal, ...] = ()
    packed: bool = False
    single: bool = False
    folder: str = ""


@dataclass
class Opened:
    """All places, and what the platforms' tables among them say. Entries are read while the stack is open."""

    stack: ExitStack
    places: list[Place] = field(default_factory=list)
    known: dict[str, dict[str, Known]] = field(default_factory=dict)  # by layout, by number

    def add(self, path: Path) -> None:
        """Open one place; raises UsageError for one that cannot be used at all."""
        if not path.exists():
            raise UsageError(f"{path}: there is no such file or folder")
        name = written(str(path))
        parts = [] if path.is_dir() else disk.parts_of(path)
        if path.is_dir():
            found = disk.folder(path, DOWNLOAD)
            self._add(Place(name, path.resolve().name, found.entries, found.refused))
        elif disk.is_later_part(path.name):
            first = f"{path.name[:-3]}001"
            if not path.with_name(first).exists():
                raise UsageError(f"{path}: a part of a split archive, and its first part, {first}, is not there")
        elif archives.is_archive(path.name) or parts or path.suffix.casefold() == ".z01":
            found = self._archive(path, parts)
            self._add(Place(name, stem(path.name), found.entries, found.refused, packed=True))
        elif path.suffix.casefold() == ".csv":
            self._add_table(path)
        else:
            only = disk.entry(path, path.name, path.stat().st_size)
            folder = written(path.resolve().parent.name)
            self.places.append(Place(name, stem(path.name), (only,), single=True, folder=folder))

    def _archive(self, path: Path, parts: list[Path]) -> Contents:
        try:
            stream = self.stack.enter_context(disk.joined(parts) if parts else path.open("rb"))
            return archives.contents(stream, DOWNLOAD)
        except SubmissionError as reason:
            raise UsageError(f"{path}: {reason}") from None
        except OSError as problem:
            raise UsageError(f"{path}: {problem.strerror}") from None

    def _add(self, place: Place) -> None:
        """Take a place in; downloads that lie packed in it become places of their own."""
        if layouts.recognised([entry.path for entry in place.entries]) in layouts.MARKED:
            self.places.append(place)
            return
        inside = [(entry, self._download(place, entry)) for entry in place.entries]
        others = tuple(entry for entry, found in inside if found is None)
        if others or place.refused or not inside:
            self.places.append(replace(place, entries=others))
        self.places += (found for _, found in inside if found is not None)

    def _add_table(self, path: Path) -> None:
        """Take in a platform's table. Only one that was named is believed: students hand in tables, too."""
        try:
            known = known_people(disk.entry(path, path.name, path.stat().st_size))
        except AuthoringError as error:
            raise UsageError(f"{path.parent / str(error)}, or download it again") from None
        if known is None:
            first = path.read_bytes()[:MOST_SHOWN].decode("utf-8", "replace").partition("\n")[0].strip()
            what = f"a table that is not known (it begins with {first!r})"
            raise UsageError(f"{path}: {what}; expected {TABLES}, with English names of columns")
        layout, people = known
        self.known.setdefault(layout, {}).update(people)

    def _download(self, place: Place, entry: Entry) -> Place | None:
        """A platform's download that lies in a place as an archive; None for anything else."""
        if len(entry.parts) > PEEKED_LEVELS or not archives.is_archive(entry.name):
            return None
        with ExitStack() as opening:
            try:
                found = archives.contents(opening.enter_context(entry.opened()), DOWNLOAD)
            except (SubmissionError, OSError):
                return None  # whoever's it is will be told when it is read as theirs
            if not layouts.is_download([each.path for each in found.entries]):
                return None
            self.stack.push(opening.pop_all())
        return Place(f"{place.name}/{entry.path}", stem(entry.name), found.entries, found.refused, packed=True)


def opened(paths: Sequence[Path], stack: ExitStack) -> Opened:
    """Open every place, each once."""
    result = Opened(stack)
    for path in dict.fromkeys(paths):
        result.add(path)
    return result
