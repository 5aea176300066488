"""Performance estimated without labels beside the true one, on NannyML's own data sets with targets, beside NannyML and trivial baselines."""
# needs: nannyml==0.13.1 statsmodels

import json
import logging
import os
import pathlib
import subprocess
import sys
import tempfile
import warnings

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

import nannyml as nml  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

PROGRAM = os.environ["FLUXGUARD"]
SEEDS = range(int(os.environ.get("FLUXGUARD_SEEDS", "5")))
FOLDER = pathlib.Path(nml.__file__).parent / "datasets" / "data"


def read(name):
    path = FOLDER / name
    return pd.read_parquet(path) if path.suffix == ".pq" else pd.read_csv(path)


def with_targets(analysis, targets, label):
    analysis, targets = read(analysis), read(targets)
    if "id" in targets and "id" in analysis:
        return analysis.merge(targets[["id", label]], on="id")
    return analysis.assign(**{label: targets[label].to_numpy()})


def binary(reference, analysis, targets, label, score, prediction):
    r, a = read(reference), with_targets(analysis, targets, label)
    columns = {score: "score", prediction: "prediction", label: "label"}
    return [d[list(columns)].rename(columns=columns).astype(float).dropna() for d in (r, a)]


def cards():
    r, a = read("mc_reference.csv"), with_targets("mc_analysis.csv", "mc_analysis_gt.csv", "y_true")
    classes = ["prepaid_card", "highstreet_card", "upmarket_card"]
    out = []
    for d in (r, a):
        p = d[[f"y_pred_proba_{c}" for c in classes]].to_numpy(float)
        p = p / p.sum(axis=1, keepdims=True)
        out.append(pd.DataFrame({"score0": p[:, 0], "score1": p[:, 1], "score2": p[:, 2], "prediction": [float(classes.index(c)) for c in d.y_pred],
                                 "label": [float(classes.index(c)) for c in d.y_true]}))
    return out


def cars():
    r = read("regression_synthetic_reference.csv")
    a = with_targets("regression_synthetic_analysis.csv", "regression_synthetic_analysis_targets.csv", "y_true")
    columns = ["car_age", "km_driven", "price_new", "accident_count", "door_count", "fuel", "transmission"]
    out = []
    for d in (r, a):
        x = d[columns].copy()
        for c in ("fuel", "transmission"):
            x[c] = pd.Categorical(x[c], categories=sorted(r[c].unique())).codes
        out.append(x.astype(float).assign(prediction=d.y_pred.astype(float), label=d.y_true.astype(float)))
    return out


CLASSES = ["accuracy", "f1", "auroc"]
SETS = [
    ("employment in Massachusetts (census)", "binary", 5000, CLASSES, lambda: binary("employment_MA_reference.pq", "employment_MA_analysis.pq",
        "employment_MA_analysis_target.pq", "employed", "predicted_probability", "prediction")),
    ("California housing", "binary", 600, CLASSES, lambda: binary("california_housing_reference.csv", "california_housing_analysis.csv",
        "california_housing_analysis_gt.csv", "clf_target", "y_pred_proba", "y_pred")),
    ("car loans (synthetic)", "binary", 5000, CLASSES, lambda: binary("synthetic_car_loan_reference.csv", "synthetic_car_loan_analysis.csv",
        "synthetic_car_loan_analysis_target.csv", "repaid", "y_pred_proba", "y_pred")),
    ("credit cards, 3 classes (synthetic)", "multiclass", 5000, CLASSES, cards),
    ("prices of cars (synthetic)", "regression", 5000, ["mae", "rmse"], cars),
]
THEIR_NAMES = {"auroc": "roc_auc"}


