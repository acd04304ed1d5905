"""The zips that platforms take with a file for each student, made of numbers and generated names alone.

Moodle, "Upload multiple feedback files in a zip": it reads a folder's name as name_participant_plugin and gives what is
inside to that participant; of the name it wants no more than that it is there. The underscore at the end is for Moodle
before 4.1, later ones take it too. A file that is there already with the same bytes is passed over, so that nobody is
notified twice.

Canvas, "Upload Submissions" (the way back of "Download Submissions"): of what stands between underscores in a file's
name the first two numbers are the account of the student and the file that was handed in, which must be that student's.
The page becomes a comment to the submission, with the page attached under the name of the file that was handed in.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping

EPOCH = (1980, 1, 1, 0, 0, 0)  # the same pages are the same zip


def moodle_zip(pages: Mapping[str, bytes], filename: str) -> bytes:
    """A zip of one file for each participant. `pages`: participant number -> the file's bytes."""
    return _zip(
        (f"Participant_{int(participant)}_assignfeedback_file_/{filename}", pages[participant])
        for participant in sorted(pages, key=int)
    )


def canvas_zip(pages: Mapping[tuple[int, int], bytes], filename: str) -> bytes:
    """A zip of one file for each account. `pages`: (account, number of a file of theirs) -> the file's bytes."""
    return _zip(
        (f"{filename.partition('_')[0]}_{account}_{upload}_{filename.partition('_')[2]}", page)
        for (account, upload), page in sorted(pages.items())
    )


def _zip(files: Iterable[tuple[str, bytes]]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, content)
    return made.getvalue()
