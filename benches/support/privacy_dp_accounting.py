"""dp-accounting's side, at its default grid: answers a line on standard input with a line on standard output.

    epsilon ROW DELTA               nanoseconds and the value, for a row of privacy_accounting.json
    calibrate EPSILON RATE STEPS    nanoseconds and the noise multiplier, at delta 1e-5
"""

import importlib.metadata
import json
import sys
import time

import dp_accounting
from dp_accounting.pld import PLDAccountant

RELATION = {
    "add_remove": dp_accounting.NeighboringRelation.ADD_OR_REMOVE_ONE,
    "replace_one": dp_accounting.NeighboringRelation.REPLACE_ONE,
}


def step(sigma, rate):
    return dp_accounting.PoissonSampledDpEvent(rate, dp_accounting.GaussianDpEvent(sigma))


def epsilon(row, delta):
    accountant = PLDAccountant(RELATION[row["relation"]])
    for sigma, rate, steps in row["phases"]:
        accountant.compose(step(sigma, rate), int(steps))
    return accountant.get_epsilon(delta)


def calibrate(target, rate, steps):
    return dp_accounting.calibrate_dp_mechanism(
        PLDAccountant, lambda sigma: dp_accounting.SelfComposedDpEvent(step(sigma, rate), steps), target, 1e-5)


def main():
    with open(sys.argv[1]) as file:
        rows = json.load(file)["pld"]
    print(importlib.metadata.version("dp-accounting"), flush=True)
    for line in sys.stdin:
        name, *values = line.split()
        start = time.perf_counter_ns()
        if name == "epsilon":
            answer = epsilon(rows[int(values[0])], float(values[1]))
        else:
            answer = calibrate(float(values[0]), float(values[1]), int(values[2]))
        print(time.perf_counter_ns() - start, repr(float(answer)), flush=True)


main()
