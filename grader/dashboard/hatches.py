"""Hatching as lines that are clipped to its shapes: printed, a pattern becomes a photograph, one for each shape."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element, SubElement

SVG = "{http://www.w3.org/2000/svg}"
FILLED = re.compile(r"fill: ?url\(#([\w-]+)\)")
POINT = re.compile(r"(-?[\d.]+) (-?[\d.]+)")


def lines_for_patterns(root: Element) -> None:
    """Draw what matplotlib fills with a pattern as a plain fill, and over it the pattern's lines.

    As matplotlib writes it, a shape is a path of absolute coordinates, and a pattern a rectangle and the path of its
    lines. The lines of all shapes of a pattern come last.
    """
    shapes: dict[str, list[str]] = {}
    patterns = {pattern.get("id", ""): pattern for pattern in root.iter(f"{SVG}pattern")}
    for shape in root.iter(f"{SVG}path"):
        style = shape.get("style", "")
        found = FILLED.search(style)
        if found:
            shapes.setdefault(found[1], []).append(shape.get("d", ""))
            shape.set("style", FILLED.sub(f"fill: {patterns[found[1]][0].get('fill')}", style))
    for holder in list(root.iter(f"{SVG}defs")):
        for pattern in holder.findall(f"{SVG}pattern"):
            holder.remove(pattern)
    for name, drawn in shapes.items():
        _lines(root, name, patterns[name], drawn)


def _lines(root: Element, name: str, pattern: Element, drawn: Sequence[str]) -> None:
    definitions = SubElement(root, f"{SVG}defs")
    clip = SubElement(definitions, f"{SVG}clipPath", id=name)
    SubElement(clip, f"{SVG}path", d=" ".join(drawn))
    tile = pattern[1]
    tile.set("id", f"{name}t")
    definitions.append(tile)
    lines = SubElement(root, f"{SVG}g", {"clip-path": f"url(#{name})"})
    size = int(pattern.get("width", "0"))
    for across, down in sorted({place for path in drawn for place in _tiles(path, size)}):
        SubElement(lines, f"{SVG}use", {"href": f"#{name}t", "x": f"{across}", "y": f"{down}"})


def _tiles(path: str, size: int) -> Iterator[tuple[int, int]]:
    """Where the tiles begin that a shape lies on."""
    points = [(float(x), float(y)) for x, y in POINT.findall(path)]
    (left, right), (top, bottom) = ((int(min(line)), int(max(line))) for line in zip(*points, strict=True))
    for across in range(left // size * size, right + 1, size):
        for down in range(top // size * size, bottom + 1, size):
            yield across, down
