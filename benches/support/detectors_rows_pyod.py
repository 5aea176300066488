"""pyod's side of single rows: reads the reference once, then answers a name with the nanoseconds of one decision_function."""

import sys
import time
import warnings

import numpy
import pyod
from pyod.models.copod import COPOD
from pyod.models.ecod import ECOD
from pyod.models.gmm import GMM
from pyod.models.hbos import HBOS
from pyod.models.iforest import IForest
from pyod.models.kde import KDE
from pyod.models.knn import KNN
from pyod.models.lof import LOF
from pyod.models.ocsvm import OCSVM
from pyod.models.pca import PCA

warnings.simplefilter("ignore")
path, features, rows = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
x = numpy.fromfile(path).reshape(rows, features)
models = {
    "iforest": IForest(random_state=0), "lof": LOF(n_neighbors=20, novelty=True), "knn": KNN(), "gmm": GMM(random_state=0), "kde": KDE(),
    "hbos": HBOS(), "ecod": ECOD(), "copod": COPOD(), "pca": PCA(random_state=0), "ocsvm": OCSVM(),
}
for name, model in models.items():
    model.fit(x[:2000] if name == "ocsvm" else x)
    model.decision_function(x[:1])
print(",".join(models), f"pyod {pyod.__version__}, numpy {numpy.__version__}", flush=True)
for line in sys.stdin:
    model = models[line.strip()]
    start = time.perf_counter_ns()
    model.decision_function(x[:1])
    print(time.perf_counter_ns() - start, flush=True)
