"""Online detectors on simulated streams and on river's annotated series, beside river and trivial baselines."""
# needs: river numpy

import io
import json
import os
import random
import subprocess
import sys

import numpy as np
import river
from river import drift
from river.drift import datasets

PROGRAM = os.environ["FLUXGUARD"]
SEEDS = range(int(os.environ.get("FLUXGUARD_SEEDS", "5")))
# A detection within so many observations after a change has found it.
PATIENCE = 500


def fluxguard(name, **options):
    def run(x, bounds):
        flags = [f"--{key.replace('_', '-')}={value}" for key, value in options.items()]
        if name == "betting":
            flags += [f"--lower={bounds[0]}", f"--upper={bounds[1]}"]
        text = "x\n" + "\n".join(repr(float(v)) for v in x) + "\n"
        done = subprocess.run([PROGRAM, "stream", "-", "--json", "--detector", name, *flags], input=text,
                              capture_output=True, text=True)
        return json.loads(done.stdout)["detections"] if done.returncode == 0 else None
    return run


def peer(make):
    def run(x, bounds):
        detector, fired = make(), []
        for i, v in enumerate(x):
            try:
                detector.update(float(v))
            except (ValueError, ZeroDivisionError):
                return None
            if detector.drift_detected:
                fired.append(i)
        return fired
    return run


def never(x, bounds):
    return []


def always(x, bounds):
    return list(range(len(x)))


def at_random(x, bounds):
    """As often as once in 1,000."""
    source = random.Random(len(x))
    return [i for i in range(len(x)) if source.random() < 1e-3]


# Name, run, and whether it is for outcomes (0 or 1), for values in [0, 1], or for all.
DETECTORS = [
    ("martingale (alpha 0.01)", fluxguard("martingale"), "all"),
    ("martingale, SR (run length 10^4)", fluxguard("martingale", form="shiryaev-roberts", run_length=10000), "all"),
    ("betting (alpha 0.01)", fluxguard("betting"), "all"),
    ("mmd (run time 1000)", fluxguard("mmd", reference_size=200), "continuous"),
    ("adwin", fluxguard("adwin"), "all"),
    ("  river ADWIN", peer(drift.ADWIN), "all"),
    ("page-hinkley", fluxguard("page-hinkley"), "all"),
    ("  river PageHinkley", peer(drift.PageHinkley), "all"),
    ("kswin", fluxguard("kswin"), "continuous"),
    ("  river KSWIN", peer(lambda: drift.KSWIN(seed=1)), "continuous"),
    ("cusum", fluxguard("cusum"), "all"),
    ("gma (threshold 0.2)", fluxguard("gma", threshold=0.2), "all"),
    ("ddm", fluxguard("ddm"), "outcomes"),
    ("  river DDM", peer(drift.binary.DDM), "outcomes"),
    ("eddm", fluxguard("eddm"), "outcomes"),
    ("  river EDDM", peer(drift.binary.EDDM), "outcomes"),
    ("hddm-a", fluxguard("hddm-a"), "outcomes"),
    ("  river HDDM_A", peer(drift.binary.HDDMA), "outcomes"),
    ("hddm-w", fluxguard("hddm-w"), "outcomes"),
    ("  river HDDM_W", peer(drift.binary.HDDMW), "outcomes"),
    ("never fires", never, "all"),
    ("always fires", always, "all"),
    ("fires at random (1 in 1000)", at_random, "all"),
]


def score(fired, changes, n, patience):
    """(delays of the changes that were found, missed changes, false alarms)."""
    delays, missed, explained = [], 0, set()
    for k, change in enumerate(changes):
        end = min(change + patience, changes[k + 1] if k + 1 < len(changes) else n)
        inside = [i for i in fired if change <= i < end]
        explained.update(inside)
        if inside:
            delays.append(inside[0] - change)
        else:
            missed += 1
    return delays, missed, len([i for i in fired if i not in explained])


def print_table(title, rows):
    print(title)
    print(f"  {'detector':<34}{'delay (10% - 90% of seeds)':>30}{'missed, share':>22}{'false alarms in 10,000':>28}")
    for name, cells in rows:
        print(f"  {name:<34}" + "".join(f"{cell:>{width}}" for cell, width in zip(cells, (30, 22, 28))))
    print(flush=True)


def spread(values, digits):
    low, high = np.quantile(values, [0.1, 0.9])
    return f"{np.mean(values):.{digits}f} ({low:.{digits}f} - {high:.{digits}f})"


