"""What random programs claimed, beside what dp-accounting makes of what a witness saw.

    witness.py PROGRAMS.jsonl

A line is {"claimed", "delta", "groups": [[rate, shift], ...]}: releases on one lot each, whose examples were in it with
probability `rate` and moved what was released by `shift` deviations. dp-accounting composes them on a grid whose losses are rounded
down, so its epsilon is at most the truth, and the claim must not be below.
"""

import json
import sys

try:
    from dp_accounting.pld import privacy_loss_distribution as pld
except ImportError:
    print("dp-accounting: skipped, not installed (pip install dp-accounting)")
    sys.exit(0)

checked = below = 0
nearest = float("inf")
for line in open(sys.argv[1]):
    program = json.loads(line)
    composed = None
    for rate, shift in program["groups"]:
        if shift == 0:
            continue
        one = pld.from_gaussian_mechanism(1 / shift, pessimistic_estimate=False, value_discretization_interval=1e-3,
                                          sampling_prob=rate, use_connect_dots=False)
        composed = one if composed is None else composed.compose(one)
    if composed is None:
        continue
    epsilon = composed.get_epsilon_for_delta(program["delta"])
    checked += 1
    if program["claimed"] < epsilon:
        below += 1
        print(f"UNDERSTATED: claimed {program['claimed']}, dp-accounting {epsilon}: {line.strip()}")
    elif epsilon > 0:
        nearest = min(nearest, program["claimed"] / epsilon)
print(f"dp-accounting on {checked} programs: {below} claims below it, the nearest {nearest:.4f} times it")
sys.exit(1 if below else 0)
