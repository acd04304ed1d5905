"""Procedural data sets of this assignment: every generator takes its source of randomness as an argument.

ring, moons, swiss_roll: points in the plane, (n, 2) float32, from a torch.Generator, of about unit spread.
ppca: points of which the exact likelihood is known, (n, 6) float64, from an np.random.Generator.
"""

import math

import numpy as np
import torch


def ring_centres(k: int = 8, R: float = 2.0) -> torch.Tensor:
    """(k, 2) centres of the modes of `ring`, on a circle of radius R / sqrt(2)."""
    angle = 2 * math.pi * torch.arange(k) / k
    return R * torch.stack([angle.cos(), angle.sin()], dim=1) / math.sqrt(2)


def ring(n: int, g: torch.Generator, k: int = 8, R: float = 2.0, s: float = 0.1) -> torch.Tensor:
    """(n, 2) points of k equally likely Gaussians with standard deviation s around `ring_centres`."""
    mode = torch.randint(0, k, (n,), generator=g, device=g.device)
    return ring_centres(k, R).to(g.device)[mode] + s * torch.randn(n, 2, generator=g, device=g.device)


def moons(n: int, g: torch.Generator, s: float = 0.06) -> torch.Tensor:
    """(n, 2) points of two interleaved half circles, blurred with standard deviation s."""
    t = math.pi * torch.rand(n, generator=g, device=g.device)
    lower = torch.randint(0, 2, (n,), generator=g, device=g.device) == 1
    x = torch.where(lower, 1 - t.cos(), t.cos()) - 0.5
    y = torch.where(lower, 0.5 - t.sin(), t.sin()) - 0.25
    return 1.3 * torch.stack([x, y], dim=1) + s * torch.randn(n, 2, generator=g, device=g.device)


def swiss_roll(n: int, g: torch.Generator, s: float = 0.03) -> torch.Tensor:
    """(n, 2) points of a spiral with one and a half turns, blurred with standard deviation s."""
    t = 1.5 * math.pi * (1 + 2 * torch.rand(n, generator=g, device=g.device))  # 1.5 pi to 4.5 pi
    spiral = torch.stack([t * t.cos(), t * t.sin()], dim=1) / (1.5 * math.pi * 1.4)
    return spiral + s * torch.randn(n, 2, generator=g, device=g.device)


def ppca(n: int, rng: np.random.Generator, noise: float = 0.4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x = W z + mu + noise * e with z (2,) and e (6,) standard normal: probabilistic PCA.

    returns X (n, 6), and the W (6, 2) and mu (6,) that were drawn; W has orthogonal columns of length 2 and 1
    Another call draws another W: for training and test rows of one distribution split the rows of one call.
    Source: Tipping and Bishop 1999.
    """
    directions, _ = np.linalg.qr(rng.normal(size=(6, 2)))
    W, mu = directions * np.array([2.0, 1.0]), rng.normal(size=6)
    return rng.normal(size=(n, 2)) @ W.T + mu + noise * rng.normal(size=(n, 6)), W, mu


def ppca_log_likelihood(X: np.ndarray, W: np.ndarray, mu: np.ndarray, noise: float = 0.4) -> np.ndarray:
    """(n,) exact log-densities of the rows of X: x is normal with mean mu and covariance W W^T + noise^2 I."""
    C = W @ W.T + noise**2 * np.eye(len(mu))  # (6, 6)
    centred = np.asarray(X, dtype=np.float64) - mu
    squares = np.sum(centred * np.linalg.solve(C, centred.T).T, axis=1)  # Mahalanobis distances
    return -0.5 * (squares + np.linalg.slogdet(C)[1] + len(mu) * math.log(2 * math.pi))
