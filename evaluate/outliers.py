# needs: numpy scikit-learn pyod
"""How well the detectors find what is not like the reference, on scikit-learn's sets, beside pyod's and trivial scores.

    python evaluate/outliers.py [--program target/release/fluxguard] [--seeds 5] [--sets wine,iris] [--markdown]

Needs numpy, scikit-learn and pyod, and the built program. Of each set a random 60 % of the usual observations are the
reference; the rest and all anomalies (at most as many as the rest) are scored. Prints AUROC, AUPRC and FPR at 95 % TPR:
the mean and standard deviation over the seeds.
"""

import argparse
import json
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
from sklearn import datasets, metrics

warnings.simplefilter("ignore")

STANDARD = {"standardize": True}
# Ours: a label, the program's name and options, and pyod's counterpart, if there is one (pyod standardises by itself in PCA).
DETECTORS = [
    ("ensemble", "ensemble", {}, None),
    ("iforest", "iforest", {}, lambda s: IForest(random_state=s)),
    ("eif", "eif", {}, None),
    ("lof", "lof", {}, lambda s: LOF(n_neighbors=20, novelty=True)),
    ("lof, standardized", "lof", STANDARD, None),
    ("knn", "knn", {}, lambda s: KNN()),
    ("knn, standardized", "knn", STANDARD, None),
    ("knn, cosine", "knn", {"metric": "cosine"}, None),
    ("kmeans, standardized", "kmeans", STANDARD, None),
    ("gmm", "gmm", {"regularization": 1e-3}, lambda s: GMM(n_components=1, reg_covar=1e-3, random_state=s)),
    ("ocsvm", "ocsvm", {}, lambda s: OCSVM()),
    ("ocsvm, standardized", "ocsvm", STANDARD, None),
    ("kde, standardized", "kde", STANDARD, None),
    ("kde, width 1", "kde", {"bandwidth": 1.0}, lambda s: KDE()),
    ("hbos", "hbos", {}, lambda s: HBOS()),
    ("ecod", "ecod", {}, lambda s: ECOD()),
    ("copod", "copod", {}, lambda s: COPOD()),
    ("pca, standardized", "pca", STANDARD, lambda s: PCA(random_state=s)),
    ("mahalanobis, shrunk", "mahalanobis", {"covariance": "shrunk"}, None),
    ("mahalanobis, shrunk, standardized", "mahalanobis", {"covariance": "shrunk", **STANDARD}, None),
    ("mahalanobis, robust", "mahalanobis", {"covariance": "robust"}, lambda s: MCD(random_state=s)),
    ("zscore", "zscore", {}, None),
    ("robust-z", "robust-z", {}, None),
    ("iqr", "iqr", {}, None),
]
BASELINES = {
    "trivial: a random number": lambda reference, x, rng: rng.random(len(x)),
    "trivial: length of the observation": lambda reference, x, rng: np.linalg.norm(x, axis=1),
    "trivial: distance to the mean": lambda reference, x, rng: np.linalg.norm(x - reference.mean(0), axis=1),
}


def sets():
    """(name, usual, anomalies by seed)."""
    digits = datasets.load_digits()
    x, y = digits.data, digits.target
    yield "digits, a held-out class", lambda seed: (x[y != seed % 10], x[y == seed % 10])
    yield "digits, noise", lambda seed: (x, np.random.default_rng(seed).uniform(0, 16, (400, 64)))
    yield "digits, inverted", lambda seed: (x, 16 - x[::4])
    cancer = datasets.load_breast_cancer()
    yield "breast cancer, malignant", lambda seed: (cancer.data[cancer.target == 1], cancer.data[cancer.target == 0])
    wine = datasets.load_wine()
    yield "wine, a held-out class", lambda seed: (wine.data[wine.target != seed % 3], wine.data[wine.target == seed % 3])
    iris = datasets.load_iris()
    yield "iris, a held-out class", lambda seed: (iris.data[iris.target != seed % 3], iris.data[iris.target == seed % 3])


def split(usual, anomalies, seed):
    rng = np.random.default_rng(seed)
    usual, anomalies = rng.permutation(usual), rng.permutation(anomalies)
    cut = int(0.6 * len(usual))
    reference, rest = usual[:cut], usual[cut:]
    anomalies = anomalies[: len(rest)]
    return reference, np.vstack([rest, anomalies]), np.r_[np.zeros(len(rest)), np.ones(len(anomalies))]


