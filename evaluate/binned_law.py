# needs: numpy scipy
"""How far the limit law of tests of binned counts is off where the bins were cut at the reference's own quantiles, and what raising
p-values leaves of that.

    python evaluate/binned_law.py [--draws 60000] [--bins 10] [--seed 1]

Where nothing has changed, the reference's counts c are what they were cut to be, and those of the current sample have the law of
Polya's urn: multinomial with shares from a Dirichlet law of parameters c (the last bin has one more). For each pair of sizes and each
test a line: P(p <= a)/a at a = 0.05, 0.01 and 0.001, by the chi-squared law and with p-values raised as src/drift/two_sample/cut.rs does. 1 is
right, more is too many false alarms. Windows with fewer than five values in a bin are left out: there counts are reassigned instead.
"""

import argparse

import numpy as np
from scipy.stats import chi2

SIZES = [(60, 300), (200, 1000), (300, 300), (1000, 150), (1000, 300), (1000, 1000), (2000, 10_000), (5000, 200)]
LEVELS = [0.05, 0.01, 0.001]
# Tests whose limit law does not depend on the current sample's small counts: they have no logarithm or root of its shares.
BOUNDED = {"chi2", "kl"}


def counts_of(m, n, bins, draws, random):
    """The reference's counts, and `draws` windows'."""
    reference = np.full(bins, m // bins)
    reference[: m % bins] += 1
    parameters = reference + (np.arange(bins) == bins - 1)
    shares = random.dirichlet(parameters, size=draws)
    return reference, random.multinomial(n, shares)


def x_ln(x, ratio):
    return x * np.log(np.where(x > 0, ratio, 1))


def statistics(reference, current):
    """Each with a chi-squared limit of bins - 1 degrees of freedom."""
    m, n = reference.sum(), current.sum(1)[0]
    p, q = reference / m, current / n
    size, pooled, middle = m * n / (m + n), (reference + current) / (m + n), (p + q) / 2
    with np.errstate(all="ignore"):
        return {
            "chi2": size * ((p - q) ** 2 / pooled).sum(1),
            "g": 2 * (m * x_ln(p, p / pooled) + n * x_ln(q, q / pooled)).sum(1),
            "psi": size * ((p - q) * np.log(p / q)).sum(1),
            "js": 4 * size * (x_ln(p, p / middle) + x_ln(q, q / middle)).sum(1),
            "hellinger": 8 * size * (1 - np.sqrt(p * q).sum(1)),
            "kl": 2 * size * x_ln(q, q / p).sum(1),
        }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--draws", type=int, default=60_000)
    parser.add_argument("--bins", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random, worst = np.random.default_rng(options.seed), {"limit law": 0.0, "raised": 0.0}
    print(f"{'sizes':>15} {'test':<10} {'limit law':<20} raised")
    for m, n in SIZES:
        reference, current = counts_of(m, n, options.bins, options.draws, random)
        filled = (current >= 5).all(1)
        of_reference = n / (m + n) * (1 / reference).mean()
        of_current = m / (m + n) * (1 / np.maximum(current, 1)).mean(1)
        for test, statistic in statistics(reference, current).items():
            p = chi2.sf(statistic, options.bins - 1)
            d = of_reference if test in BOUNDED else np.maximum(of_reference, of_current)
            columns = {"limit law": p, "raised": p ** (1 / (1 + 3 * d))}
            found = {name: [(p[filled] <= a).mean() / a for a in LEVELS] for name, p in columns.items()}
            for name, ratios in found.items():
                worst[name] = max(worst[name], *ratios)
            told = ["  ".join(f"{ratio:.2f}" for ratio in ratios) for ratios in found.values()]
            print(f"{m:>6} / {n:<6} {test:<10} {told[0]:<20} {told[1]}")
    print("the most: " + ", ".join(f"{ratio:.2f} times by the {name}" for name, ratio in worst.items()))


if __name__ == "__main__":
    main()
