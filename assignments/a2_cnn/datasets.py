"""Procedural data sets of this assignment: every generator takes its source of randomness as an argument."""

import numpy as np

SHAPES = ("circle", "square", "triangle", "cross")


def wander(
    n: int, rng: np.random.Generator, pool: tuple[np.ndarray, np.ndarray], size: int = 18, noise: float = 0.1
) -> tuple[np.ndarray, np.ndarray]:
    """Sprites at random places on noisy canvases, and what they show.

    pool: sprites (P, h, w) in [0, 1] and their labels (P,); the digits of sklearn, say, divided by 16
    returns X (n, 1, size, size) float32, y (n,) int64
    """
    sprites, labels = np.asarray(pool[0]), np.asarray(pool[1])
    height, width = sprites.shape[1:]
    drawn = rng.integers(len(sprites), size=n)
    X = rng.normal(0, noise, size=(n, 1, size, size))
    for canvas, sprite in zip(X[:, 0], sprites[drawn], strict=True):
        top, left = rng.integers(size - height + 1), rng.integers(size - width + 1)
        canvas[top : top + height, left : left + width] += sprite
    return X.astype(np.float32), labels[drawn].astype(np.int64)


def outline(kind: int, u: np.ndarray, v: np.ndarray, r: float) -> np.ndarray:
    """Where the shape of radius r covers the plane; u, v: coordinates (size, size) with the shape's centre at 0."""
    square = np.maximum(np.abs(u), np.abs(v))
    if SHAPES[kind] == "circle":
        return np.hypot(u, v) <= r
    if SHAPES[kind] == "square":
        return square <= 0.85 * r
    if SHAPES[kind] == "triangle":
        return (v <= 0.75 * r) & (v >= 1.8 * np.abs(u) - r)
    return (np.minimum(np.abs(u), np.abs(v)) <= 0.3 * r) & (square <= r)


def shapes(
    n: int,
    rng: np.random.Generator,
    size: int = 16,
    noise: float = 0.05,
    radius: tuple[float, float] = (3.5, 5),
    tilt: float = 0.35,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One shape an image on noise: any place, radius within `radius`, tilted by up to `tilt` rad, brightness 0.5 to 1.

    returns X (n, 1, size, size) float32; the kind y (n,) int64, an index into SHAPES; the mask M (n, size, size)
    int64: 0 for background, kind + 1 on the shape
    """
    row, column = np.mgrid[:size, :size].astype(float)
    X = rng.normal(0, noise, size=(n, 1, size, size))
    y = rng.integers(len(SHAPES), size=n)
    M = np.zeros((n, size, size), dtype=np.int64)
    for canvas, mask, kind in zip(X[:, 0], M, y, strict=True):
        r, turn, brightness = rng.uniform(*radius), rng.uniform(-tilt, tilt), rng.uniform(0.5, 1)
        x, z = column - rng.uniform(r + 0.5, size - r - 1.5), row - rng.uniform(r + 0.5, size - r - 1.5)
        covered = outline(kind, x * np.cos(turn) + z * np.sin(turn), z * np.cos(turn) - x * np.sin(turn), r)
        canvas += brightness * covered
        mask[covered] = kind + 1
    return X.astype(np.float32), y, M


def small_shapes(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`shapes` of 12 x 12 pixels, of radius 3 to 4 and nearly upright (tilted by up to 0.2 rad).

    returns X (n, 1, 12, 12) float32, y (n,) int64, M (n, 12, 12) int64, as `shapes` does
    """
    return shapes(n, rng, size=12, radius=(3, 4), tilt=0.2)
