"""Reference values of the detectors and thresholds: writes detectors.json beside this file. Needs numpy, scipy, scikit-learn, pyod."""

import json
import pathlib
import sys
import warnings

import numpy as np
import pyod
import scipy
import scipy.optimize as opt
import scipy.stats as st
import sklearn
from pyod.models.copod import COPOD
from pyod.models.ecod import ECOD
from pyod.models.hbos import HBOS
from pyod.models.knn import KNN
from sklearn import metrics
from sklearn.cluster import KMeans
from sklearn.covariance import EmpiricalCovariance, LedoitWolf, MinCovDet
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity, LocalOutlierFactor, NearestNeighbors
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM

warnings.simplefilter("ignore")
rng = np.random.default_rng(20261121)


def single(x):
    """Values that single precision holds, since scikit-learn's trees round to it."""
    return np.asarray(x, dtype=np.float32).astype(float)


def plain(x):
    return np.asarray(x).tolist()


# Correlated, one skewed, one with ties.
raw = rng.normal(size=(90, 3))
reference = single(np.column_stack([raw[:, 0], 0.6 * raw[:, 0] + raw[:, 1], np.exp(raw[:, 2])]))
reference = np.column_stack([reference, np.round(2 * rng.normal(size=90))])
probe = np.vstack([reference[:4], single(rng.normal(size=(8, 4)) * [1, 1, 1, 2]), [[6, -6, 40, 9], [0, 0, 1, 0.5], [-9, -9, -9, -9]]])
clusters = single(np.vstack([rng.normal(size=(60, 2)) * 0.7 + c for c in ([0, 0], [9, 0], [0, 9])]))
cluster_probe = single(np.vstack([rng.normal(size=(5, 2)), [[9, 9], [4.5, 0], [9, 1]]]))

out = {
    "versions": {"python": sys.version.split()[0], "numpy": np.__version__, "scipy": scipy.__version__, "scikit-learn": sklearn.__version__, "pyod": pyod.__version__},
    "reference": plain(reference),
    "probe": plain(probe),
    "clusters": plain(clusters),
    "cluster_probe": plain(cluster_probe),
}
closed, iterated = [], []


def case(into, detector, options, scores, data="reference"):
    into.append({"detector": detector, "options": options, "data": data, "scores": plain(scores)})


def rows_alone(model):
    """pyod refits ECOD and COPOD on the reference and the batch: one row a batch."""
    return [float(model.decision_function(row[None, :])[0]) for row in probe]


mean, std = reference.mean(0), reference.std(0, ddof=1)
z = np.abs(probe - mean) / std
case(closed, "zscore", {}, z.max(1))
case(closed, "distance", {}, np.sqrt((z**2).mean(1)))
case(closed, "robust-z", {}, (np.abs(probe - np.median(reference, 0)) / (1.4826 * st.median_abs_deviation(reference))).max(1))
q1, q3 = np.quantile(reference, [0.25, 0.75], axis=0)
case(closed, "iqr", {}, np.maximum((q1 - probe) / (q3 - q1), (probe - q3) / (q3 - q1)).max(1))

for k in (5, 20):
    model = LocalOutlierFactor(n_neighbors=k, novelty=True).fit(reference)
    case(closed, "lof", {"neighbors": k}, -model.score_samples(probe))
model = LocalOutlierFactor(n_neighbors=10, novelty=True, metric="cosine", algorithm="brute").fit(reference)
case(closed, "lof", {"neighbors": 10, "metric": "cosine"}, -model.score_samples(probe))
for method, name in (("largest", "max"), ("mean", "mean"), ("median", "median")):
    for k in (1, 5, 6):
        model = KNN(n_neighbors=k, method=method).fit(reference)
        case(closed, "knn", {"neighbors": k, "aggregate": name}, model.decision_function(probe))
cosine = NearestNeighbors(n_neighbors=4, metric="cosine", algorithm="brute").fit(reference).kneighbors(probe)[0]
case(closed, "knn", {"neighbors": 4, "metric": "cosine", "aggregate": "mean"}, cosine.mean(1))
products = np.sort(-(probe @ reference.T), axis=1)
case(closed, "knn", {"neighbors": 3, "metric": "inner-product"}, products[:, 2])

case(closed, "hbos", {}, HBOS().fit(reference).decision_function(probe))
case(closed, "hbos", {"bins": 25, "alpha": 0.3, "tolerance": 0.1}, HBOS(n_bins=25, alpha=0.3, tol=0.1).fit(reference).decision_function(probe))
case(closed, "ecod", {}, rows_alone(ECOD().fit(reference)))
case(closed, "copod", {}, rows_alone(COPOD().fit(reference)))

