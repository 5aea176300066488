"""Reference values of the two-sample tests: writes two_sample.json beside this file. Needs numpy, scipy, statsmodels."""

import json
import pathlib
import sys
import warnings

import numpy as np
import scipy
import scipy.spatial.distance as distance
import scipy.stats as st
import statsmodels

warnings.simplefilter("error")
rng = np.random.default_rng(20261120)


def rounded(x):
    return [float(f"{v:.9g}") for v in x]


samples = {
    "normal": (rng.normal(size=200), rng.normal(size=200)),
    "shifted, unequal sizes": (rng.normal(size=150), rng.normal(0.4, size=64)),
    "wider": (rng.normal(size=90), 3 * rng.normal(size=230)),
    "one against one": ([1.5], [2.0]),
    "one against one, equal": ([1.5], [1.5]),
    "one against five": ([0.3], rng.normal(size=5)),
    "five against one": (rng.normal(size=5), [7.0]),
    "ties": (np.round(rng.normal(size=120), 1), np.round(rng.normal(0.2, size=80), 1)),
    "integers": (rng.poisson(3, 300), rng.poisson(4, 100)),
    "two values": (rng.integers(0, 2, 70), rng.integers(0, 2, 50)),
    "constant, equal": ([3.0] * 20, [3.0] * 11),
    "constant, other": ([3.0] * 20, [4.0] * 11),
    "constant against varying": ([0.0] * 30, rng.normal(size=30)),
    "heavy tails": (rng.standard_cauchy(100), rng.standard_cauchy(170)),
    "lognormal": (rng.lognormal(0, 2, 250), rng.lognormal(0.5, 2, 250)),
    "relu": (np.maximum(0, rng.normal(size=200)), np.maximum(0, rng.normal(0.5, size=120))),
    "far apart": (rng.normal(size=60), 50 + rng.normal(size=75)),
    "large and small magnitudes": (1e12 * rng.normal(size=40), 1e-9 * rng.normal(size=55)),
    "offset": (1e6 + rng.normal(size=130), 1e6 + 1.1 * rng.normal(size=110)),
    "signed zeros": ([-0.0, 0.0, -1.0, 1.0], [0.0, 0.0, -0.0]),
    "1000 each": (rng.normal(size=1000), rng.normal(0.05, size=1000)),
}
raw = []
for name, (a, b) in samples.items():
    a, b = rounded(a), rounded(b)
    exact = st.ks_2samp(a, b, method="exact")
    # For one against one scipy rounds the effective size to 0, and has no asymptotic value.
    asymptotic = float(st.ks_2samp(a, b, method="asymp").pvalue) if len(a) + len(b) > 2 else None
    raw.append({"name": name, "reference": a, "current": b, "ks": float(exact.statistic),
                "ks_exact": float(exact.pvalue),
                "ks_asymptotic": asymptotic,
                "wasserstein": float(st.wasserstein_distance(a, b)),
                "effect": float(st.wasserstein_distance(a, b) / (np.std(a) or 1.0))})


def kept(r, c):
    r, c = np.asarray(r, float), np.asarray(c, float)
    keep = r + c > 0
    return r[keep], c[keep]


tables = {
    "balanced": ([100] * 10, rng.multinomial(1000, [0.1] * 10)),
    "unequal sizes": (rng.multinomial(5000, [0.1] * 10), rng.multinomial(300, [0.1] * 10)),
    "drifted": ([100] * 10, rng.multinomial(800, np.arange(1, 11) / 55)),
    "empty in both": ([50, 0, 60, 70], [40, 0, 80, 60]),
    "empty in one": ([50, 0, 60, 70], [40, 20, 80, 60]),
    "disjoint": ([90, 80, 0, 0], [0, 0, 70, 60]),
    "equal": ([10, 20, 30], [10, 20, 30]),
    "nearly equal": ([1000000, 2000000], [1000001, 1999999]),
    "two bins": ([33, 67], [52, 48]),
    "one bin": ([7, 0], [9, 0]),
    "far tail": ([1000, 10, 500], [10, 1000, 500]),
    "small": ([3, 1, 0, 2], [0, 1, 2, 1]),
    "tiny": ([1, 0], [0, 1]),
}
counts = []
for name, (r, c) in tables.items():
    r, c = [int(v) for v in r], [int(v) for v in c]
    a, b = kept(r, c)
    p, q = a / a.sum(), b / b.sum()
    bins, scale = len(a), a.sum() * b.sum() / (a.sum() + b.sum())
    if bins > 1:
        chi2 = st.chi2_contingency([a, b], correction=False)
        statistic, pvalue, expected = float(chi2.statistic), float(chi2.pvalue), chi2.expected_freq
        large = bool((expected >= 1).all() and (expected < 5).mean() <= 0.2)
    else:
        statistic, pvalue, large = 0.0, 1.0, False
    floored_p, floored_q = np.where(p == 0, 1e-4, p), np.where(q == 0, 1e-4, q)
    psi = float(np.sum((floored_q - floored_p) * np.log(floored_q / floored_p)))
    js = float(distance.jensenshannon(p, q, base=2))
    # At equal group sizes Cramer's V is the effect; here from the proportions, scaled up to equal groups.
    v = 0.0 if bins == 1 else float(st.contingency.association(np.round(np.array([p, q]) * 1e12).astype(np.int64)))
    counts.append({"name": name, "reference": r, "current": c, "large": large, "chi2": statistic, "chi2_p": pvalue,
                   "v": v, "psi": psi, "js": js,
                   "psi_p": float(st.chi2.sf(psi * scale, bins - 1)) if bins > 1 else 1.0,
                   "js_p": float(st.chi2.sf(8 * np.log(2) * js**2 * scale, bins - 1)) if bins > 1 else 1.0})

versions = {"python": sys.version.split()[0], "numpy": np.__version__, "scipy": scipy.__version__,
            "statsmodels": statsmodels.__version__}
path = pathlib.Path(__file__).with_name("two_sample.json")
path.write_text(json.dumps({"versions": versions, "raw": raw, "counts": counts}, allow_nan=False) + "\n")
print(path, path.stat().st_size, "bytes")