def simulated():
    def stretches(rng, levels, length=2000):
        changes = [length * k for k in range(1, len(levels))]
        return np.concatenate([level(rng, length) for level in levels]), changes

    def mean(m, s=1.0):
        return lambda rng, n: rng.normal(m, s, n)

    def rate(p):
        return lambda rng, n: (rng.random(n) < p).astype(float)

    def ramp(rng, n):
        return rng.normal(np.linspace(0, 1, n), 1)

    scenarios = [
        ("mean 0 to 1 to 0 to 1", "continuous", [mean(0), mean(1), mean(0), mean(1)], (-10, 10)),
        ("mean 0 to 0.5, once", "continuous", [mean(0), mean(0), mean(0.5)], (-10, 10)),
        ("spread 1 to 2 to 1", "continuous", [mean(0), mean(0, 2), mean(0)], (-10, 10)),
        ("mean 0 to 1 slowly, over 2,000", "continuous", [mean(0), ramp, mean(1)], (-10, 10)),
        ("error rate 0.1 to 0.3 to 0.1 to 0.3", "outcomes", [rate(0.1), rate(0.3), rate(0.1), rate(0.3)], (0, 1)),
        ("error rate 0.1 to 0.2, once", "outcomes", [rate(0.1), rate(0.1), rate(0.2)], (0, 1)),
        ("nothing, normal", "continuous", [mean(0)] * 5, (-10, 10)),
        ("nothing, error rate 0.1", "outcomes", [rate(0.1)] * 5, (0, 1)),
    ]
    for title, kind, levels, bounds in scenarios:
        rows = []
        for name, run, fit in DETECTORS:
            if fit not in ("all", kind):
                continue
            delays, missed, false = [], [], []
            for seed in SEEDS:
                rng = np.random.default_rng(seed)
                x, changes = stretches(rng, levels)
                # Where neighbors are alike there is no change.
                changes = [c for k, c in enumerate(changes) if levels[k] is not levels[k + 1] and "nothing" not in title]
                if "once" in title:
                    changes = changes[-1:]
                if "slowly" in title:
                    changes = changes[:1]
                fired = run(np.clip(x, *bounds), bounds)
                patience = 2000 if "slowly" in title else PATIENCE
                found, lost, wrong = score(fired, changes, len(x), patience)
                if "slowly" in title:
                    # The ramp is one long change: all that fires from its begin on is right.
                    wrong = len([i for i in fired if i < changes[0]])
                delays += found[:]
                missed.append(lost / max(len(changes), 1))
                false.append(wrong / len(x) * 10_000)
            rows.append((name, [spread(delays, 0) if delays else "-", spread(missed, 2) if changes else "-", spread(false, 1)]))
        # (mmd keeps its reference: it goes on firing while a change lasts, and after the patience that counts as false.)
        print_table(f"{title}: {len(SEEDS)} seeds, a change is found within {PATIENCE if 'slowly' not in title else 2000}", rows)


def annotated():
    """river's series whose change points were marked by people (Turing change point data, van den Burg & Williams 2020)."""
    series = []
    for make in (datasets.AirlinePassengers, datasets.Apple, datasets.Bitcoin, datasets.BrentSpotPrice,
                 datasets.Occupancy, datasets.RunLog, datasets.UKCoalEmploy):
        try:
            data = make()
            rows = [y for _, y in data]
        except Exception as error:  # a file that the wheel has not, or cannot be read as it is
            print(f"  {make.__name__}: left out ({type(error).__name__}: {error})")
            continue
        columns = list(rows[0]) if isinstance(rows[0], dict) else [None]
        marks = sorted({int(m) for by_one in data.annotations.values() for m in by_one})
        # A change that at least two people marked within 5 observations of each other.
        people = list(data.annotations.values())
        agreed = [m for m in marks if sum(any(abs(m - int(o)) <= 5 for o in by_one) for by_one in people) >= 2]
        changes = [m for k, m in enumerate(agreed) if k == 0 or m - agreed[k - 1] > 5]
        for column in columns:
            try:
                x = np.array([float(row if column is None else row[column]) for row in rows])
            except (TypeError, ValueError):
                continue
            changes_here = [c for c in changes if c < len(x)]
            if np.isfinite(x).all() and x.std() > 0:
                series.append((make.__name__ + ("" if column is None else f" {column}"), x, changes_here))
    print(f"river's annotated series: {len(series)} columns, "
          f"{sum(len(c) for _, _, c in series)} changes marked by at least two people; scaled to [0, 1]")
    print("  (of " + ", ".join(f"{name}: {len(x)} observations, {len(c)} changes" for name, x, c in series) + ")")
    rows = []
    for name, run, fit in DETECTORS:
        if fit == "outcomes" or "mmd" in name:
            continue
        delays, missed, false, n, total, short = [], 0, 0, 0, 0, 0
        for _, x, changes in series:
            x = (x - x.min()) / (x.max() - x.min())
            fired = run(x, (0, 1))
            if fired is None:  # too short a series for this detector
                short += 1
                fired = []
            found, lost, wrong = score(fired, changes, len(x), 100)
            delays += found
            missed += lost
            false += wrong
            n += len(x)
            total += len(changes)
        rows.append((name, [spread(delays, 0) if delays else "-", f"{missed} of {total}", f"{false / n * 10_000:.0f}" + (f", {short} too short" if short else "")]))
    print_table("  found within 100 observations; few series are stationary between their changes, so every detector has false alarms", rows)


print(f"river {river.__version__}, numpy {np.__version__}, Python {sys.version.split()[0]}\n")
simulated()
annotated()
