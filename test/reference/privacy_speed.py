"""dp-accounting's time for the same PLD epsilons as `benches/privacy.rs`, at its default grid: median, in ms.

    venv/bin/python privacy_speed.py        # venv as in privacy_accounting.py
"""

import json
import os
import statistics
import time

import dp_accounting
from dp_accounting.pld import PLDAccountant

RELATION = {
    "add_remove": dp_accounting.NeighboringRelation.ADD_OR_REMOVE_ONE,
    "replace_one": dp_accounting.NeighboringRelation.REPLACE_ONE,
}


def main():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "privacy_accounting.json")
    with open(path) as file:
        rows = json.load(file)["pld"]
    times = []
    for row in rows:
        for delta, _ in row["epsilon"]:
            start = time.perf_counter()
            accountant = PLDAccountant(RELATION[row["relation"]])
            for sigma, q, steps in row["phases"]:
                event = dp_accounting.PoissonSampledDpEvent(q, dp_accounting.GaussianDpEvent(sigma))
                accountant.compose(event, int(steps))
            accountant.get_epsilon(delta)
            times.append(1e3 * (time.perf_counter() - start))
    print(f"dp-accounting, PLD epsilon: {statistics.median(times):.1f} ms median, {max(times):.1f} ms at most")


main()
