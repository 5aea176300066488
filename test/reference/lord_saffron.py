"""Reference values of LORD++ and SAFFRON: levels and decisions of online-fdr. Writes lord_saffron.json beside this file.

Needs online-fdr, numpy.
"""

import json
import pathlib
import sys
from importlib.metadata import version

import numpy as np
from online_fdr.p_values.investing.lord.plus_plus import LordPlusPlus
from online_fdr.p_values.investing.saffron.saffron import Saffron

rng = np.random.default_rng(20261121)
p_values = [float(f"{p:.9g}") for p in np.where(rng.random(300) < 0.25, rng.random(300) ** 12, rng.random(300))]


def run(procedure):
    decisions, levels = [], []
    for p in p_values:
        decisions.append(bool(procedure.test_one(p)))
        levels.append(float(procedure.alpha))
    return decisions, levels


cases = []
for alpha, wealth, lambda_ in [(0.05, 0.025, 0.5), (0.1, 0.02, 0.3), (0.2, 0.1, 0.5)]:
    decisions, levels = run(LordPlusPlus(alpha=alpha, wealth=wealth))
    cases.append({"procedure": "lord++", "alpha": alpha, "wealth": wealth, "decisions": decisions, "levels": levels})
    decisions, levels = run(Saffron(alpha=alpha, wealth=wealth, lambda_=lambda_))
    cases.append({"procedure": "saffron", "alpha": alpha, "wealth": wealth, "lambda": lambda_, "decisions": decisions, "levels": levels})
for case in cases:
    print(case["procedure"], case["alpha"], sum(case["decisions"]), case["levels"][:3])
versions = {"python": sys.version.split()[0], "online-fdr": version("online-fdr"), "numpy": np.__version__}
path = pathlib.Path(__file__).with_name("lord_saffron.json")
path.write_text(json.dumps({"versions": versions, "p_values": p_values, "cases": cases}, allow_nan=False) + "\n")
