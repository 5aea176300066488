"""Reference values of lsdd, c2st, pca and of mmd's methods for many rows: writes multivariate_more.json beside this file. Needs
numpy, scipy, scikit-learn."""

import json
import pathlib
import sys

import numpy as np
import scipy
import scipy.stats as st
import sklearn
from scipy.spatial.distance import cdist, pdist
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from splitmix64 import SplitMix64, by_content, picked


def lsdd(a, b, width):
    """Sugiyama et al. 2013, eq. 9, in units of (pi sigma^2)^(d/2); lambda by the expected relative difference."""
    pooled = np.concatenate([a, b])
    m, n = len(a), len(b)
    centers = pooled[picked(m + n, 100, 1)]
    big_h = np.exp(-cdist(centers, centers, "sqeuclidean") / (2 * width))
    kernels = np.exp(-cdist(pooled, centers, "sqeuclidean") / width)
    h = kernels[m:].mean(axis=0) - kernels[:m].mean(axis=0)
    covariance = np.cov(kernels.T)
    for power in range(10):
        regularized = big_h + 0.25**power * np.eye(len(centers))
        inverse = np.linalg.inv(regularized)
        difference = 1 - np.trace(inverse @ big_h @ inverse @ covariance) / np.trace(inverse @ covariance)
        if difference < 0.2:
            break
    theta = np.linalg.solve(regularized, h)
    distance = 2 * h @ theta - theta @ big_h @ theta
    form = 2 * inverse - inverse @ big_h @ inverse
    squares = sum(k @ form @ k for k in (kernels[:m].mean(axis=0), kernels[m:].mean(axis=0)))
    chance = (1 / m + 1 / n) * np.trace(form @ covariance)
    return distance, np.sqrt(max(distance - chance, 0) / squares)


def c2st(a, b):
    rows, labels = np.concatenate([a, b]), np.repeat([0, 1], [len(a), len(b)])
    part = np.concatenate([np.arange(len(a)), np.arange(len(b))]) % 5
    u = pairs = variance = 0
    for k in range(1, 5):
        model = LogisticRegression(C=1.0, solver="newton-cholesky", tol=1e-12, max_iter=1000)
        model.fit(rows[part < k], labels[part < k])
        scores, truth = model.decision_function(rows[part == k]), labels[part == k]
        ranks = st.rankdata(scores)
        m, n = (truth == 0).sum(), (truth == 1).sum()
        assert len(set(scores)) == m + n
        u += ranks[truth == 1].sum() - n * (n + 1) / 2
        pairs += m * n
        variance += m * n * (m + n + 1) / 12
    return u / pairs, st.norm.sf((u - pairs / 2 - 0.5) / np.sqrt(variance))


def pca(a, b):
    fitted = a[::2]
    share = np.cumsum(PCA(svd_solver="full").fit(fitted).explained_variance_ratio_)
    kept = min(int(np.argmax(share >= 0.9 * (1 - 1e-12))) + 1, a.shape[1] - 1)
    model = PCA(n_components=kept, svd_solver="full").fit(fitted)
    error = lambda x: ((x - model.inverse_transform(model.transform(x))) ** 2).sum(axis=1)
    found = st.ks_2samp(error(a[1::2]), error(b), method="exact")
    return found.statistic, found.pvalue


def linear(a, b, width):
    size = min(len(a), len(b)) // 2 * 2
    x, y = a[:size], b[:size]
    kernel = lambda u, v: np.exp(-((u - v) ** 2).sum(axis=1) / width)
    h = kernel(x[::2], x[1::2]) + kernel(y[::2], y[1::2]) - kernel(x[::2], y[1::2]) - kernel(x[1::2], y[::2])
    return h.mean(), st.norm.sf(h.mean() / (h.std(ddof=1) / np.sqrt(len(h))))


def random_features(a, b, width):
    random = SplitMix64(2)
    w = st.norm.ppf([[random.uniform() for _ in range(a.shape[1])] for _ in range(128)]) * np.sqrt(2 / width)
    # The unbiased MMD² of the kernel that is the mean of the cosines.
    gram = lambda x, y: np.cos((x @ w.T)[:, None, :] - (y @ w.T)[None, :, :]).mean(axis=2)
    m, n = len(a), len(b)
    return ((gram(a, a).sum() - m) / (m * (m - 1)) + (gram(b, b).sum() - n) / (n * (n - 1)) - 2 * gram(a, b).mean())


rng = np.random.default_rng(20261122)
mix = rng.normal(size=(5, 5))
samples = {
    "normal": (rng.normal(size=(60, 3)), rng.normal(size=(45, 3))),
    "shifted": (rng.normal(size=(100, 2)), rng.normal(0.7, 1, size=(120, 2))),
    "dependent, other units": (rng.normal(size=(80, 5)) @ mix * [1e6, 1, 1e-6, 1, 10],
                               (0.3 + rng.normal(size=(50, 5))) @ mix * [1e6, 1, 1e-6, 1, 10]),
    "wide": (rng.normal(size=(24, 15)), rng.normal(0.5, 1, size=(21, 15))),
    "heavy tails": (rng.standard_cauchy(size=(50, 2)), 2 * rng.standard_cauchy(size=(50, 2))),
    "more than are centers": (rng.normal(size=(130, 2)), rng.normal(0.3, 1.4, size=(101, 2))),
}
cases = []
for name, (x, y) in samples.items():
    x, y = np.array([[float(f"{v:.9g}") for v in r] for r in x]), np.array([[float(f"{v:.9g}") for v in r] for r in y])
    pooled = np.concatenate([x, y])
    a, b = (x - pooled.mean(axis=0)) / pooled.std(axis=0), (y - pooled.mean(axis=0)) / pooled.std(axis=0)
    squares = pdist(np.concatenate([a, b]), "sqeuclidean")
    width = np.sort(squares)[len(squares) // 2]
    case = {"name": name, "features": x.shape[1], "reference": x.ravel().tolist(), "current": y.ravel().tolist()}
    case["lsdd"], case["lsdd_effect"] = map(float, lsdd(a, b, width))
    ranks = np.stack([np.unique(column, return_inverse=True)[1] for column in pooled.T], axis=1)
    ordered = a[by_content(ranks[: len(x)])], b[by_content(ranks[len(x) :])]
    case["c2st"], case["c2st_p"] = map(float, c2st(*ordered))
    case["pca"], case["pca_p"] = map(float, pca(*ordered))
    case["random_features"] = float(random_features(a, b, width))
    if min(len(x), len(y)) >= 100:
        case["linear"], case["linear_p"] = map(float, linear(*ordered, width))
    cases.append(case)

versions = {"python": sys.version.split()[0], "numpy": np.__version__, "scipy": scipy.__version__,
            "scikit-learn": sklearn.__version__}
path = pathlib.Path(__file__).with_name("multivariate_more.json")
path.write_text(json.dumps({"versions": versions, "cases": cases}, allow_nan=False) + "\n")
print(path, path.stat().st_size, "bytes")
for case in cases:
    print({k: v for k, v in case.items() if k not in ("reference", "current")})