def write(path, x):
    np.savetxt(path, x, delimiter=",", header=",".join(f"x{k}" for k in range(x.shape[1])), comments="", fmt="%.17g")


def ours(program, folder, name, options):
    # Scores are of a detector fitted on all, however p-values are calibrated: the quickest way will do.
    options = {"calibration": {"cross": 2}, **options}
    command = [program, "detect", "--detector", name, "--fit", "reference.csv", "--score", "current.csv", "--json"]
    run = subprocess.run(command + ["--options", json.dumps(options)], cwd=folder, capture_output=True, text=True)
    if run.returncode != 0:
        return run.stderr.strip().splitlines()[0]
    return np.array(json.loads(run.stdout)["scores"], dtype=float)


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
    values = [v for v in values if v is not None]
    if not values:
        return ["-"] * 3
    return [f"{m:.3f} ± {s:.3f}" for m, s in zip(np.mean(values, 0), np.std(values, 0))]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--program", default=pathlib.Path(__file__).resolve().parent.parent / "target/release/fluxguard")
    arguments.add_argument("--seeds", type=int, default=5)
    arguments.add_argument("--sets", default="", help="only sets whose name contains one of these words: noise,wine")
    arguments.add_argument("--markdown", action="store_true")
    arguments = arguments.parse_args()
    if not pathlib.Path(arguments.program).exists():
        sys.exit(f"{arguments.program}: no such program; run cargo build --release first")
    header = ["detector", "AUROC", "AUPRC", "FPR at 95 % TPR", "pyod's AUROC", "pyod's AUPRC", "pyod's FPR"]
    summary = {}
    chosen = [(name, draw) for name, draw in sets() if any(word in name for word in arguments.sets.split(","))]
    for name, draw in chosen:
        found = {label: ([], []) for label, *_ in DETECTORS} | {label: ([], []) for label in BASELINES}
        why = {}
        for seed in range(arguments.seeds):
            reference, x, labels = split(*draw(seed), seed)
            with tempfile.TemporaryDirectory() as folder:
                write(pathlib.Path(folder) / "reference.csv", reference)
                write(pathlib.Path(folder) / "current.csv", x)
                for label, detector, options, peer in DETECTORS:
                    scores = ours(arguments.program, folder, detector, options)
                    if isinstance(scores, str):
                        why[label] = scores
                    found[label][0].append(judge(scores, labels))
                    if peer is not None:
                        found[label][1].append(judge(theirs(peer, seed, reference, x), labels))
            rng = np.random.default_rng(seed)
            for label, score in BASELINES.items():
                found[label][0].append(judge(score(reference, x, rng), labels))
        rows = [[label, *cell(a), *cell(b)] for label, (a, b) in found.items()]
        for label, (a, _) in found.items():
            values = [v[0] for v in a if v is not None]
            summary.setdefault(label, []).append(np.mean(values) if values else np.nan)
        rows.sort(key=lambda row: row[1], reverse=True)
        show(f"{name}: {len(reference)} reference, {int(labels.sum())} anomalies of {len(labels)} scored, {arguments.seeds} seeds", header, rows, arguments.markdown)
        for label, text in why.items():
            print(f"  {label}: {text}")
    names = [name for name, _ in chosen]
    rows = [[label, *(f"{v:.3f}" if np.isfinite(v) else "-" for v in values), f"{np.nanmean(values):.3f}"] for label, values in summary.items()]
    rows.sort(key=lambda row: row[-1], reverse=True)
    show("AUROC over all sets", ["detector", *names, "mean"], rows, arguments.markdown)


def show(title, header, rows, markdown):
    print(f"\n{'### ' if markdown else ''}{title}\n", flush=True)
    if markdown:
        print("| " + " | ".join(header) + " |\n|" + "---|" * len(header))
        print("\n".join("| " + " | ".join(row) + " |" for row in rows))
        return
    widths = [max(len(row[j]) for row in [header, *rows]) for j in range(len(header))]
    for row in [header, *rows]:
        print("  " + "  ".join(c.ljust(w) for c, w in zip(row, widths)).rstrip())


if __name__ == "__main__":
    main()
