"""Reference values of estimates of performance: scikit-learn's isotonic regression and boosted trees, NannyML's CBPE and DLE.

Writes performance.json beside this file, with the versions in its head. Needs nannyml and statsmodels (which nannyml 0.13.1 imports and
does not ask for). The data are made from SplitMix64 and arithmetic that rounds alike
everywhere, so that the test makes the same.

NannyML rounds cumulated counts to five digits before it takes the area under the curve: its AUROC is compared to 1e-6. Its
standard errors are ours for accuracy, MAE and MSE; those of precision, recall, specificity and RMSE are nearly. Those of F1 and AUROC are
other approximations (F1's takes hits and misses for a sample of its own, AUROC's sees the positives only): ours are checked by
simulation instead.
"""

import json
import logging
import pathlib
import sys
import warnings

import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

import nannyml as nml  # noqa: E402
import scipy  # noqa: E402
import sklearn  # noqa: E402
from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: E402
from sklearn.isotonic import IsotonicRegression  # noqa: E402
from splitmix64 import SplitMix64  # noqa: E402


def isotonic():
    random = SplitMix64(1)
    x, y = [], []
    for _ in range(300):
        at = int(random.uniform() * 60) / 60
        x.append(at)
        y.append(at * at + 0.4 * (random.uniform() - 0.5))
    fitted = IsotonicRegression(out_of_bounds="clip").fit(x, y)
    grid = [i / 37 - 0.1 for i in range(45)]
    return {"grid": grid, "values": fitted.predict(grid).tolist()}


def boosted():
    random = SplitMix64(2)
    x = np.array([[random.uniform() for _ in range(3)] for _ in range(200)])
    y = np.array([r[0] * r[0] + (1.0 if r[1] > 0.4 else 0.0) + 0.2 * random.uniform() for r in x])
    model = HistGradientBoostingRegressor(max_iter=30, learning_rate=0.2, max_depth=3, max_leaf_nodes=None, min_samples_leaf=10,
                                          l2_regularization=0.0, early_stopping=False, max_bins=255).fit(x, y)
    return {"values": model.predict(x).tolist()}


def binary(seed, n, power, shift):
    """Scores are p to a power: only with power 1 are they the probability."""
    random = SplitMix64(seed)
    scores, labels = [], []
    for _ in range(n):
        u = random.uniform()
        p = shift + (1 - 2 * shift) * u
        score = p
        for _ in range(power - 1):
            score = score * p
        scores.append(score)
        labels.append(1 if random.uniform() < p else 0)
    return pd.DataFrame({"score": scores, "prediction": [int(s >= 0.5) for s in scores], "label": labels})


NAMES = {"accuracy": "accuracy", "f1": "f1", "roc_auc": "auroc", "precision": "precision", "recall": "recall", "specificity": "specificity",
         "mae": "mae", "mse": "mse", "rmse": "rmse"}


def rows(result, metrics, realized=True):
    frame = result.filter(period="analysis").to_df()
    out = []
    for chunk in range(len(frame)):
        for metric in metrics:
            cells = frame[metric].iloc[chunk]
            row = {"metric": NAMES[metric], "chunk": chunk, "estimate": cells["value"], "sampling_error": cells["sampling_error"],
                   "lower": cells["lower_threshold"], "upper": cells["upper_threshold"], "alert": bool(cells["alert"])}
            if realized:
                row["realized"] = cells["realized"]
            out.append({k: (float(v) if isinstance(v, (float, np.floating)) else v) for k, v in row.items()})
    return out


def cbpe(reference, analysis, problem, proba, metrics):
    estimator = nml.CBPE(y_pred_proba=proba, y_pred="prediction", y_true="label", problem_type=problem, metrics=metrics, chunk_size=500)
    estimator.fit(reference)
    classes = [type(c).__name__ == "IsotonicCalibrator" for c in estimator._calibrators.values()] or [bool(estimator.needs_calibration)]
    assert len(set(classes)) == 1, classes
    return {"calibrated": classes[0], "rows": rows(estimator.estimate(analysis), metrics)}


def binary_case(power, shift):
    reference, analysis = binary(3, 3000, power, 0.0), binary(4, 1500, power, shift)
    metrics = ["accuracy", "f1", "roc_auc", "precision", "recall", "specificity"]
    return {"power": power, "shift": shift, **cbpe(reference, analysis, "classification_binary", "score", metrics)}


def multiclass(seed, n, mix):
    """Three classes; the first score is moved to the second, so that two of three are not calibrated."""
    random = SplitMix64(seed)
    out = []
    for _ in range(n):
        a, b, c = (random.uniform() for _ in range(3))
        a, b, c = a * a * a + mix, b * b * b + mix, c * c * c + mix
        total = a + b + c
        p = [a / total, b / total, c / total]
        u = random.uniform()
        label = 0 if u < p[0] else (1 if u < p[0] + p[1] else 2)
        moved = 0.3 * p[0]
        scores = [p[0] - moved, p[1] + moved, p[2]]
        out.append((*scores, int(np.argmax(scores)), label))
    return pd.DataFrame(out, columns=["p0", "p1", "p2", "prediction", "label"])


def multiclass_case():
    reference, analysis = multiclass(5, 3000, 0.05), multiclass(6, 1500, 0.2)
    metrics = ["accuracy", "f1", "roc_auc", "precision", "recall", "specificity"]
    proba = {0: "p0", 1: "p1", 2: "p2"}
    return cbpe(reference, analysis, "classification_multiclass", proba, metrics)


def regression_case():
    def draw(seed, n, wide):
        random = SplitMix64(seed)
        out = []
        for _ in range(n):
            a, b = wide * random.uniform(), random.uniform()
            noise = random.uniform() + random.uniform() - 1.0
            out.append((a, b, a + b, a + b + a * noise))
        return pd.DataFrame(out, columns=["a", "b", "prediction", "label"])

    reference, analysis = draw(7, 3000, 1.0), draw(8, 1500, 0.5)
    metrics = ["mae", "mse", "rmse"]
    estimator = nml.DLE(feature_column_names=["a", "b"], y_pred="prediction", y_true="label", metrics=metrics, chunk_size=500)
    estimator.fit(reference)
    return {"rows": rows(estimator.estimate(analysis), metrics)}


values = {
        "versions": {"python": sys.version.split()[0], "nannyml": nml.__version__, "sklearn": sklearn.__version__, "scipy": scipy.__version__,
                     "numpy": np.__version__, "pandas": pd.__version__},
        "isotonic": isotonic(),
        "boosted": boosted(),
        "binary": [binary_case(1, 0.0), binary_case(1, 0.2), binary_case(2, 0.0), binary_case(2, 0.1)],
        "multiclass": multiclass_case(),
        "regression": regression_case(),
}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(values, indent=1) + "\n")
