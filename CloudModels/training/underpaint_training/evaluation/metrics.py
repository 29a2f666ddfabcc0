"""Figures over pictures and features, each with its standard error where it has one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Array = np.ndarray
PROJECTIONS = 512


@dataclass(frozen=True)
class Mean:
    """A mean, its standard error (0 for fewer than two values) and how many values it is of."""

    value: float
    error: float
    count: int

    @staticmethod
    def of(values: Array) -> Mean:
        values = np.asarray(values, np.float64)
        if not len(values):
            return Mean(float("nan"), 0.0, 0)
        error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
        return Mean(float(values.mean()), float(error), len(values))

    def to_json(self) -> dict[str, float | int | None]:
        value = round(self.value, 5) if np.isfinite(self.value) else None
        return {"value": value, "standardError": round(self.error, 5), "count": self.count}


def _root(matrix: Array) -> Array:
    """Square root of a symmetric positive semi-definite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T


def frechet(a: Array, b: Array) -> float:
    """Fréchet distance of two sets of features [n, d] taken as Gaussians (Heusel et al. 2017, arXiv 1706.08500).

    It is biased upward for few samples, so that only figures of equal counts compare.
    """
    mean = float(((a.mean(0) - b.mean(0)) ** 2).sum())
    ca, cb = (np.cov(x.astype(np.float64), rowvar=False).reshape(x.shape[1], -1) for x in (a, b))
    root = _root(cb)
    cross = _root(root @ ca @ root)
    return mean + float(np.trace(ca) + np.trace(cb) - 2 * np.trace(cross))


def sliced_wasserstein(a: Array, b: Array, seed: int = 0) -> float:
    """Root mean squared 2-Wasserstein distance over random directions (Bonneel et al. 2015), features [n, d]."""
    rng = np.random.default_rng(seed)
    directions = rng.standard_normal((a.shape[1], PROJECTIONS))
    directions /= np.linalg.norm(directions, axis=0)
    qa, qb = (_quantile_functions(directions.T @ x.T) for x in (a, b))
    return float(np.sqrt(((qa - qb) ** 2).mean()))


def _quantile_functions(values: Array) -> Array:
    """Of each row of values [row, n], on one grid [row, 1024], so that sets of different counts compare."""
    values = np.sort(values, axis=1)
    n = values.shape[1]
    position = np.clip((np.arange(1024) + 0.5) / 1024 * n - 0.5, 0, n - 1)
    low = position.astype(int)
    high = np.minimum(low + 1, n - 1)
    return values[:, low] + (position - low) * (values[:, high] - values[:, low])


def nearest(queries: Array, references: Array, count: int) -> tuple[Array, Array]:
    """Euclidean distances [n, count] to the nearest references, nearest first, and their indices [n, count]."""
    count = min(count, len(references))
    squares = (references**2).sum(1)
    distances, indices = [], []
    for start in range(0, len(queries), 256):
        q = queries[start : start + 256]
        d = np.clip((q**2).sum(1)[:, None] + squares - 2 * q @ references.T, 0, None)
        order = np.argpartition(d, count - 1, axis=1)[:, :count]
        near = np.take_along_axis(d, order, 1)
        rank = np.argsort(near, axis=1, kind="stable")
        indices.append(np.take_along_axis(order, rank, 1))
        distances.append(np.sqrt(np.take_along_axis(near, rank, 1)))
    return np.concatenate(distances), np.concatenate(indices)


def edge_strength(pixels: Array) -> float:
    """Mean of the strongest hundredth of the luma gradients of bytes [H, W, 3], in bytes a pixel: outlines, since an
    object's takes about two hundredths of a picture."""
    luma = pixels.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    gradient = np.hypot(np.diff(luma, axis=0)[:, :-1], np.diff(luma, axis=1)[:-1]).ravel()
    strongest = max(1, len(gradient) // 100)
    return float(np.partition(gradient, -strongest)[-strongest:].mean())


def psnr(a: Array, b: Array) -> float:
    """dB between two pictures of bytes; 99 where they are equal."""
    error = float(((a.astype(np.float64) - b) ** 2).mean())
    return 99.0 if error == 0 else min(99.0, 10 * float(np.log10(255**2 / error)))
