"""Reference values of null distributions and multiple testing: writes stats.json beside this file.

Needs numpy, scipy, statsmodels and mpmath (exact rational path counts for the Kolmogorov-Smirnov distribution).
"""

import json
import math
import pathlib
import sys
from fractions import Fraction

import mpmath
import numpy as np
import scipy
import scipy.special as special
import scipy.stats as st
import statsmodels
from scipy.stats import _stats_py
from statsmodels.stats.multitest import multipletests

rng = np.random.default_rng(20261120)


def ks_exact(m, n, steps):
    """P(D >= steps/lcm) with whole numbers: all lattice paths, less those that stay inside."""
    g = math.gcd(m, n)
    row = [0] * (n + 1)
    for i in range(m + 1):
        for j in range(n + 1):
            if abs(i * n - j * m) >= steps * g:
                row[j] = 0
            elif i == j == 0:
                row[j] = 1
            else:
                row[j] = (row[j] if i else 0) + (row[j - 1] if j else 0)
    every = math.comb(m + n, m)
    return float(Fraction(every - row[n], every))


def scipy_exact(m, n, steps):
    g = math.gcd(m, n)
    ok, _, p = _stats_py._attempt_exact_2kssamp(m, n, g, steps / (m // g * n), "two-sided")
    return float(p) if ok else None


exact = []
for m, n in [(1, 1), (1, 5), (5, 1), (3, 7), (20, 20), (30, 45), (97, 101), (250, 250), (120, 300), (64, 1000)]:
    lcm = m // math.gcd(m, n) * n
    for share in (0.02, 0.1, 0.2, 0.35, 0.6, 0.9, 1.0):
        steps = max(1, round(share * lcm))
        exact.append({"m": m, "n": n, "d": steps / lcm, "p": ks_exact(m, n, steps)})
# Large ones by scipy itself, where it is in the upper half of its precision.
large = []
for m, n in [(1000, 1000), (10000, 10000), (1000, 1500), (10000, 5000), (3000, 10000)]:
    root = math.sqrt(m * n / (m + n))
    lcm = m // math.gcd(m, n) * n
    for z in (0.6, 0.9, 1.3, 1.8, 2.5):
        steps = round(z / root * lcm)
        large.append({"m": m, "n": n, "d": steps / lcm, "p": scipy_exact(m, n, steps)})

asymptotic = []
for m, n in [(1, 1), (2, 9), (10, 10), (40, 60), (100, 400), (281, 281), (1000, 1500), (5000, 10000), (100000, 30000)]:
    effective = np.round(max(m, n) * min(m, n) / (m + n))
    for z in (0.3, 0.5, 0.8, 1.1, 1.4, 1.9, 2.6, 4.0, 6.0):
        d = z / math.sqrt(m * n / (m + n))
        if d < 1:
            asymptotic.append({"m": m, "n": n, "d": d, "p": float(st.kstwo.sf(d, max(effective, 1)))})

limit = [{"z": z, "sf": float(special.kolmogorov(z)), "cdf": float(mpmath.mpf(1) - sum(
    (-1) ** (k - 1) * 2 * mpmath.exp(-2 * mpmath.mpf(k) ** 2 * mpmath.mpf(z) ** 2) for k in range(1, 400)))}
    for z in (0.1, 0.2, 0.4, 0.6, 0.8, 0.82, 0.85, 1.0, 1.36, 2.0, 4.0, 8.0, 15.0)
    for mpmath.mp.dps in (80,)]

chi_squared = [{"x": x, "df": df, "sf": float(st.chi2.sf(x, df)), "cdf": float(st.chi2.cdf(x, df))}
               for df in (1, 2, 3, 9, 10, 57, 255) for x in (1e-6, 0.1, 1.0, 5.0, 30.0, 200.0, 500.0, 1300.0)]
normal = [{"z": z, "cdf": float(special.ndtr(z)), "sf": float(special.ndtr(-z)), "pdf": float(st.norm.pdf(z))}
          for z in (-37.0, -20.0, -8.0, -3.0, -1.0, -0.1, 0.0, 0.3, 1.96, 5.0, 12.0, 36.0)]
quantile = [{"p": p, "z": float(special.ndtri(p))}
            for p in (1e-300, 1e-100, 1e-20, 1e-6, 0.01, 0.3, 0.5, 0.7, 0.975, 0.999999)]


def binomial_tail(k, n, p):
    mpmath.mp.dps = 60
    p = mpmath.mpf(p)
    return float(sum(mpmath.binomial(n, j) * p**j * (1 - p) ** (n - j) for j in range(k, n + 1)))


binomial = [{"k": k, "n": n, "p": p, "tail": binomial_tail(k, n, p)}
            for n, p in [(1, 0.5), (10, 0.05), (100, 0.001), (1000, 0.01), (1000, 0.4), (2000, 0.97)]
            for k in sorted({1, n // 100 + 1, n // 20 + 1, n // 2 + 1, n})]


def fisher_tails(b, m, x, n):
    every, drawn = math.comb(m + n, n), b + x
    ways = [math.comb(drawn, j) * math.comb(m + n - drawn, n - j) for j in range(n + 1)]
    return float(Fraction(sum(ways[: x + 1]), every)), float(Fraction(sum(ways[x:]), every))


fisher = []
for b, m, x, n in [(0, 1, 0, 1), (1, 1, 0, 1), (3, 10, 9, 12), (0, 500, 3, 60), (40, 500, 0, 60), (250, 500, 31, 60),
                   (999, 1000, 900, 1000), (5, 2000, 400, 700), (300, 3000, 90, 900)]:
    less, greater = fisher_tails(b, m, x, n)
    fisher.append({"in_reference": b, "reference_size": m, "in_current": x, "current_size": n,
                   "less": less, "greater": greater})
    table = [[x, n - x], [b, m - b]]
    for name, value in (("less", less), ("greater", greater)):
        assert math.isclose(st.fisher_exact(table, alternative=name).pvalue, value, rel_tol=1e-7), (table, name)

multiple = []
for size in (1, 2, 7, 40):
    for power in (1, 4):
        p = np.round(rng.uniform(size=size) ** power, 3 if size == 40 else 12)  # rounding makes ties
        multiple.append({"p": p.tolist(), **{
            name: multipletests(p, method=method)[1].tolist()
            for name, method in [("bonferroni", "bonferroni"), ("holm", "holm"),
                                 ("benjamini-hochberg", "fdr_bh"), ("benjamini-yekutieli", "fdr_by")]}})

versions = {"python": sys.version.split()[0], "numpy": np.__version__, "scipy": scipy.__version__,
            "statsmodels": statsmodels.__version__, "mpmath": mpmath.__version__}
out = {"versions": versions, "ks_exact": exact, "ks_exact_large": large, "ks_asymptotic": asymptotic,
       "kolmogorov_limit": limit, "chi_squared": chi_squared, "normal": normal, "normal_quantile": quantile,
       "binomial": binomial, "fisher": fisher, "multiple": multiple}
path = pathlib.Path(__file__).with_name("stats.json")
path.write_text(json.dumps(out, indent=1, allow_nan=False) + "\n")
print(path, path.stat().st_size, "bytes")