def ours(reference, current, problem, chunk, metrics):
    with tempfile.TemporaryDirectory() as folder:
        paths = [pathlib.Path(folder, name) for name in ("reference.csv", "current.csv")]
        reference.to_csv(paths[0], index=False)
        current.to_csv(paths[1], index=False)
        inputs = [c for c in reference.columns if c not in ("prediction", "label")]
        flags = [x for c in inputs for x in ("--feature" if problem == "regression" else "--score", c)]
        flags += [x for m in metrics for x in ("--metric", m)]
        done = subprocess.run([PROGRAM, "performance", *map(str, paths), "--problem", problem, "--prediction", "prediction", "--label", "label",
                               "--chunk-size", str(chunk), "--json", *flags], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def theirs(reference, current, problem, chunk, metrics):
    names = [THEIR_NAMES.get(m, m) for m in metrics]
    if problem == "regression":
        features = [c for c in reference.columns if c not in ("prediction", "label")]
        estimator = nml.DLE(feature_column_names=features, y_pred="prediction", y_true="label", metrics=names, chunk_size=chunk,
                            hyperparameters={"verbosity": -1})
    elif problem == "binary":
        estimator = nml.CBPE(y_pred_proba="score", y_pred="prediction", y_true="label", problem_type="classification_binary", metrics=names, chunk_size=chunk)
    else:
        estimator = nml.CBPE(y_pred_proba={0: "score0", 1: "score1", 2: "score2"}, y_pred="prediction", y_true="label",
                             problem_type="classification_multiclass", metrics=names, chunk_size=chunk)
        reference, current = (d.astype({"prediction": int, "label": int}) for d in (reference, current))
    estimator.fit(reference)
    frame = estimator.estimate(current.drop(columns="label")).filter(period="analysis").to_df()
    return {m: (frame[n]["value"].to_numpy(float), frame[n]["alert"].to_numpy(bool)) for m, n in zip(metrics, names)}


def spread(values, digits):
    low, high = np.quantile(values, [0.1, 0.9])
    return f"{np.mean(values):.{digits}f} ({low:.{digits}f} - {high:.{digits}f})"


print(f"nannyml {nml.__version__}, numpy {np.__version__}, pandas {pd.__version__}, Python {sys.version.split()[0]}")
print("Error: mean |estimate - truth| over the chunks of the analysis period. Alerts: share of chunks in which the estimate leaves its bounds")
print(f"exactly where the truth does. {len(SEEDS)} seeds: in each a random half of the reference, in its order (10% - 90% of seeds).\n")
for title, problem, chunk, metrics, load in SETS:
    try:
        reference, current = load()
    except FileNotFoundError as error:
        print(f"{title}: left out ({error})\n")
        continue
    current = current.iloc[: len(current) // chunk * chunk]
    errors, alerts = {}, {}
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        half = reference.iloc[np.sort(rng.permutation(len(reference))[: len(reference) // 2])]
        size = min(chunk, len(half) // 4)
        told = ours(half, current, problem, size, metrics)
        peer = theirs(half.reset_index(drop=True), current.reset_index(drop=True), problem, size, metrics)
        for metric in metrics:
            rows = [c for c in told["chunks"] if c["metric"] == metric and c["end"] - c["start"] == size]
            truth = np.array([c["realized"] for c in rows])
            bound = next(b for b in told["bounds"] if b["metric"] == metric)
            left = (truth < bound["lower"]) | (truth > bound["upper"])
            n = len(rows)
            estimates = {"fluxguard": ([c["estimate"] for c in rows], [c["alert"] for c in rows]),
                         "nannyml": (peer[metric][0][:n], peer[metric][1][:n]),
                         "the reference's value, never an alert": ([bound["reference"]] * n, [False] * n),
                         "random value of the reference's chunks": (rng.uniform(bound["lower"], bound["upper"], n), rng.random(n) < 0.5),
                         "always an alert": (None, [True] * n)}
            for name, (values, fired) in estimates.items():
                if values is not None:
                    errors.setdefault((metric, name), []).append(np.mean(np.abs(np.array(values) - truth)))
                alerts.setdefault((metric, name), []).append(np.mean(np.array(fired) == left))
            errors.setdefault((metric, "sampling error"), []).append(np.mean([c["sampling_error"] for c in rows]) * np.sqrt(2 / np.pi))
            alerts.setdefault((metric, "truth"), []).append(left.mean())
    digits = 1 if problem == "regression" else 4
    print(f"{title}: {problem}, {len(reference)} labeled, {len(current)} to estimate, chunks of {chunk}")
    print(f"  {'metric':<10}{'by':<48}{'error':>32}{'alerts right':>26}")
    for metric in metrics:
        for (m, name), values in alerts.items():
            if m == metric and name != "truth":
                error = errors.get((metric, name))
                print(f"  {metric:<10}{name:<48}{spread(error, digits) if error else '-':>32}{spread(values, 2):>26}")
        print(f"  {metric:<10}{'(what chance alone does; truth out of bounds)':<48}{spread(errors[metric, 'sampling error'], digits):>32}"
              f"{spread(alerts[metric, 'truth'], 2):>26}")
    print(flush=True)
