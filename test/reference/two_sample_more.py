"""Reference values of the other two-sample tests: writes two_sample_more.json beside this file. Needs numpy, scipy,
statsmodels, mpmath."""

import json
import pathlib
import sys
import warnings

import mpmath
import numpy as np
import scipy
import scipy.special as special
import scipy.stats as st
import statsmodels
from scipy.stats._morestats import _anderson_ksamp_midrank
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

rng = np.random.default_rng(20261121)
mpmath.mp.dps = 80


def rounded(x):
    return [float(f"{v:.9g}") for v in x]


# Limit laws, by integrals at high precision.
def cvm_sf(x):
    """Smirnov 1936, by tanh-sinh quadrature."""
    x, total, j = mpmath.mpf(x), mpmath.mpf(0), 1
    while True:
        low, high = (2 * j - 1) * mpmath.pi, 2 * j * mpmath.pi
        middle, half = (low + high) / 2, (high - low) / 2

        # u = sin(v) takes the inverse square roots at both ends away.
        def f(v):
            s = middle + half * mpmath.sin(v)
            return mpmath.exp(-x * s * s / 2) * 2 / s * mpmath.sqrt(s / abs(mpmath.sin(s))) * half * mpmath.cos(v)

        # The integrand is steep at its lower end where x is large.
        end = mpmath.pi / 2 - mpmath.mpf(10) ** -18
        cuts = [-end] + [-mpmath.pi / 2 + mpmath.mpf(d) for d in ("0.05", "0.1", "0.2", "0.4", "0.8", "1.6")] + [end]
        term = mpmath.quad(f, cuts) / mpmath.pi
        total += (-1) ** (j - 1) * term
        if abs(term) < mpmath.mpf(10) ** -25 * total:
            return float(total)
        j += 1


def cvm_sf_by_bessel(x):
    """Anderson & Darling 1952, eq. 4.35: another form of the same law."""
    x, total = mpmath.mpf(x), mpmath.mpf(0)
    for j in range(200):
        argument = (4 * j + 1) ** 2 / (16 * x)
        total += (mpmath.gamma(j + mpmath.mpf(1) / 2) / (mpmath.gamma(mpmath.mpf(1) / 2) * mpmath.factorial(j))
                  * mpmath.sqrt(4 * j + 1) * mpmath.exp(-argument) * mpmath.besselk(mpmath.mpf(1) / 4, argument))
    return float(1 - total / (mpmath.pi * mpmath.sqrt(x)))


def ad_sf(x):
    """Anderson & Darling 1954, the series of the limit law."""
    x, total = mpmath.mpf(x), mpmath.mpf(0)
    for j in range(60):
        t = (4 * j + 1) ** 2 * mpmath.pi**2 / (8 * x)
        if t > 200:
            break
        f = lambda w: mpmath.exp(x / (8 * (w * w + 1)) - t * (w * w + 1))
        coefficient = mpmath.binomial(-mpmath.mpf(1) / 2, j) * (4 * j + 1)
        total += coefficient * mpmath.quad(f, [0, 1, 2, 4, 8, 20])
    return float(1 - mpmath.sqrt(2 * mpmath.pi) / x * total)


def kuiper_sf(v, size):
    x = (mpmath.sqrt(size) + mpmath.mpf("0.155") + mpmath.mpf("0.24") / mpmath.sqrt(size)) * v
    return float(2 * mpmath.nsum(lambda j: (4 * j * j * x * x - 1) * mpmath.exp(-2 * j * j * x * x), [1, mpmath.inf]))


laws = {"cvm": [[x, cvm_sf_by_bessel(x)] for x in (0.01, 0.03, 0.05, 0.1, 0.2, 0.46136, 0.74346, 1.5, 3.0, 6.0, 20.0)],
        "ad": [[x, ad_sf(x)] for x in (0.1, 0.2, 0.5, 1.0, 2.492, 3.857, 8.0, 12.0)]}
for x, p in laws["cvm"]:
    assert x > 3 or abs(cvm_sf(x) / p - 1) < 1e-9, (x, p, cvm_sf(x))

