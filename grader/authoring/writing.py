"""Write several files, all of them or none."""

from __future__ import annotations

from pathlib import Path

from grader.errors import MachineryError


def replace_all(files: dict[Path, str]) -> None:
    """Write these files; on a failure each is what it was before. Raises MachineryError where one cannot be written."""
    before = {file: file.read_bytes() if file.is_file() else None for file in files}
    drafts = {file: file.with_name(f".{file.name}.new") for file in files}
    try:
        for file, text in files.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            drafts[file].write_text(text, encoding="utf-8", newline="\n")
        for file, draft in drafts.items():
            draft.replace(file)
    except BaseException as problem:
        _undo(before, drafts)
        if isinstance(problem, OSError):
            raise MachineryError(
                f"{problem.filename} cannot be written: {problem.strerror}; nothing was changed"
            ) from None
        raise


def _undo(before: dict[Path, bytes | None], drafts: dict[Path, Path]) -> None:
    for file, content in before.items():
        drafts[file].unlink(missing_ok=True)
        if content is None and file.is_file():
            file.unlink()
        elif content is not None and file.read_bytes() != content:
            file.write_bytes(content)
