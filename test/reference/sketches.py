"""Sketches that Python's datasketches wrote, and what it reads in ours. Writes sketches.json beside this file.

Needs datasketches. With the program's path as argument it also has `fluxguard sketch` write sketches of the same values, reads them, and
fails where an answer is off: exactly for HLL, Theta and frequent items, within the stated error for KLL and t-digest.

Values are those of SplitMix64, so that the test makes them again.
"""

import importlib.metadata
import json
import pathlib
import subprocess
import sys
import tempfile

import datasketches as ds
from splitmix64 import SplitMix64

random = SplitMix64(1)
numbers = [random.uniform() for _ in range(5000)]
words = [f"w{int(400 * random.uniform() ** 3)}" for _ in range(5000)]
items = [f"user {int(3000 * x)}" for x in numbers]

kll = ds.kll_doubles_sketch(200)
tdigest = ds.tdigest_double(200)
for x in numbers:
    kll.update(x)
    tdigest.update(x)
hll, hll_numbers = ds.hll_sketch(12, ds.tgt_hll_type.HLL_4), ds.hll_sketch(12, ds.tgt_hll_type.HLL_8)
theta, theta_numbers = ds.update_theta_sketch(12), ds.update_theta_sketch(10)
for item in items:
    hll.update(item)
    theta.update(item)
for x in numbers:
    hll_numbers.update(x)
    theta_numbers.update(x)
# Ids of 64 bits, which doubles do not hold.
longs = [(1 << 53) + int(3000 * x) - (i % 2 << 60) for i, x in enumerate(numbers)]
hll_longs, theta_longs = ds.hll_sketch(12, ds.tgt_hll_type.HLL_4), ds.update_theta_sketch(12)
frequent_longs = ds.frequent_items_sketch(7)
few = [long // 64 for long in longs]
for long in longs:
    hll_longs.update(long)
    theta_longs.update(long)
for long in few:
    frequent_longs.update(long)
frequent = ds.frequent_strings_sketch(7)
for word in words:
    frequent.update(word)

# Not 0 and 1: Python's KLL gives the smallest and largest item that it retained, the others' the true ones.
RANKS = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95]


def bounds(sketch):
    return [sketch.get_estimate() if hasattr(sketch, "get_estimate") else sketch.estimate, sketch.get_lower_bound(2), sketch.get_upper_bound(2)]


def counts(sketch):
    rows = sketch.get_frequent_items(ds.frequent_items_error_type.NO_FALSE_NEGATIVES)
    return sorted([item, estimate, lower, upper] for item, estimate, lower, upper in rows)


theirs = {
    "kll": {"bytes": kll.serialize().hex(), "n": kll.n, "quantiles": [kll.get_quantile(r, True) for r in RANKS]},
    "tdigest": {"bytes": tdigest.serialize().hex(), "n": tdigest.get_total_weight(), "quantiles": [tdigest.get_quantile(r) for r in RANKS]},
    "hll": {"bytes": hll.serialize_compact().hex(), "updatable": hll.serialize_updatable().hex(), "distinct": bounds(hll)},
    "hll_numbers": {"bytes": hll_numbers.serialize_compact().hex(), "distinct": bounds(hll_numbers)},
    "theta": {"bytes": theta.compact().serialize().hex(), "distinct": bounds(theta)},
    "theta_numbers": {"bytes": theta_numbers.compact().serialize().hex(), "distinct": bounds(theta_numbers)},
    "hll_longs": {"bytes": hll_longs.serialize_compact().hex(), "distinct": bounds(hll_longs)},
    "theta_longs": {"bytes": theta_longs.compact().serialize().hex(), "distinct": bounds(theta_longs)},
    "frequent-longs": {"bytes": frequent_longs.serialize(ds.PyLongsSerDe()).hex(), "n": frequent_longs.total_weight,
                       "items": [[str(item), *rest] for item, *rest in counts(frequent_longs)]},
    "frequent-items": {"bytes": frequent.serialize().hex(), "n": frequent.total_weight, "items": counts(frequent)},
}


def read_ours(program):
    """Our bytes in their hands."""
    told = {}
    with tempfile.TemporaryDirectory() as folder:
        def ours(kind, values, size, items=None):
            csv, out = pathlib.Path(folder, "x.csv"), pathlib.Path(folder, "x.bin")
            csv.write_text("x\n" + "\n".join(str(v) for v in values) + "\n")
            subprocess.run([program, "sketch", str(csv), "--kind", kind, "--size", str(size), "--out", str(out)]
                           + (["--items", items] if items else []), check=True, capture_output=True)
            return out.read_bytes()

        def off(found, true):
            return max(abs(a - b) for a, b in zip(found, true))

        ordered = sorted(numbers)
        rank = lambda x: sum(v <= x for v in ordered) / len(ordered)  # noqa: E731
        shares = RANKS
        for kind, sketch in (("kll", ds.kll_doubles_sketch.deserialize(ours("kll", numbers, 200))),
                             ("tdigest", ds.tdigest_double.deserialize(ours("tdigest", numbers, 200)))):
            told[kind] = off([rank(sketch.get_quantile(r)) for r in shares], shares)
            assert told[kind] < 0.0266, (kind, told[kind])
        told["hll"] = bounds(ds.hll_sketch.deserialize(ours("hll", items, 12)))
        told["theta"] = bounds(ds.compact_theta_sketch.deserialize(ours("theta", items, 12)))
        assert told["theta"] == bounds(theta), (told["theta"], bounds(theta))
        assert abs(told["hll"][0] / len(set(items)) - 1) < 0.05
        told["theta_longs"] = bounds(ds.compact_theta_sketch.deserialize(ours("theta", longs, 12)))
        assert told["theta_longs"] == bounds(theta_longs), (told["theta_longs"], bounds(theta_longs))
        union = ds.hll_union(12)
        for sketch in (hll_longs, ds.hll_sketch.deserialize(ours("hll", longs, 12, "int"))):
            union.update(sketch)
        told["hll_longs"] = union.get_estimate() / len(set(longs))
        assert abs(told["hll_longs"] - 1) < 0.05, told["hll_longs"]
        # A number that is taken for text is the text, here and there: leading zeros stay.
        zips = [f"{i * 97 % 90000:05}" for i in range(5000)]
        texts = ds.update_theta_sketch(12)
        for text in zips:
            texts.update(text)
        assert bounds(ds.compact_theta_sketch.deserialize(ours("theta", zips, 12, "text"))) == bounds(texts)
        read = ds.frequent_items_sketch.deserialize(ours("frequent-items", few, 128, "int"), ds.PyLongsSerDe())
        assert read.total_weight == len(few)
        for item, _, lower, upper in counts(read):
            assert lower <= few.count(item) <= upper
        told["frequent-longs"] = [read.total_weight, len(counts(read))]
        read = ds.frequent_strings_sketch.deserialize(ours("frequent-items", words, 128))
        assert read.total_weight == len(words)
        true = {w: words.count(w) for w in set(words)}
        for item, _, lower, upper in counts(read):
            assert lower <= true[item] <= upper
        told["frequent-items"] = [read.total_weight, len(counts(read))]
    return told


values = {"versions": {"python": sys.version.split()[0], "datasketches": importlib.metadata.version("datasketches")},
          "ranks": RANKS, "theirs": theirs}
path = pathlib.Path(__file__).with_suffix(".json")
if len(sys.argv) > 1:
    values["ours_read_by_python"] = read_ours(sys.argv[1])
elif path.exists():
    values["ours_read_by_python"] = json.loads(path.read_text()).get("ours_read_by_python")
path.write_text(json.dumps(values, indent=1) + "\n")
