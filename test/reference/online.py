"""Reference values of the online detectors: detections of river on several streams. Writes online.json beside this file.

Needs river, numpy, scipy. Streams are made again, to the bit, by test/rust/reference_online.rs: SplitMix64 and arithmetic that
is exact or correctly rounded on both sides, so that the file holds indices only.
"""

import json
import pathlib
import sys

import numpy
import river
import scipy
from river import drift
from splitmix64 import SplitMix64


def segments(seed):
    """Lengths and levels of a stream's stretches."""
    random = SplitMix64(seed)
    return random, [(200 + int(random.uniform() * 1300), random.uniform()) for _ in range(6)]


def outcomes(seed):
    """Errors of a classifier whose error rate jumps."""
    random, stretches = segments(seed)
    return [float(random.uniform() < level * 0.6) for n, level in stretches for _ in range(n)]


def unit(seed):
    """Values in [0, 1] whose level jumps."""
    random, stretches = segments(seed)
    return [0.5 * random.uniform() + 0.5 * level for n, level in stretches for _ in range(n)]


def bells(seed):
    """Sums of twelve uniforms, nearly normal, whose mean jumps."""
    random, stretches = segments(seed)
    out = []
    for n, level in stretches:
        for _ in range(n):
            total = -6.0
            for _ in range(12):
                total += random.uniform()
            out.append(total + 3.0 * level)
    return out


def still(seed):
    """A stream in which nothing happens."""
    random = SplitMix64(seed)
    return [float(random.uniform() < 0.3) for _ in range(5000)]


STREAMS = {"outcomes": outcomes, "unit": unit, "bells": bells, "still": still}


def fired(detector, stream):
    indices = []
    for i, x in enumerate(stream):
        detector.update(x)
        if detector.drift_detected:
            indices.append(i)
    return indices


BINARY = ["outcomes", "still"]
BOUNDED = ["outcomes", "unit", "still"]
ALL = ["outcomes", "unit", "bells", "still"]
CASES = [
    ("adwin", drift.ADWIN, {}, ALL),
    ("adwin", drift.ADWIN, {"delta": 0.1, "clock": 1}, ALL),
    ("adwin", drift.ADWIN, {"delta": 0.01, "clock": 7, "max_buckets": 3, "min_window_length": 20, "grace_period": 100}, ALL),
    ("page-hinkley", drift.PageHinkley, {}, ALL),
    ("page-hinkley", drift.PageHinkley, {"threshold": 10.0, "delta": 0.05, "mode": "up"}, ALL),
    ("page-hinkley", drift.PageHinkley, {"threshold": 5.0, "alpha": 0.99, "min_instances": 100, "mode": "down"}, ALL),
    ("ddm", drift.binary.DDM, {}, BINARY),
    ("ddm", drift.binary.DDM, {"warm_start": 100, "warning_threshold": 1.5, "drift_threshold": 2.5}, BINARY),
    ("eddm", drift.binary.EDDM, {}, BINARY),
    ("eddm", drift.binary.EDDM, {"warm_start": 10, "alpha": 0.9, "beta": 0.8}, BINARY),
    ("hddm-a", drift.binary.HDDMA, {}, BOUNDED),
    ("hddm-a", drift.binary.HDDMA, {"drift_confidence": 0.01, "warning_confidence": 0.05, "two_sided_test": True}, BOUNDED),
    ("hddm-w", drift.binary.HDDMW, {}, BOUNDED),
    ("hddm-w", drift.binary.HDDMW, {"lambda_val": 0.2, "two_sided_test": True}, BOUNDED),
    # All that is older than the newest 30 is drawn: nothing is left to chance.
    ("kswin", drift.KSWIN, {"window_size": 60, "stat_size": 30}, ALL),
    ("kswin", drift.KSWIN, {"alpha": 0.0001, "window_size": 100, "stat_size": 50}, ALL),
]

cases = []
for name, make, options, streams in CASES:
    for stream in streams:
        for seed in (1, 2, 3):
            more = {"seed": 1} if name == "kswin" else {}
            cases.append({"detector": name, "options": options, "stream": stream, "seed": seed,
                          "detections": fired(make(**options, **more), STREAMS[stream](seed))})
            print(name, options, stream, seed, len(cases[-1]["detections"]))

versions = {"python": sys.version.split()[0], "river": river.__version__, "numpy": numpy.__version__, "scipy": scipy.__version__}
checks = {name: {"length": len(make(1)), "sum": sum(make(1)), "last": make(1)[-1]} for name, make in STREAMS.items()}
path = pathlib.Path(__file__).with_name("online.json")
path.write_text(json.dumps({"versions": versions, "streams": checks, "cases": cases}, allow_nan=False) + "\n")
print(path, path.stat().st_size, "bytes")
