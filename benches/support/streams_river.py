"""river's side: reads the stream once, then answers a line on standard input with a line on standard output.

    NAME LENGTH            nanoseconds an observation over the first so many, by a fresh detector
    detections NAME LENGTH where it fired, from 0
"""

import sys
import time

import numpy
import river
from river import drift

stream = [float(x) for x in numpy.fromfile(sys.argv[1])]
MAKE = {"adwin": drift.ADWIN, "page-hinkley": drift.PageHinkley, "kswin": lambda: drift.KSWIN(window_size=100, stat_size=50, seed=1)}

print(river.__version__, flush=True)
for line in sys.stdin:
    *detections, name, length = line.split()
    values = stream[: int(length)]
    detector = MAKE[name]()
    if detections:
        fired = []
        for i, x in enumerate(values):
            detector.update(x)
            if detector.drift_detected:
                fired.append(i)
        print(*fired, flush=True)
        continue
    update = detector.update
    start = time.perf_counter_ns()
    for x in values:
        update(x)
    print((time.perf_counter_ns() - start) / len(values), flush=True)