samples = {
    "normal": (rng.normal(size=200), rng.normal(size=200)),
    "shifted, unequal sizes": (rng.normal(size=150), rng.normal(0.4, size=64)),
    "wider": (rng.normal(size=90), 3 * rng.normal(size=230)),
    "small": (rng.normal(size=7), rng.normal(1, size=6)),
    "small, other sizes": (rng.normal(size=12), rng.normal(0.5, size=18)),
    "twenty each": (rng.normal(size=20), rng.normal(0.8, size=19)),
    "five against one hundred": (rng.normal(size=5), rng.normal(0.8, size=100)),
    "few ties": (np.round(rng.normal(size=120), 2), np.round(rng.normal(0.2, size=80), 2)),
    "integers": (rng.poisson(3, 300), rng.poisson(4, 100)),
    "relu": (np.maximum(0, rng.normal(0.4, size=200)), np.maximum(0, rng.normal(0.9, size=120))),
    "two values": (rng.integers(0, 2, 70), rng.integers(0, 2, 50)),
    "heavy tails": (rng.standard_cauchy(100), rng.standard_cauchy(170)),
    "lognormal": (rng.lognormal(0, 2, 250), rng.lognormal(0.5, 2, 250)),
    "far apart": (rng.normal(size=60), 50 + rng.normal(size=75)),
    "offset": (1e6 + rng.normal(size=130), 1e6 + 1.1 * rng.normal(size=110)),
    "1000 each": (rng.normal(size=1000), rng.normal(0.05, size=1000)),
    "constant, equal": ([3.0] * 20, [3.0] * 11),
}
raw = []
for name, (a, b) in samples.items():
    a, b = rounded(a), rounded(b)
    x, y = np.array(a), np.array(b)
    m, n = len(a), len(b)
    pooled = np.sort(np.concatenate([x, y]))
    values, counts = np.unique(pooled, return_counts=True)
    ties, size = float((counts.astype(float) ** 3 - counts).sum()), m + n
    case = {"name": name, "reference": a, "current": b, "tied": bool(ties), "constant": len(values) == 1,
            "continuous": bool(min(m, n) >= 10 and ties <= 0.01 * (size**3 - size))}
    case["energy"] = float(st.energy_distance(a, b))
    if len(values) > 1:
        cvm = st.cramervonmises_2samp(a, b, method="asymptotic")
        case["cvm"] = float(cvm.statistic)
        # scipy's series has 7 digits, and its tail is 1 - cdf; so the law is taken from here.
        et = (1 + 1 / size) / 6
        vt = (size + 1) * (4 * m * n * size - 3 * (m * m + n * n) - 2 * m * n) / (45 * size**2 * 4 * m * n)
        tn = 1 / 6 + (cvm.statistic - et) / np.sqrt(45 * vt)
        case["cvm_asymptotic"] = cvm_sf(tn) if tn > 0.003 else 1.0
        assert abs(case["cvm_asymptotic"] - cvm.pvalue) < 1e-6, (name, case["cvm_asymptotic"], cvm.pvalue)
        if not ties and max(m, n) <= 20:
            case["cvm_exact"] = float(st.cramervonmises_2samp(a, b, method="exact").pvalue)

        order = [np.sort(x), np.sort(y)]
        a2 = float(_anderson_ksamp_midrank(order, pooled, values, 2, [m, n], size))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # p-values are clipped; they are not used
            standardized = float(st.anderson_ksamp([x, y], variant="midrank").statistic)
        case["ad"] = a2
        case["ad_asymptotic"] = ad_sf(1 + np.sqrt(2 * np.pi**2 / 3 - 6) * standardized) if a2 < 25 and case["continuous"] else None

        f = np.searchsorted(order[0], values, "right") / m
        g = np.searchsorted(order[1], values, "right") / n
        case["kuiper"] = float(max(0, np.max(f - g)) + max(0, np.max(g - f)))
        case["kuiper_asymptotic"] = kuiper_sf(case["kuiper"], mpmath.mpf(m) * n / size)

        u = st.mannwhitneyu(b, a, method="asymptotic")
        case["mannwhitney"], case["mannwhitney_asymptotic"] = float(u.statistic), float(u.pvalue)
        if not ties and min(m, n) <= 8:
            case["mannwhitney_exact"] = float(st.mannwhitneyu(b, a, method="exact").pvalue)

        welch = st.ttest_ind(b, a, equal_var=False)
        case["welch"], case["welch_p"] = float(welch.statistic), float(welch.pvalue)
        again = CompareMeans(DescrStatsW(y), DescrStatsW(x)).ttest_ind(usevar="unequal")
        assert abs(again[0] / welch.statistic - 1) < 1e-8 and abs(again[1] / welch.pvalue - 1) < 1e-6
        case["d"] = float(abs(y.mean() - x.mean()) / np.sqrt((y.var(ddof=1) + x.var(ddof=1)) / 2))

        if min(m, n) >= 5 and np.subtract(*np.percentile(pooled, [75, 25])) > 0 and len(values) > 4:
            es = st.epps_singleton_2samp(a, b)
            case["epps_singleton"], case["epps_singleton_p"] = float(es.statistic), float(es.pvalue)
        if len(values) == 2:
            table = [[int((x == v).sum()) for v in values], [int((y == v).sum()) for v in values]]
            case["fisher_p"] = float(st.fisher_exact(table).pvalue)
    raw.append(case)

