"""The sets on which outlier detectors are judged: usual observations and anomalies, drawn anew for each seed."""

import numpy as np
from pyod.utils.data import generate_data, generate_data_clusters
from river import datasets as river
from sklearn import datasets

from support.images import image_sets
from support.keel import BALANCED, IMBALANCED, keel_sets

MOST = 2000


def chosen_on():
    """The sets on which the default ensemble was chosen: (name, seed -> (usual, anomalies))."""
    digits = datasets.load_digits()
    x, y = digits.data, digits.target
    yield "digits, a held-out class", lambda seed: (x[y != seed % 10], x[y == seed % 10])
    yield "digits, noise", lambda seed: (x, np.random.default_rng(seed).uniform(0, 16, (400, 64)))
    yield "digits, inverted", lambda seed: (x, 16 - x[::4])
    cancer = datasets.load_breast_cancer()
    yield "breast cancer, malignant", lambda seed: (cancer.data[cancer.target == 1], cancer.data[cancer.target == 0])
    wine = datasets.load_wine()
    yield "wine, a held-out class", lambda seed: (wine.data[wine.target != seed % 3], wine.data[wine.target == seed % 3])
    iris = datasets.load_iris()
    yield "iris, a held-out class", lambda seed: (iris.data[iris.target != seed % 3], iris.data[iris.target == seed % 3])

    yield "pyod's generate_data", lambda seed: parted(*generate_data(
        n_train=1500, n_features=10, contamination=0.3, train_only=True, random_state=seed))
    yield "pyod's clusters", lambda seed: parted(*generate_data_clusters(
        n_train=1500, n_test=10, n_clusters=4, n_features=5, contamination=0.2, size="different", density="different", random_state=seed), train=True)
    yield "two moons, uniform", lambda seed: (
        datasets.make_moons(1000, noise=0.08, random_state=seed)[0], np.random.default_rng(seed).uniform((-1.5, -1), (2.5, 1.5), (400, 2)))
    diabetes = datasets.load_diabetes(scaled=False).data
    yield "diabetes, features shuffled", lambda seed: (diabetes, np.random.default_rng(seed).permuted(diabetes, axis=0))
    x, y = table(river.Phishing())
    yield "phishing", lambda seed, x=x, y=y: (x[y == 0], x[y == 1])
    x, y = table(river.Bananas())
    yield "bananas", lambda seed, x=x, y=y: (few(x[y == seed % 2], seed), x[y != seed % 2])
    x, y = table(river.ImageSegments())
    yield "image segments, a held-out class", lambda seed, x=x, y=y: (x[y != seed % 7], x[y == seed % 7])
    yield "image segments, noise", lambda seed, x=x: (x, np.random.default_rng(seed).uniform(x.min(0), x.max(0), (400, x.shape[1])))
    for name, (x, y), _, (other, _) in image_sets():
        yield f"{name}, a held-out class", lambda seed, x=x, y=y: components(x[y != seed % 10], x[y == seed % 10], seed)
        yield f"{name}, noise", lambda seed, x=x: components(x, np.random.default_rng(seed).random((600, x.shape[1])), seed)
        yield f"{name}, inverted", lambda seed, x=x: components(x, 1 - few(x, seed + 1), seed)
        yield f"{name}, the other set", lambda seed, x=x, other=other: components(x, few(other, seed), seed)


def looked_at():
    """The sets on which it was tried, while it was chosen."""
    for name, x, y in keel_sets("balanced", BALANCED):
        classes = y.max() + 1
        yield f"{name}, a held-out class", lambda seed, x=x, y=y, k=classes: (few(x[y != seed % k], seed), x[y == seed % k])


def unseen():
    """The sets that nothing was chosen on."""
    for name, x, y in keel_sets("imbalanced", IMBALANCED):
        yield f"{name}, the rarer class", lambda seed, x=x, y=y: (few(x[y == 0], seed), x[y == 1])


def few(x, seed):
    return x[np.random.default_rng(100 + seed).permutation(len(x))[:MOST]]


def components(usual, anomalies, seed):
    """The first 30 principal components, those of usual images that are not scored."""
    order = np.random.default_rng(200 + seed).permutation(len(usual))
    kept, rest = usual[order[:MOST]], usual[order[MOST:]]
    mean = rest.mean(0)
    axes = np.linalg.svd(rest[:MOST] - mean, full_matrices=False)[2][:30].T
    return (kept - mean) @ axes, (anomalies - mean) @ axes


def parted(*found, train=False):
    x, y = (found[0], found[2]) if train else found
    return x[y == 0], x[y == 1]


def table(stream):
    """A stream of river's as numbers, and its classes from 0."""
    x, y = zip(*((list(row.values()), label) for row, label in stream))
    return np.array(x, dtype=float), np.unique(np.array(y), return_inverse=True)[1]
