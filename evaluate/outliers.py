# needs: numpy scikit-learn pyod river
"""How well the detectors find what is not like the reference, beside pyod's and trivial scores.

    python evaluate/outliers.py [--program target/release/fluxguard] [--seeds 5] [--sets wine,iris] [--docs]

Needs numpy, scikit-learn, pyod and river, and the built program. Of each set a random 60 % of the usual observations (2,000 at
most) are the reference; the rest and all anomalies (at most as many as the rest) are scored. Prints AUROC, AUPRC and FPR at 95 %
TPR: the mean and standard deviation over the seeds; and at last how far the default ensemble is below the best, of ours and
pyod's, on each set: those on which it was chosen, those on which it was tried meanwhile, and those that nothing was chosen on.
`--docs` writes the tables to docs/detectors-evaluation.md and the short ones into docs/detectors.md.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np
from pyod.models.copod import COPOD
from pyod.models.ecod import ECOD
from pyod.models.gmm import GMM
from pyod.models.hbos import HBOS
from pyod.models.iforest import IForest
from pyod.models.kde import KDE
from pyod.models.knn import KNN
from pyod.models.lof import LOF
from pyod.models.mcd import MCD
from pyod.models.ocsvm import OCSVM
from pyod.models.pca import PCA
from sklearn import metrics

from support import outlier_docs, outlier_sets

warnings.simplefilter("ignore")

ROOT = pathlib.Path(__file__).resolve().parent.parent
STANDARD = {"standardize": True}
THREE = [{"detector": "kde"}, {"detector": "knn"}, {"detector": "kmeans", "options": STANDARD}]
# Ours: a label, the program's name and options, and pyod's counterpart, if there is one (pyod standardizes by itself in PCA).
DETECTORS = [
    ("ensemble", "ensemble", {}, None),
    ("ensemble, equal weights", "ensemble", {"weighting": "equal"}, None),
    ("ensemble of kde, knn and kmeans", "ensemble", {"members": THREE, "weighting": "equal"}, None),
    ("iforest", "iforest", {}, lambda s: IForest(random_state=s)),
    ("eif", "eif", {}, None),
    ("lof", "lof", {}, lambda s: LOF(n_neighbors=20, novelty=True)),
    ("lof, standardized", "lof", STANDARD, None),
    ("knn", "knn", {}, lambda s: KNN()),
    ("knn, standardized", "knn", STANDARD, None),
    ("knn, cosine", "knn", {"metric": "cosine"}, None),
    ("kmeans, standardized", "kmeans", STANDARD, None),
    ("gmm", "gmm", {"regularization": 1e-3}, lambda s: GMM(n_components=1, reg_covar=1e-3, random_state=s)),
    ("gmm, 8 components", "gmm", {"components": 8, "regularization": 1e-3}, None),
    ("ocsvm", "ocsvm", {}, lambda s: OCSVM()),
    ("ocsvm, standardized", "ocsvm", STANDARD, None),
    ("kde", "kde", {}, None),
    ("kde, standardized", "kde", STANDARD, None),
    ("kde, width 1", "kde", {"bandwidth": 1.0}, lambda s: KDE()),
    ("hbos", "hbos", {}, lambda s: HBOS()),
    ("ecod", "ecod", {}, lambda s: ECOD()),
    ("copod", "copod", {}, lambda s: COPOD()),
    ("pca, standardized", "pca", STANDARD, lambda s: PCA(random_state=s)),
    ("pca, all components, standardized", "pca", {"score": "components", "variance": 1.0, **STANDARD}, None),
    ("mahalanobis, shrunk", "mahalanobis", {"covariance": "shrunk"}, None),
    ("mahalanobis, shrunk, standardized", "mahalanobis", {"covariance": "shrunk", **STANDARD}, None),
    ("mahalanobis, robust", "mahalanobis", {"covariance": "robust"}, lambda s: MCD(random_state=s)),
    ("zscore", "zscore", {}, None),
    ("robust-z", "robust-z", {}, None),
    ("iqr", "iqr", {}, None),
]
# Those of the short tables.
FEW = ["ensemble", "kde", "knn", "knn, standardized", "lof", "kmeans, standardized", "gmm, 8 components", "mahalanobis, shrunk", "iforest", "ecod",
       "pca, standardized", "pyod's iforest", "pyod's ecod", "trivial: distance to the mean"]
BASELINES = {
    "trivial: a random number": lambda reference, x, rng: rng.random(len(x)),
    "trivial: length of the observation": lambda reference, x, rng: np.linalg.norm(x, axis=1),
    "trivial: distance to the mean": lambda reference, x, rng: np.linalg.norm(x - reference.mean(0), axis=1),
}


def split(usual, anomalies, seed):
    rng = np.random.default_rng(seed)
    usual, anomalies = rng.permutation(usual), rng.permutation(anomalies)
    cut = int(0.6 * len(usual))
    reference, rest = usual[:cut], usual[cut:]
    anomalies = anomalies[: len(rest)]
    return reference, np.vstack([rest, anomalies]), np.r_[np.zeros(len(rest)), np.ones(len(anomalies))]


def write(path, x):
    np.savetxt(path, x, delimiter=",", header=",".join(f"x{k}" for k in range(x.shape[1])), comments="", fmt="%.17g")


def asked(program, folder, name, options):
    # Scores are of a detector fitted on all, however p-values are calibrated: the quickest way will do; but an ensemble's members
    # have their p-values and weights from those folds.
    if name != "ensemble":
        options = {"calibration": {"cross": 2}, **options}
    command = [program, "detect", "--detector", name, "--fit", "reference.csv", "--score", "current.csv", "--json"]
    run = subprocess.run(command + ["--options", json.dumps(options)], cwd=folder, capture_output=True, text=True)
    return json.loads(run.stdout) if run.returncode == 0 else run.stderr.strip().splitlines()[0]


def ours(program, folder, name, options):
    found = asked(program, folder, name, options)
    return found if isinstance(found, str) else np.array(found["scores"], dtype=float)


def theirs(make, seed, reference, x):
    try:
        return make(seed).fit(reference).decision_function(x)
    except Exception as error:  # whatever a peer says of a set it cannot be fitted on
        return str(error)


def judge(scores, labels):
    if isinstance(scores, str) or not np.isfinite(scores).all():
        return None
    fpr, tpr, _ = metrics.roc_curve(labels, scores, drop_intermediate=False)
    return metrics.roc_auc_score(labels, scores), metrics.average_precision_score(labels, scores), fpr[np.argmax(tpr >= 0.95)]


def cell(values):
    """Mean and standard deviation of AUROC, AUPRC and FPR; where a detector could not be fitted for some seeds, of how many it is."""
    asked, values = len(values), [v for v in values if v is not None]
    if not values:
        return ["-"] * 3
    of = "" if len(values) == asked else f" ({len(values)} of {asked})"
    return [f"{m:.3f} ± {s:.3f}{of}" for m, s in zip(np.mean(values, 0), np.std(values, 0))]


def measure(draw, arguments):
    """What is found on one set: (ours, pyod's) by label, a list over the seeds each; why there are none; the set's size."""
    found = {label: ([], []) for label, *_ in DETECTORS} | {label: ([], []) for label in BASELINES}
    why = {}
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for own, peers, failed, size in pool.map(lambda seed: measure_one(draw, arguments, seed), range(arguments.seeds)):
            for label, quality in own.items():
                found[label][0].append(quality)
            for label, quality in peers.items():
                found[label][1].append(quality)
            why |= failed
    return found, why, size


def measure_one(draw, arguments, seed):
    usual, anomalies = draw(seed)
    reference, x, labels = split(usual[: outlier_sets.MOST], anomalies, seed)
    own, peers, failed = {}, {}, {}
    with tempfile.TemporaryDirectory() as folder:
        write(pathlib.Path(folder) / "reference.csv", reference)
        write(pathlib.Path(folder) / "current.csv", x)
        for label, detector, options, peer in DETECTORS:
            scores = ours(arguments.program, folder, detector, options)
            if isinstance(scores, str):
                failed[label] = scores
            own[label] = judge(scores, labels)
            if peer is not None:
                peers[label] = judge(theirs(peer, seed, reference, x), labels)
    rng = np.random.default_rng(seed)
    for label, score in BASELINES.items():
        own[label] = judge(score(reference, x, rng), labels)
    return own, peers, failed, (len(reference), int(labels.sum()), len(labels), x.shape[1])


def mean(values):
    """The mean AUROC; NaN where a seed has none."""
    return np.mean([np.nan if v is None else v[0] for v in values]) if values else np.nan


def aurocs(found):
    """The mean AUROC of each detector: ours by label, and pyod's by "pyod's" and label."""
    both = {label: mean(own) for label, (own, _) in found.items()} | {f"pyod's {label}": mean(peer) for label, (_, peer) in found.items()}
    return {label: value for label, value in both.items() if np.isfinite(value)}


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--program", default=os.environ.get("FLUXGUARD", ROOT / "target/release/fluxguard"))
    arguments.add_argument("--seeds", type=int, default=5)
    arguments.add_argument("--jobs", type=int, default=os.cpu_count(), help="seeds at a time")
    arguments.add_argument("--sets", default="", help="only sets whose name contains one of these words: noise,wine")
    arguments.add_argument("--docs", action="store_true", help="write the tables into docs/")
    arguments = arguments.parse_args()
    if not pathlib.Path(arguments.program).exists():
        sys.exit(f"{arguments.program}: no such program; run cargo build --release first")
    header = ["detector", "AUROC", "AUPRC", "FPR at 95 % TPR", "pyod's AUROC", "pyod's AUPRC", "pyod's FPR"]
    all_tables, short_tables, everywhere = [], [], {}
    for group, sets in (
            ("the default was chosen on", outlier_sets.chosen_on), ("the default was tried on", outlier_sets.looked_at),
            ("nothing was chosen on", outlier_sets.unseen)):
        means = {}
        for name, draw in sets():
            if not any(word in name for word in arguments.sets.split(",")):
                continue
            found, why, (n, anomalies, scored, features) = measure(draw, arguments)
            rows = [[label, *cell(own), *cell(peer)] for label, (own, peer) in found.items()]
            rows.sort(key=lambda row: row[1], reverse=True)
            title = f"{name}: {n} reference, {features} features, {anomalies} anomalies of {scored} scored, {arguments.seeds} seeds"
            all_tables.append((title, header, rows, [f"{label}: {text}" for label, text in why.items()]))
            show(*all_tables[-1])
            means[name] = aurocs(found)
        if means:
            short_tables.append(compact(f"AUROC on sets that {group}", means))
            short_tables.append(gaps(f"The default ensemble and the best, on sets that {group}", means))
            show(*short_tables[-2])
            show(*short_tables[-1])
            everywhere |= means
    if everywhere:
        short_tables.append(beside_pyod(everywhere))
        show(*short_tables[-1])
    if arguments.docs:
        outlier_docs.write(all_tables, short_tables, arguments.seeds)


def compact(title, means):
    """A row a set, a column for each of a few detectors."""
    rows = [[name, *(f"{values[label]:.3f}" if label in values else "-" for label in FEW)] for name, values in means.items()]
    average = [np.mean([values.get(label, np.nan) for values in means.values()]) for label in FEW]
    rows.append(["mean", *(f"{v:.3f}" if np.isfinite(v) else "-" for v in average)])
    return title, ["set", *FEW], rows, []


def beside_pyod(means):
    """A row a detector that pyod has, too: both mean AUROCs, over the sets that both were measured on."""
    rows = []
    for label in {label: None for values in means.values() for label in values if f"pyod's {label}" in values}:
        both = [(values[label], values[f"pyod's {label}"]) for values in means.values() if label in values and f"pyod's {label}" in values]
        ours, peers = np.mean(both, axis=0)
        rows.append([label, str(len(both)), f"{ours:.3f}", f"{peers:.3f}"])
    return "Mean AUROC of all sets, beside pyod's", ["detector", "sets", "ours", "pyod's"], rows, []


def gaps(title, means):
    """A row a set: the best of all, and the ensemble minus it."""
    rows = []
    for name, values in means.items():
        best = max((label for label in values if not label.startswith("ensemble")), key=values.get)
        rows.append([name, f"{values['ensemble']:.3f}", f"{values[best]:.3f}", best, f"{values['ensemble'] - values[best]:+.3f}"])
    below = {label: [values.get(label, np.nan) - max(v for other, v in values.items() if not other.startswith("ensemble")) for values in means.values()]
             for label in list(means.values())[0]}
    worst, within = min(below["ensemble"]), sum(gap >= -0.02 for gap in below["ensemble"])
    others = sorted(((np.mean(gaps), label) for label, gaps in below.items() if label != "ensemble" and np.isfinite(gaps).all()), reverse=True)
    beside = ", ".join(f"{label} {gap:+.3f}" for gap, label in others[:4])
    return title, ["set", "ensemble", "best of the others", "which", "ensemble minus best"], rows, [
        f"Within 0.02 of the best on {within} of {len(rows)} sets; at worst {worst:+.4f}, on {list(means)[int(np.argmin(below['ensemble']))]}; on average"
        f" {np.mean(below['ensemble']):+.3f}. Next: {beside}."]


def show(title, header, rows, notes):
    print(f"\n{title}\n")
    widths = [max(len(row[j]) for row in [header, *rows]) for j in range(len(header))]
    for row in [header, *rows]:
        print("  " + "  ".join(c.ljust(w) for c, w in zip(row, widths)).rstrip())
    print(*(f"  {note}" for note in notes), sep="\n", flush=True)


if __name__ == "__main__":
    main()
