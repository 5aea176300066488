"""scikit-learn's and pyod's side: reads the rows once, then answers a question on standard input with nanoseconds."""

import os
import sys
import time
import warnings

import numpy
import pyod
import sklearn
from pyod.models.ecod import ECOD
from pyod.models.hbos import HBOS
from sklearn.covariance import EmpiricalCovariance
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors

warnings.simplefilter("ignore")
path, features, rows = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
x = numpy.fromfile(path).reshape(rows, features)
one = x[:1]
threads = int(os.environ["FLUXGUARD_BENCH_THREADS"])

forest = IsolationForest(n_jobs=threads, random_state=0).fit(x)
# A single row is faster without the threads' start.
forest_alone = IsolationForest(random_state=0).fit(x)
neighbors = NearestNeighbors(n_neighbors=20, algorithm="brute", n_jobs=threads).fit(x)
ecod, hbos, covariance = ECOD().fit(x), HBOS().fit(x), EmpiricalCovariance().fit(x)
questions = {
    "iforest_fit": lambda: IsolationForest(n_jobs=threads, random_state=0).fit(x),
    "iforest_score": lambda: forest.score_samples(x),
    "iforest_row": lambda: forest_alone.score_samples(one),
    "lof_fit": lambda: LocalOutlierFactor(n_neighbors=20, novelty=True, n_jobs=threads).fit(x),
    "knn_score": lambda: neighbors.kneighbors(x),
    "ecod_row": lambda: ecod.decision_function(one),
    "hbos_row": lambda: hbos.decision_function(one),
    "mahalanobis_row": lambda: covariance.mahalanobis(one),
}
for question in questions.values():
    question()
print(f"scikit-learn {sklearn.__version__}, pyod {pyod.__version__}, numpy {numpy.__version__}", flush=True)
for line in sys.stdin:
    start = time.perf_counter_ns()
    questions[line.strip()]()
    print(time.perf_counter_ns() - start, flush=True)
