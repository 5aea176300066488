"""Reference values of the two-sample tests of many variables: writes multivariate.json beside this file. Needs numpy,
scipy, statsmodels."""

import json
import pathlib
import sys

import numpy as np
import scipy
import scipy.stats as st
import statsmodels
from scipy.spatial.distance import cdist, pdist
from statsmodels.stats.multivariate import test_mvmean_2indep

rng = np.random.default_rng(20261121)
mix = rng.normal(size=(5, 5))
samples = {
    "normal": (rng.normal(size=(60, 3)), rng.normal(size=(45, 3))),
    "shifted": (rng.normal(size=(40, 2)), rng.normal(0.7, 1, size=(70, 2))),
    "dependent, other units": (rng.normal(size=(80, 5)) @ mix * [1e6, 1, 1e-6, 1, 10],
                               (0.3 + rng.normal(size=(50, 5))) @ mix * [1e6, 1, 1e-6, 1, 10]),
    "one column": (rng.normal(size=(30, 1)), rng.normal(1, 2, size=(25, 1))),
    "wide": (rng.normal(size=(12, 15)), rng.normal(0.5, 1, size=(11, 15))),
    "heavy tails": (rng.standard_cauchy(size=(50, 2)), 2 * rng.standard_cauchy(size=(50, 2))),
}
cases = []
for name, (x, y) in samples.items():
    x, y = np.array([[float(f"{v:.9g}") for v in r] for r in x]), np.array([[float(f"{v:.9g}") for v in r] for r in y])
    m, n = len(x), len(y)
    scale = np.concatenate([x, y]).std(axis=0)
    a, b = x / scale, y / scale
    squares = pdist(np.concatenate([a, b]), "sqeuclidean")
    # The element in the middle, the upper one of two.
    gamma = 1 / np.sort(squares)[len(squares) // 2]
    kaa, kbb, kab = (np.exp(-gamma * cdist(u, v, "sqeuclidean")) for u, v in ((a, a), (b, b), (a, b)))
    mmd = ((kaa.sum() - np.trace(kaa)) / (m * (m - 1)) + (kbb.sum() - np.trace(kbb)) / (n * (n - 1)) - 2 * kab.mean())
    between = cdist(a, b).mean()
    energy = 2 * between - cdist(a, a).mean() - cdist(b, b).mean()
    case = {"name": name, "features": x.shape[1], "reference": x.ravel().tolist(), "current": y.ravel().tolist(),
            "mmd": float(mmd), "energy": float(np.sqrt(energy)), "coefficient": float(np.sqrt(energy / (2 * between)))}
    if x.shape[1] > 1:
        hotelling = test_mvmean_2indep(y, x)
        case["hotelling"], case["hotelling_p"] = float(hotelling.t2), float(hotelling.pvalue)
    else:
        student = st.ttest_ind(y[:, 0], x[:, 0])
        case["hotelling"], case["hotelling_p"] = float(student.statistic**2), float(student.pvalue)
    cases.append(case)

versions = {"python": sys.version.split()[0], "numpy": np.__version__, "scipy": scipy.__version__,
            "statsmodels": statsmodels.__version__}
path = pathlib.Path(__file__).with_name("multivariate.json")
path.write_text(json.dumps({"versions": versions, "cases": cases}, allow_nan=False) + "\n")
print(path, path.stat().st_size, "bytes")
