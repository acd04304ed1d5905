"""Draw the data of the competition again: python -m examples.competition.make. The same numbers every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "competitions" / "spirals"
CLASSES = ("amber", "blue", "coral")
TRAIN, TEST = 300, 240


def draw(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Points (rows, 2) on three spirals with noise, and the numbers of their classes (rows,)."""
    labels = rng.integers(len(CLASSES), size=rows)
    radius = np.sqrt(rng.uniform(0.02, 1.0, size=rows))
    angle = 5.0 * radius + labels * 2 * np.pi / len(CLASSES) + rng.normal(scale=0.7, size=rows)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), labels


def nearest_mean(x: np.ndarray, y: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """The class whose points are nearest in the mean."""
    means = np.stack([x[y == label].mean(axis=0) for label in range(len(CLASSES))])  # (classes, 2)
    return np.argmin(np.linalg.norm(asked[:, None] - means, axis=2), axis=1)


def nearest_neighbour(x: np.ndarray, y: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """The class of the nearest point."""
    return y[np.argmin(np.linalg.norm(asked[:, None] - x, axis=2), axis=1)]


def files() -> dict[str, str]:
    """Every file of data: path below the competition's folder -> its text."""
    rng = np.random.default_rng(20260901)
    (x, y), (asked, right) = draw(rng, TRAIN), draw(rng, TEST)
    ids = [f"p{row:03}" for row in rng.permutation(TEST)]

    def points(x: np.ndarray, more: list[str]) -> str:
        return "".join(f"{name},{a:.4f},{b:.4f}\n" for name, (a, b) in zip(more, x, strict=True))

    def labels(found: np.ndarray) -> str:
        return "id,class\n" + "".join(f"{name},{CLASSES[label]}\n" for name, label in zip(ids, found, strict=True))

    return {
        "public/train.csv": "class,x,y\n" + points(x, [CLASSES[label] for label in y]),
        "public/test.csv": "id,x,y\n" + points(asked, ids),
        "public/sample.csv": labels(np.zeros(TEST, int)),
        "labels.csv": labels(right),
        "baselines/nearest_mean.csv": labels(nearest_mean(x, y, asked)),
        "baselines/nearest_neighbour.csv": labels(nearest_neighbour(x, y, asked)),
    }


def main() -> None:
    for name, text in files().items():
        (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
