"""scipy's side: reads the samples once, then answers a line on standard input with a line on standard output.

    run      nanoseconds of scipy.stats.ks_2samp over all columns
    values   all statistics, then all p-values
"""

import sys
import time

import numpy
import scipy
from scipy.stats import ks_2samp

path, columns, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
reference, current = numpy.fromfile(path).reshape(2, columns, size)


def test():
    return [ks_2samp(r, c) for r, c in zip(reference, current)]


test()
print(f"{scipy.__version__}, numpy {numpy.__version__}", flush=True)
for line in sys.stdin:
    if line.strip() == "run":
        start = time.perf_counter_ns()
        test()
        print(time.perf_counter_ns() - start, flush=True)
    else:
        results = test()
        print(*(repr(float(x)) for x in [*(r.statistic for r in results), *(r.pvalue for r in results)]), flush=True)
