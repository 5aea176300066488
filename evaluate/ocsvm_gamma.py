# needs: numpy scikit-learn pyod river
"""Which gamma `ocsvm` is best left to choose: candidates on the sets of evaluate/outliers.py.

    python evaluate/ocsvm_gamma.py [--program target/release/fluxguard] [--seeds 2] [--sets wine,iris]

Prints the mean AUROC of each candidate over the sets, the most that it is below the best candidate of a set, and on which set that is.
References are as in evaluate/outliers.py: a random 60 % of the usual observations, 2,000 at most; nothing is standardized.
"""

import argparse
import concurrent.futures
import os
import pathlib
import sys
import tempfile

import numpy as np

import outliers
from support import outlier_sets


def squared_distances(reference):
    """Those between two observations that differ, of 512 of them at most, as the default looks at them."""
    x = reference[:: -(-len(reference) // 512)]
    squared = ((x[:, None] - x[None]) ** 2).sum(2)[np.triu_indices(len(x), 1)]
    return squared[squared > 0]


def to_the_fifth_neighbor(reference):
    squared = np.sort(((reference[:: -(-len(reference) // 512), None] - reference[None]) ** 2).sum(2), 1)
    return squared[:, 5]


# From a reference to gamma; None: what the program chooses.
CANDIDATES = {
    "the default": lambda x: None,
    "20 over the median squared distance": lambda x: 20 / np.median(squared_distances(x)),
    "10 over the median squared distance": lambda x: 10 / np.median(squared_distances(x)),
    "5 over the median squared distance": lambda x: 5 / np.median(squared_distances(x)),
    "1 over the median squared distance": lambda x: 1 / np.median(squared_distances(x)),
    "1 over the median squared distance to the 5th neighbor": lambda x: 1 / max(np.median(to_the_fifth_neighbor(x)), 1e-12),
    "1 over the features (pyod's)": lambda x: 1 / x.shape[1],
    '1 over features times the variance of all values (scikit-learn\'s "scale")': lambda x: 1 / (x.shape[1] * x.var()),
    "1 over the sum of the features' variances": lambda x: 1 / x.var(0).sum(),
}


def measure_one(draw, program, seed):
    usual, anomalies = draw(seed)
    reference, x, labels = outliers.split(usual[: outlier_sets.MOST], anomalies, seed)
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        outliers.write(pathlib.Path(folder) / "reference.csv", reference)
        outliers.write(pathlib.Path(folder) / "current.csv", x)
        for name, gamma in CANDIDATES.items():
            gamma = gamma(reference)
            scores = outliers.ours(program, folder, "ocsvm", {} if gamma is None else {"gamma": float(gamma)})
            quality = outliers.judge(scores, labels)
            found[name] = np.nan if quality is None else quality[0]
    return found


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--program", default=os.environ.get("FLUXGUARD", outliers.ROOT / "target/release/fluxguard"))
    arguments.add_argument("--seeds", type=int, default=2)
    arguments.add_argument("--jobs", type=int, default=os.cpu_count(), help="seeds at a time")
    arguments.add_argument("--sets", default="", help="only sets whose name contains one of these words: noise,wine")
    arguments = arguments.parse_args()
    if not pathlib.Path(arguments.program).exists():
        sys.exit(f"{arguments.program}: no such program; run cargo build --release first")
    names, rows = [], []
    for sets in (outlier_sets.chosen_on, outlier_sets.looked_at, outlier_sets.unseen):
        for name, draw in sets():
            if not any(word in name for word in arguments.sets.split(",")):
                continue
            with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
                found = list(pool.map(lambda seed: measure_one(draw, arguments.program, seed), range(arguments.seeds)))
            names.append(name)
            rows.append([np.mean([one[candidate] for one in found]) for candidate in CANDIDATES])
            print(f"  {name}: {', '.join(f'{x:.3f}' for x in rows[-1])}", file=sys.stderr, flush=True)
    if not rows:
        sys.exit("no such set")
    table = np.array(rows)
    gaps = table - np.nanmax(table, 1, keepdims=True)
    order = np.argsort(-np.nanmean(table, 0))
    lines = [[list(CANDIDATES)[k], f"{np.nanmean(table[:, k]):.3f}", f"{np.nanmin(gaps[:, k]):.3f}", names[int(np.nanargmin(gaps[:, k]))]] for k in order]
    outliers.show(f"AUROC of ocsvm by gamma, {len(rows)} sets, {arguments.seeds} seeds", ["gamma", "mean", "at worst below the best", "on"], lines, [])


if __name__ == "__main__":
    main()