tables = {
    "balanced": ([100] * 10, rng.multinomial(1000, [0.1] * 10)),
    "unequal sizes": (rng.multinomial(5000, [0.1] * 10), rng.multinomial(300, [0.1] * 10)),
    "drifted": ([100] * 10, rng.multinomial(800, np.arange(1, 11) / 55)),
    "empty in both": ([50, 0, 60, 70], [40, 0, 80, 60]),
    "empty in the reference": ([50, 0, 60, 70], [40, 20, 80, 60]),
    "empty in current": ([50, 25, 60, 70], [40, 0, 80, 60]),
    "disjoint": ([90, 80, 0, 0], [0, 0, 70, 60]),
    "equal": ([10, 20, 30], [10, 20, 30]),
    "two bins": ([33, 67], [52, 48]),
    "two bins, far apart": ([3300, 67], [52, 4800]),
    "two bins, small": ([3, 1], [0, 6]),
    "far tail": ([1000, 10, 500], [10, 1000, 500]),
    "small": ([3, 1, 0, 2], [0, 1, 2, 1]),
}
counts = []
for name, (r, c) in tables.items():
    r, c = np.array([int(v) for v in r]), np.array([int(v) for v in c])
    keep = r + c > 0
    a, b = r[keep].astype(float), c[keep].astype(float)
    p, q = a / a.sum(), b / b.sum()
    scale, degrees = a.sum() * b.sum() / (a.sum() + b.sum()), len(a) - 1
    g = st.chi2_contingency([a, b], correction=False, lambda_="log-likelihood")
    large = bool((g.expected_freq >= 1).all() and (g.expected_freq < 5).mean() <= 0.2)
    kl = float(special.kl_div(q, np.where(p == 0, 1e-4, p)).sum())
    hellinger = float(np.sqrt(max(0.0, 0.5 * np.sum((np.sqrt(p) - np.sqrt(q)) ** 2))))
    case = {"name": name, "reference": r.tolist(), "current": c.tolist(), "large": large, "g": float(g.statistic),
            "g_p": float(g.pvalue), "kl": kl, "kl_p": float(st.chi2.sf(2 * kl * scale, degrees)),
            "hellinger": hellinger, "hellinger_p": float(st.chi2.sf(8 * hellinger**2 * scale, degrees)),
            "tv": float(0.5 * np.abs(p - q).sum())}
    if len(a) == 2:
        case["fisher_p"] = float(st.fisher_exact([a.astype(int), b.astype(int)]).pvalue)
    counts.append(case)

versions = {"python": sys.version.split()[0], "numpy": np.__version__, "scipy": scipy.__version__,
            "statsmodels": statsmodels.__version__, "mpmath": mpmath.__version__}
path = pathlib.Path(__file__).with_name("two_sample_more.json")
path.write_text(json.dumps({"versions": versions, "laws": laws, "raw": raw, "counts": counts}, allow_nan=False) + "\n")
print(path, path.stat().st_size, "bytes")
