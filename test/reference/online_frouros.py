"""Reference values of CUSUM and GMA, which river has not: detections of frouros. Writes online_frouros.json beside this file.

Needs frouros, numpy (in an environment without river: the two want different numpy). Streams are those of online.py.
"""

import ast
import json
import pathlib
import sys
from importlib.metadata import version

import numpy
from frouros.detectors import concept_drift as drift

# The streams' definitions, from the neighbor, without its imports.
source = pathlib.Path(__file__).with_name("online.py").read_text()
tree = ast.parse(source)
names = {"MASK", "SplitMix64", "segments", "outcomes", "unit", "bells", "still", "STREAMS"}
tree.body = [node for node in tree.body if getattr(node, "name", None) in names
             or isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) in names]
exec(compile(tree, "online.py", "exec"))


def fired(detector, stream):
    indices = []
    for i, x in enumerate(stream):
        detector.update(value=x)
        if detector.drift:
            indices.append(i)
            detector.reset()
    return indices


CASES = [
    ("cusum", {}, drift.CUSUM, drift.CUSUMConfig()),
    ("cusum", {"threshold": 10.0, "delta": 0.05, "min_instances": 50}, drift.CUSUM,
     drift.CUSUMConfig(lambda_=10.0, delta=0.05, min_num_instances=50)),
    ("gma", {"threshold": 0.1}, drift.GeometricMovingAverage, drift.GeometricMovingAverageConfig(lambda_=0.1)),
    ("gma", {"threshold": 0.5, "alpha": 0.95, "min_instances": 10}, drift.GeometricMovingAverage,
     drift.GeometricMovingAverageConfig(lambda_=0.5, alpha=0.95, min_num_instances=10)),
]
cases = []
for name, options, make, config in CASES:
    for stream in STREAMS:
        for seed in (1, 2, 3):
            detections = fired(make(config=config), STREAMS[stream](seed))
            cases.append({"detector": name, "options": options, "stream": stream, "seed": seed, "detections": detections})
            print(name, options, stream, seed, len(detections))

versions = {"python": sys.version.split()[0], "frouros": version("frouros"), "numpy": numpy.__version__}
checks = {name: {"length": len(make(1)), "sum": sum(make(1)), "last": make(1)[-1]} for name, make in STREAMS.items()}
path = pathlib.Path(__file__).with_name("online_frouros.json")
path.write_text(json.dumps({"versions": versions, "streams": checks, "cases": cases}, allow_nan=False) + "\n")
