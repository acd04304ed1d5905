"""Photographs of pages, and sheets of figures, as small PNG files."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from PIL import Image

from examples.pictures.portal import Place
from examples.pictures.table import Picture

CHROMIUM = "/usr/bin/chromium"
COLOURS, MOST_COLOURS = 96, 256  # of a PNG with a palette: of a page, which is flat; of figures
COLUMNS, SHEET_WIDTH, MARGIN = 3, 1200, 12
TOP = "(part) => window.scrollTo(0, document.querySelector(part).getBoundingClientRect().top + window.scrollY - 16)"


@contextmanager
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


def photograph(opened: Any, picture: Picture, file: Path) -> bytes:
    """A page from disk, in the light scheme."""
    context = opened.new_context(viewport={"width": picture.width, "height": picture.height}, color_scheme="light")
    page = context.new_page()
    page.goto(file.as_uri())
    return _shot(context, page, picture)


def photograph_place(opened: Any, picture: Picture, place: Place) -> bytes:
    """A page of the portal, as somebody who is signed in sees it."""
    context = opened.new_context(viewport={"width": picture.width, "height": picture.height}, color_scheme="light")
    host = urlsplit(place.address).hostname
    context.add_cookies([{"name": n, "value": v, "domain": host, "path": "/"} for n, v in place.cookies.items()])
    page = context.new_page()
    page.goto(place.address)
    return _shot(context, page, picture)


def _shot(context: Any, page: Any, picture: Picture) -> bytes:
    if picture.part:
        page.evaluate(TOP, picture.part)
    taken = page.screenshot(animations="disabled", caret="hide")
    context.close()
    return small(Image.open(io.BytesIO(taken)))


def sheet(files: Sequence[Path]) -> bytes:
    """Figures side by side: each stands in the column that is shortest so far."""
    width = (SHEET_WIDTH - (COLUMNS + 1) * MARGIN) // COLUMNS
    ends, placed = [MARGIN] * COLUMNS, []
    for file in files:
        figure = Image.open(file).convert("RGB")
        figure = figure.resize((width, round(figure.height * width / figure.width)), Image.Resampling.LANCZOS)
        column = ends.index(min(ends))
        placed.append((figure, (MARGIN + column * (width + MARGIN), ends[column])))
        ends[column] += figure.height + MARGIN
    whole = Image.new("RGB", (SHEET_WIDTH, max(ends)), "white")
    for figure, place in placed:
        whole.paste(figure, place)
    return small(whole, MOST_COLOURS)


def small(image: Image.Image, colours: int = COLOURS) -> bytes:
    """A PNG with a palette."""
    stream = io.BytesIO()
    image.convert("RGB").quantize(colours, dither=Image.Dither.NONE).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def save(folder: Path, pictures: Mapping[str, bytes]) -> None:
    for name, content in pictures.items():
        (folder / name).write_bytes(content)
