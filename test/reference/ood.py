"""Reference values of the out-of-distribution detectors: writes ood.json beside this file. Needs numpy, scipy, scikit-learn.

Written from the papers (and, for ViM's origin and dimension, the authors' description), on scipy and scikit-learn."""

import json
import pathlib
import sys

import numpy as np
import scipy
import sklearn
from scipy.special import entr, logsumexp, softmax
from sklearn.covariance import EmpiricalCovariance, LedoitWolf
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize

rng = np.random.default_rng(20261122)
K, P, N, M = 4, 6, 160, 12
centers = 2.5 * rng.normal(size=(K, P))
labels = np.arange(N) % K
features = np.maximum(centers[labels] + rng.normal(size=(N, P)) @ rng.normal(size=(P, P)) * 0.5, 0) + 0.01 * rng.random((N, P))
probe = np.vstack([features[:4], np.maximum(2 * rng.normal(size=(M - 5, P)), 0), np.full((1, P), 9.0)])
# A layer that classifies: class means as weights, biases as of Gaussian classes.
means = np.array([features[labels == c].mean(0) for c in range(K)])
weights = means + 0.1 * rng.normal(size=(K, P))
bias = -0.5 * (means**2).sum(1) + 0.1 * rng.normal(size=K)
logits, probe_logits = (x @ weights.T + bias for x in (features, probe))


def energy(z, t=1.0):
    return -t * logsumexp(z / t, axis=1)


def gen(z, gamma, m):
    p = -np.sort(-softmax(z, axis=1), axis=1)[:, :m]
    return (p**gamma * (1 - p) ** gamma).sum(1)


def margin(z):
    p = np.sort(softmax(z, axis=1), axis=1)
    return 1 - (p[:, -1] - p[:, -2])


def nearest_class(x, covariance):
    return np.min([covariance.mahalanobis(x - m) for m in means], axis=0)


def class_mahalanobis(x, estimator):
    return nearest_class(x, estimator(assume_centered=True).fit(features - means[labels]))


def relative(x, estimator):
    overall = estimator().fit(features)
    return class_mahalanobis(x, estimator) - overall.mahalanobis(x)


def vim(x, d):
    origin = -np.linalg.pinv(weights) @ bias
    _, vectors = np.linalg.eigh(EmpiricalCovariance(assume_centered=True).fit(features - origin).covariance_)
    residual = vectors[:, : P - d]
    virtual = lambda y: np.linalg.norm((y - origin) @ residual, axis=1)
    alpha = logits.max(1).sum() / virtual(features).sum()
    return alpha * virtual(x) - logsumexp(x @ weights.T + bias, axis=1)


def she(x):
    right = logits.argmax(1) == labels
    patterns = np.array([features[right & (labels == c)].mean(0) for c in range(K)])
    return -(x * patterns[(x @ weights.T + bias).argmax(1)]).sum(1)


def react(x, percentile):
    return energy(np.minimum(x, np.percentile(features, percentile)) @ weights.T + bias)


def ash(x, variant, percentile):
    left = P - int(np.round(P * percentile / 100))
    out = np.zeros_like(x)
    for row, shaped in zip(x, out):
        keep = np.argsort(-row, kind="stable")[:left]
        shaped[keep] = {"p": row[keep], "b": row.sum() / left, "s": row[keep] * np.exp(row.sum() / row[keep].sum())}[variant]
    return energy(out @ weights.T + bias)


def deep_knn(x, k):
    return NearestNeighbors(n_neighbors=k).fit(normalize(features)).kneighbors(normalize(x))[0][:, -1]


z = probe_logits
cases = [
    ("msp", {}, 1 - softmax(z, axis=1).max(1), ["logits", "head"]),
    ("odin", {"temperature": 5.0}, 1 - softmax(z / 5, axis=1).max(1), ["logits", "head"]),
    ("odin", {}, 1 - softmax(z / 1000, axis=1).max(1), ["logits"]),
    ("max-logit", {}, -z.max(1), ["logits", "head"]),
    ("energy", {}, energy(z), ["logits", "head"]),
    ("energy", {"temperature": 3.0}, energy(z, 3.0), ["logits"]),
    ("entropy", {}, entr(softmax(z, axis=1)).sum(1), ["logits", "head"]),
    ("margin", {}, margin(z), ["logits", "head"]),
    ("gen", {}, gen(z, 0.1, 100), ["logits", "head"]),
    ("gen", {"gamma": 0.5, "classes": 2}, gen(z, 0.5, 2), ["logits"]),
    ("class-mahalanobis", {}, class_mahalanobis(probe, EmpiricalCovariance), ["labels"]),
    ("class-mahalanobis", {"covariance": "shrunk"}, None, ["labels"]),
    ("relative-mahalanobis", {}, relative(probe, EmpiricalCovariance), ["labels"]),
    ("deep-knn", {"neighbors": 7}, deep_knn(probe, 7), ["features"]),
    ("vim", {}, vim(probe, P // 2), ["head"]),
    ("vim", {"components": 5}, vim(probe, 5), ["head"]),
    ("she", {}, she(probe), ["both"]),
    ("react", {}, react(probe, 90), ["head"]),
    ("react", {"percentile": 60.0}, react(probe, 60), ["head"]),
    ("ash", {"percentile": 65.0}, ash(probe, "s", 65), ["head"]),
    ("ash", {"percentile": 50.0, "variant": "b"}, ash(probe, "b", 50), ["head"]),
    ("ash", {"percentile": 50.0, "variant": "p"}, ash(probe, "p", 50), ["head"]),
]
# The shrunk covariance of the residuals; scikit-learn takes their mean, which is 0 already.
shrunk = LedoitWolf().fit(features - means[labels])
shrunk.location_ = np.zeros(P)
cases = [(n, o, nearest_class(probe, shrunk) if s is None else s, w) for n, o, s, w in cases]

out = {
    "versions": {"python": sys.version.split()[0], "numpy": np.__version__, "scipy": scipy.__version__, "scikit-learn": sklearn.__version__},
    "features": features.tolist(), "labels": labels.tolist(), "weights": weights.tolist(), "bias": bias.tolist(),
    "logits": logits.tolist(), "probe": probe.tolist(), "probe_logits": probe_logits.tolist(),
    "cases": [{"detector": n, "options": o, "with": w, "scores": s.tolist()} for n, o, s, w in cases],
}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(out) + "\n")