case(closed, "mahalanobis", {}, EmpiricalCovariance().fit(reference).mahalanobis(probe))
case(closed, "mahalanobis", {"covariance": "shrunk"}, LedoitWolf().fit(reference).mahalanobis(probe))
for k in (1, 2, 3):
    model = PCA(n_components=k, svd_solver="full").fit(reference)
    along = model.transform(probe)
    case(closed, "pca", {"components": k}, ((probe - model.inverse_transform(along)) ** 2).sum(1))
    case(closed, "pca", {"components": k, "score": "components"}, (along**2 / model.explained_variance_).sum(1))
scaler = StandardScaler().fit(reference)
model = PCA(n_components=2, svd_solver="full").fit(scaler.transform(reference))
rest = scaler.transform(probe) - model.inverse_transform(model.transform(scaler.transform(probe)))
case(closed, "pca", {"standardize": True, "components": 2}, (rest**2).sum(1))
for bandwidth in (0.7, "scott", "silverman"):
    case(closed, "kde", {"bandwidth": bandwidth}, -KernelDensity(bandwidth=bandwidth).fit(reference).score_samples(probe))

case(iterated, "gmm", {}, -GaussianMixture(1, tol=1e-12).fit(reference).score_samples(probe))
model = GaussianMixture(3, tol=1e-12, max_iter=5000, n_init=5, random_state=0).fit(clusters)
case(iterated, "gmm", {"components": 3}, -model.score_samples(cluster_probe), "cluster")
model = KMeans(3, n_init=10, tol=0, random_state=0).fit(clusters)
case(iterated, "kmeans", {"clusters": 3}, model.transform(cluster_probe).min(1), "cluster")
for nu in (0.5, 0.1):
    model = OneClassSVM(nu=nu, tol=1e-12).fit(reference)
    case(iterated, "ocsvm", {"nu": nu}, -model.decision_function(probe))
model = OneClassSVM(nu=0.3, gamma=0.2, tol=1e-12).fit(reference)
case(iterated, "ocsvm", {"nu": 0.3, "gamma": 0.2}, -model.decision_function(probe))
# The best of many random starts: the minimum itself, as far as anyone can tell.
spoiled = single(np.vstack([rng.normal(size=(70, 3)) @ [[1, 0.3, 0], [0, 1, 0.2], [0, 0, 2]], rng.normal(size=(20, 3)) + 12]))
best = min((MinCovDet(random_state=s).fit(spoiled) for s in range(40)), key=lambda m: np.linalg.slogdet(m.raw_covariance_)[1])
out["spoiled"] = plain(spoiled)
out["spoiled_probe"] = plain(spoiled[::9])
case(iterated, "mahalanobis", {"covariance": "robust"}, best.mahalanobis(spoiled[::9]), "spoiled")

forest = IsolationForest(n_estimators=25, max_samples=64, random_state=3).fit(reference)
probe32 = single(probe)
trees = []
for tree in (e.tree_ for e in forest.estimators_):
    trees.append({name: plain(getattr(tree, name)) for name in ("children_left", "children_right", "feature", "threshold", "n_node_samples")})
out["forest"] = {
    "dump": {"features": 4, "sample_size": int(forest.max_samples_), "trees": trees},
    "probe": plain(probe32),
    "scores": plain(-forest.score_samples(probe32)),
}

curves = []
for n, digits in ((60, 1), (200, 6)):
    labels = rng.random(n) < 0.2
    scores = np.round(rng.normal(size=n) + 1.5 * labels, digits)
    fpr, tpr, _ = metrics.roc_curve(labels, scores, drop_intermediate=False)
    at = float(np.round(np.quantile(scores, 0.8), 2)) + 0.003
    p, r, f, _ = metrics.precision_recall_fscore_support(labels, scores > at, average="binary")
    curves.append({
        "labels": plain(labels), "scores": plain(scores), "auroc": metrics.roc_auc_score(labels, scores), "auprc": metrics.average_precision_score(labels, scores),
        "fpr_at_95_tpr": float(fpr[np.argmax(tpr >= 0.95)]), "fpr": plain(fpr), "tpr": plain(tpr),
        "threshold": at, "precision": float(p), "recall": float(r), "f1": float(f),
    })
out["curves"] = curves

tails = []
for shape in (-0.2, 0.0, 0.3):
    y = st.genpareto.rvs(shape, scale=1.7, size=150, random_state=rng)
    # The likelihood's maximum, from several starts: genpareto.fit stops early.
    loss = lambda v: -st.genpareto.logpdf(y, v[0], scale=np.exp(v[1])).sum()
    found = min((opt.minimize(loss, (s, np.log(y.mean())), method="Nelder-Mead", options={"xatol": 1e-12, "fatol": 1e-13, "maxiter": 10000}) for s in (-0.2, 0.05, 0.4)), key=lambda f: f.fun)
    tails.append({"excesses": plain(y), "shape": found.x[0], "scale": float(np.exp(found.x[1])), "exceeded": float(st.genpareto.isf(1e-3, found.x[0], scale=np.exp(found.x[1])))})
out["tails"] = tails

out["closed"], out["iterated"] = closed, iterated
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(out, separators=(",", ":")) + "\n")
print(path, path.stat().st_size, "bytes")
