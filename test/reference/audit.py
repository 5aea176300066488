"""Clopper-Pearson intervals by scipy, for julia/test/private_audit.jl. Prints JSON."""

import json

import scipy
from scipy.stats import binomtest

CASES = [(0, 10), (10, 10), (3, 10), (1, 1), (480, 1000), (3, 5000), (4999, 5000)]

rows = []
for k, n in CASES:
    for confidence in (0.95, 0.999):
        interval = binomtest(k, n).proportion_ci(confidence, method="exact")
        rows.append({"successes": k, "trials": n, "confidence": confidence, "low": interval.low, "high": interval.high})
print(json.dumps({"scipy": scipy.__version__, "clopper_pearson": rows}, indent=1))
