"""Evidently's side: a drift report of all columns, with its own default tests or with the Kolmogorov-Smirnov test.

    ks | default    nanoseconds of a report run on data frames and read as a dictionary
"""

import logging
import sys
import time
import warnings

import numpy
import pandas

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

import evidently  # noqa: E402
from evidently import Report  # noqa: E402
from evidently.presets import DataDriftPreset  # noqa: E402

path, columns, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
names = [f"y{k + 1}" for k in range(columns)]
reference, current = (pandas.DataFrame(values.reshape(size, columns), columns=names) for values in numpy.fromfile(path).reshape(2, -1))
REPORTS = {"ks": Report([DataDriftPreset(num_method="ks")]), "default": Report([DataDriftPreset()])}


def run(name):
    return REPORTS[name].run(current, reference).dict()


run("ks")
print(f"{evidently.__version__}, pandas {pandas.__version__}", flush=True)
for line in sys.stdin:
    start = time.perf_counter_ns()
    run(line.strip())
    print(time.perf_counter_ns() - start, flush=True)
