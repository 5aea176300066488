"""numpy's side of the detectors of classifiers: reads the numbers once, then answers "NAME one" or "NAME batch" with nanoseconds."""

import sys
import time

import numpy as np
import scipy
import sklearn
from scipy.special import logsumexp, softmax
from sklearn.neighbors import NearestNeighbors

path, d, n, classes, m = sys.argv[1], *map(int, sys.argv[2:])
numbers = np.fromfile(path)
sizes = [(n, d), (m, d), (classes, d), (classes,), (m, classes), (n,)]
parts, at = [], 0
for size in sizes:
    count = int(np.prod(size))
    parts.append(numbers[at : at + count].reshape(size))
    at += count
x, batch, weights, bias, logits, labels = parts
labels = labels.astype(int)

means = np.array([x[labels == c].mean(0) for c in range(classes)])
inverse = lambda a: np.linalg.inv(a.T @ a / len(a))
within, overall, center = inverse(x - means[labels]), inverse(x - x.mean(0)), x.mean(0)
unit = lambda a: a / np.linalg.norm(a, axis=1, keepdims=True)
neighbors = NearestNeighbors(n_neighbors=50, algorithm="brute").fit(unit(x))
origin = -np.linalg.pinv(weights) @ bias
outside = np.linalg.eigh((x - origin).T @ (x - origin))[1][:, : d // 2]
alpha = (x @ weights.T + bias).max(1).mean() / np.linalg.norm((x - origin) @ outside, axis=1).mean()
clip = np.percentile(x, 90)
left = d - int(round(0.9 * d))


def distance(a, mean, precision):
    a = a - mean
    return np.einsum("ij,jk,ik->i", a, precision, a, optimize=True)


def nearest_class(a):
    return np.min([distance(a, mean, within) for mean in means], axis=0)


def energy(z):
    return -logsumexp(z, axis=1)


def layer(a):
    return a @ weights.T + bias


def margin(z):
    p = np.partition(softmax(z, axis=1), -2, axis=1)
    return 1 - (p[:, -1] - p[:, -2])


def entropy(z):
    p = softmax(z, axis=1)
    return -(p * np.log(p)).sum(1)


def gen(z):
    p = softmax(z, axis=1)
    return ((p * (1 - p)) ** 0.1).sum(1)


def ash(a):
    kept = np.argpartition(a, -left, axis=1)[:, -left:]
    values = np.take_along_axis(a, kept, 1)
    shaped = np.zeros_like(a)
    np.put_along_axis(shaped, kept, values * np.exp(a.sum(1, keepdims=True) / values.sum(1, keepdims=True)), 1)
    return energy(layer(shaped))


scores = {
    "msp": lambda z: 1 - softmax(z, axis=1).max(1),
    "max-logit": lambda z: -z.max(1),
    "energy": energy,
    "entropy": entropy,
    "margin": margin,
    "gen": gen,
    "odin": lambda z: 1 - softmax(z / 1000, axis=1).max(1),
    "class-mahalanobis": nearest_class,
    "relative-mahalanobis": lambda a: nearest_class(a) - distance(a, center, overall),
    "deep-knn": lambda a: neighbors.kneighbors(unit(a))[0][:, -1],
    "vim": lambda a: alpha * np.linalg.norm((a - origin) @ outside, axis=1) + energy(layer(a)),
    "she": lambda a: -(a * means[layer(a).argmax(1)]).sum(1),
    "react": lambda a: energy(layer(np.minimum(a, clip))),
    "ash": ash,
}
of_logits = {"msp", "max-logit", "energy", "entropy", "margin", "gen", "odin"}
for name, score in scores.items():
    score((logits if name in of_logits else batch)[:1])
print(f"numpy {np.__version__}, scipy {scipy.__version__}, scikit-learn {sklearn.__version__}", flush=True)
for line in sys.stdin:
    name, amount = line.split()
    rows = (logits if name in of_logits else batch)[: 1 if amount == "one" else m]
    start = time.perf_counter_ns()
    scores[name](rows)
    print(time.perf_counter_ns() - start, flush=True)
