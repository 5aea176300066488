"""whylogs' side: a profile of all columns of a data frame.

    run    nanoseconds of a profile
"""

import logging
import os
import sys
import time
import warnings

import numpy
import pandas

os.environ.setdefault("WHYLOGS_NO_ANALYTICS", "True")
warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

import whylogs  # noqa: E402

path, columns, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
names = [f"y{k + 1}" for k in range(columns)]
frame = pandas.DataFrame(numpy.fromfile(path)[: size * columns].reshape(size, columns), columns=names)


def run():
    return whylogs.log(frame).profile().view()


run()
print(f"{whylogs.__version__ if hasattr(whylogs, '__version__') else ''}, pandas {pandas.__version__}".strip(", "), flush=True)
for line in sys.stdin:
    start = time.perf_counter_ns()
    run()
    print(time.perf_counter_ns() - start, flush=True)
