"""Of what a student handed in: which upload counts, which file of it is the notebook, which files go with it.

Everything that decides says so. Where nothing decides, a file is taken and a person is asked to look.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath

from grader.collect.entries import MIB, Entry, total_bytes
from grader.collect.names import copy_number, is_checkpoint, is_notebook, is_script, stem
from grader.collect.remarks import Remark, Weight, listed
from grader.collect.uploads import Upload
from grader.errors import SubmissionError
from grader.schema import digest_of
from grader.submission import notebook
from grader.submission.text import letters

MAX_COMPARED = 12  # notebooks of one student that are opened to tell them apart
MAX_COMPARED_BYTES = 512 * MIB
LAST, FIRST = "last", "first"


@dataclass(frozen=True)
class Wanted:
    """What is looked for: the assignment, the names that its questions ask for, the released notebook, the policy."""

    assignment: str
    names: frozenset[str] = frozenset()
    released: tuple[str, ...] = ()  # sources of its code cells
    policy: str = LAST

    @property
    def other_policy(self) -> str:
        return FIRST if self.policy == LAST else LAST


# ---------------------------------------------------------------------------------------------------- uploads


def upload_that_counts(
    uploads: Sequence[Upload], moments: Sequence[datetime | None], places: Sequence[str], wanted: Wanted
) -> tuple[Upload, list[Remark]]:
    """The last (or first) of a student's uploads: by their times, else by the platform's order, else by place.

    moments: when each came, if that is known;  places: as they were given on the command line
    Where no clock is known, times count as they are written; beside known ones they order the uploads of one place.
    Files of one place that nothing puts in an order are taken together.
    """
    best = max if wanted.policy == LAST else min
    times = moments if any(moments) else [upload.when for upload in uploads]
    known = [time for time in times if time is not None]
    left = [upload for upload, time in zip(uploads, times, strict=True) if time is None or time == best(known)]
    ordered = {place for place in places if _of_one_clock([upload for upload in left if upload.place == place])}

    def rank(upload: Upload) -> tuple[object, ...]:
        when = (upload.when,) if upload.place in ordered else ()
        return (places.index(upload.place), when, upload.order)

    counts = best(map(rank, left))
    taken = [upload for upload in left if rank(upload) == counts]
    others = [upload for upload in uploads if not any(upload is each for each in taken)]
    together = _together(taken)
    if not others:
        return together, []
    if {_fingerprint(upload) for upload in uploads} == {_fingerprint(together)}:
        return together, [Remark(f"there {len(uploads)} times, every time the same files")]
    what = f"{_called(together)} is used, the {wanted.policy} of {len(others) + 1}"
    by_place = len(known) < len(times) and len({upload.place for upload in left}) > 1
    how = ", in the order in which the downloads were given" if by_place else ""
    remarks = [Remark(f"{what}{how}; --policy {wanted.other_policy} takes another", Weight.MENDED)]
    if not any(map(_has_code, together.files)) and any(_has_code(file) for upload in others for file in upload.files):
        remarks.append(Remark("there is no notebook in it, but in another upload of the same person", Weight.ASK))
    return together, remarks


def _of_one_clock(uploads: Sequence[Upload]) -> bool:
    """Whether each has a time, and all of them can be compared as they are written."""
    return {upload.when and upload.when.utcoffset() is None for upload in uploads} in ({True}, {False})


def _together(uploads: Sequence[Upload]) -> Upload:
    """Uploads that nothing tells apart as one; files of equal names are kept apart by folders."""
    first = uploads[0]
    if len(uploads) == 1:
        return first
    files = list(first.files)
    for number, upload in enumerate(uploads[1:], 2):
        there = {file.path for file in files}
        files += (file.under(f"{number}/{file.path}") if file.path in there else file for file in upload.files)
    remarks = tuple(remark for upload in uploads for remark in upload.remarks)
    return replace(
        first, files=tuple(files), remarks=remarks, marked_late=all(upload.marked_late for upload in uploads)
    )


def _fingerprint(upload: Upload) -> frozenset[object]:
    return frozenset((file.path, _digest(file)) for file in upload.files)


def _called(upload: Upload) -> str:
    return upload.said if upload.said else f"what is in {upload.place}"


def _has_code(file: Entry) -> bool:
    return is_notebook(file.name) or is_script(file.name) or file.name.casefold().endswith(".zip")


# ---------------------------------------------------------------------------------------------------- the notebook


def notebook_of(files: Sequence[Entry], wanted: Wanted) -> tuple[Entry | None, list[Remark]]:
    """The file to grade, and what a person should know about the choice; None where there is no file at all."""
    saved = [file for file in files if not is_checkpoint(file.path)]
    for candidates, note in (
        ([file for file in saved if is_notebook(file.name)], ""),
        ([file for file in files if is_notebook(file.name)], "only a copy that Jupyter saved by itself is there"),
        ([file for file in saved if is_script(file.name)], ""),
    ):
        if candidates:
            chosen, remarks = _one_of(candidates, wanted)
            return chosen, [*remarks, Remark(note, Weight.ASK)] if note else remarks
    if not files:
        return None, []
    return max(files, key=lambda file: (file.size_bytes, file.path)), []  # reading it says what it is instead


def _one_of(candidates: Sequence[Entry], wanted: Wanted) -> tuple[Entry, list[Remark]]:
    """One of several notebooks, by the first rules that leave one; a person is asked where none does."""
    left = list(candidates)
    remarks: list[Remark] = []
    for rule in (_different, _worked_on, _named, _numbered, _fullest):
        if len(left) == 1 or len(left) > MAX_COMPARED or total_bytes(left) > MAX_COMPARED_BYTES:
            break
        kept, why = rule(left, wanted)
        dropped = [file.path for file in left if file not in kept]
        if dropped:
            remarks.append(Remark(f"{listed(dropped)} not used: {why}", Weight.MENDED))
        left = kept
    if len(left) == 1:
        return left[0], remarks
    chosen = min(left, key=lambda file: (len(file.parts), -file.size_bytes, file.path))
    others = listed([file.path for file in left if file is not chosen])
    what = f"{chosen.path} is used, and {others} could be meant as well: collect only what is meant"
    return chosen, [*remarks, Remark(what, Weight.ASK)]


def _different(files: list[Entry], wanted: Wanted) -> tuple[list[Entry], str]:
    """One of each content, the one that is named best."""
    contents: dict[object, Entry] = {}
    for file in sorted(files, key=lambda file: (-_likeness(file, wanted.assignment), len(file.parts), file.path)):
        contents.setdefault(_digest(file), file)
    return [file for file in files if file in contents.values()], "the same file as another"


def _worked_on(files: list[Entry], wanted: Wanted) -> tuple[list[Entry], str]:
    """Those that are not the notebook as it was released, if there are any."""
    if not wanted.released:
        return files, ""
    return [file for file in files if _sources(file) != wanted.released] or files, "it is as it was released"


def _named(files: list[Entry], wanted: Wanted) -> tuple[list[Entry], str]:
    kept = _best(files, lambda file: _likeness(file, wanted.assignment))
    return kept, f"{listed([file.path for file in kept])} is named for {wanted.assignment}"


def _numbered(files: list[Entry], wanted: Wanted) -> tuple[list[Entry], str]:
    """The last (or first) of copies of one name: by the platform's order, else by the number at the end of the name."""
    why = f"{wanted.policy} of {len(files)} copies; --policy {wanted.other_policy} takes the {wanted.other_policy}"
    if len({copy_number(stem(file.name))[0].casefold() for file in files}) > 1:
        return files, why
    end = 1 if wanted.policy == LAST else -1
    kept = _best(files, lambda file: end * file.rank)
    kept = _best(kept, lambda file: end * copy_number(stem(file.name))[1])
    return kept, f"{kept[0].name} is the {why}"


