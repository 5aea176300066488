"""Tails of Student's t and Fisher's F by mpmath at 60 digits: writes tails.json beside this file. Needs mpmath (1.3)."""

import json
import pathlib

import mpmath as mp

mp.mp.dps = 60


def of(a, b, x):
    return mp.betainc(a, b, 0, x, regularized=True)


student = []
for degrees in (0.02, 0.5, 1, 2, 3, 7.3, 30, 100, 549.3, 5000, 1e7, 1e10):
    for t in (1e-8, 1e-3, 0.5, 0.99, 1.01, 2, 5, 11.02, 30, 38, 1e5):
        v, square = mp.mpf(degrees), mp.mpf(t) ** 2
        if degrees >= 1e5 and t > 40:
            continue  # below every double
        p = of(v / 2, mp.mpf(1) / 2, v / (v + square))
        if p > mp.mpf("1e-300"):
            student.append({"t": t, "degrees": degrees, "p": float(p)})
fisher = []
for numerator, denominator in ((1, 549), (2.5, 3.5), (10, 40), (40, 10), (300, 300), (64, 1e4), (1e4, 64), (0.3, 700)):
    for f in (1e-4, 0.1, 0.7, 0.999, 1.001, 1.5, 4, 30, 1000):
        n, d = mp.mpf(numerator), mp.mpf(denominator)
        p = of(d / 2, n / 2, d / (d + n * mp.mpf(f)))
        if p > mp.mpf("1e-300"):
            fisher.append({"f": f, "numerator": numerator, "denominator": denominator, "p": float(p)})
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps({"made_by": f"mpmath {mp.__version__}", "student": student, "fisher": fisher}) + "\n")