def _fullest(files: list[Entry], wanted: Wanted) -> tuple[list[Entry], str]:
    kept = _best(files, lambda file: len(wanted.names & _names_in(file)))
    return kept, f"{listed([file.path for file in kept])} defines more of what is asked for"


def _likeness(file: Entry, assignment: str) -> int:
    """How clearly a file is named for the assignment: 2 so, or as a copy of that; 1 with something added; 0 not."""
    bare, asked = stem(file.name).casefold(), assignment.casefold()
    if asked in (bare, copy_number(bare)[0]):
        return 2
    return int(letters(asked).replace(" ", "") in letters(bare).replace(" ", ""))


def _best(files: list[Entry], score: Callable[[Entry], int]) -> list[Entry]:
    scores = [score(file) for file in files]
    return [file for file, its in zip(files, scores, strict=True) if its == max(scores)]


def _digest(file: Entry) -> object:
    try:
        return digest_of([file.read()])
    except SubmissionError:
        return file.path


def _book(file: Entry) -> notebook.Notebook | None:
    try:
        return notebook.read(file.read(), file.name)
    except SubmissionError:
        return None


def _sources(file: Entry) -> tuple[str, ...]:
    book = _book(file)
    return tuple(cell.source for cell in book.cells) if book else ()


def _names_in(file: Entry) -> frozenset[str]:
    book = _book(file)
    return frozenset(notebook.definitions(book)) if book else frozenset()


# ---------------------------------------------------------------------------------------------------- other files


def extras_of(files: Sequence[Entry], chosen: Entry, most_bytes: int) -> tuple[list[tuple[str, bytes]], list[Remark]]:
    """The files that go with the notebook, as (path from the notebook's folder, bytes), and what is left out of them.

    Other notebooks are not taken along; what does not fit into `most_bytes` is left out, the largest first.
    """
    folder = PurePosixPath(chosen.path).parent
    named: dict[str, Entry] = {}
    clash = []
    for file in sorted(files, key=lambda file: (folder not in PurePosixPath(file.path).parents, file.path)):
        if file.path == chosen.path or is_notebook(file.name) or is_checkpoint(file.path):
            continue
        path = PurePosixPath(file.path)
        name = (path.relative_to(folder) if folder in path.parents else path).as_posix()
        if named.setdefault(name, file) is not file:
            clash.append(file.path)
    remarks = [Remark(f"{listed(clash)} is left out: another file has its name", Weight.ASK)] if clash else []
    left_out = []
    room = total_bytes(named.values())
    for name, file in sorted(named.items(), key=lambda item: -item[1].size_bytes):
        if room > most_bytes:
            room -= file.size_bytes
            left_out.append(f"{named.pop(name).path} ({file.size_bytes / MIB:.1f} MiB)")
    if left_out:
        what = f"{listed(left_out)} left out: at most {most_bytes // MIB} MiB of files go with a notebook"
        remarks.append(Remark(what, Weight.ASK))
    extras = []
    for name, file in sorted(named.items()):
        try:
            extras.append((name, file.read()))
        except SubmissionError as reason:
            remarks.append(Remark(f"{file.path} is left out: {reason}", Weight.ASK))
    return extras, remarks
