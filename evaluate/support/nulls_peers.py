"""The suite of nulls, as a peer has it: nulls_peers.py PEER FOLDER reads FOLDER/windows, which benches/nulls/export.rs wrote, and writes
FOLDER/PEER.jsonl in the form of benches/nulls/cell.rs. PEER: evidently, alibi-detect, nannyml, river."""

import json
import logging
import os
import pathlib
import sys
import time
import warnings

import numpy as np

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
SECONDS = float(os.environ.get("FLUXGUARD_NULLS_SECONDS", "2"))
LEVELS = [0.05, 0.01, 1e-3]


def evidently():
    """P-values of its tests, and whether its distances are beyond its default threshold of 0.1."""
    import pandas as pd
    from evidently.legacy.calculations import stattests

    of_p = ["ks_stat_test", "anderson_darling_test", "cramer_von_mises", "t_test", "mann_whitney_u_stat_test", "energy_dist_test",
            "epps_singleton_test"]
    distances = ["psi_stat_test", "kl_div_stat_test", "jensenshannon_stat_test", "wasserstein_stat_test", "hellinger_stat_test"]
    found = {}

    def run(test, kind, p):
        def method(reference, window):
            score, drift = test.func(pd.Series(reference), pd.Series(window), kind, 0.05 if p else 0.1)
            return float(score) if p else (0.0 if drift else 1.0)
        return method

    for name in of_p + distances:
        test = getattr(stattests, name, None)
        if test is not None:
            p = name in of_p
            found[name.replace("_stat_test", "").replace("_test", "") + ("" if p else " > 0.1")] = (run(test, "num", p), p)
    chi = getattr(stattests, "chi_stat_test", None)
    if chi is not None:
        found["chi-square, of categories"] = (run(chi, "cat", True), True)
    return found


def alibi_detect():
    from alibi_detect.cd import ChiSquareDrift, CVMDrift, KSDrift

    def by(detector):
        def method(reference, window):
            told = detector(reference[:, None]).predict(window[:, None], return_p_val=True)
            return float(np.ravel(told["data"]["p_val"])[0])
        return method

    def chi(reference, window):
        if len(np.unique(reference)) > 20:
            raise ValueError("not categories")
        categories = {0: sorted({*reference.tolist(), *window.tolist()})}
        told = ChiSquareDrift(reference[:, None], categories_per_feature=categories).predict(window[:, None])
        return float(np.ravel(told["data"]["p_val"])[0])

    return {"KSDrift": (by(lambda x: KSDrift(x, p_val=0.05)), True), "CVMDrift": (by(lambda x: CVMDrift(x, p_val=0.05)), True),
            "ChiSquareDrift": (chi, True)}


def nannyml():
    """Whether the last chunk of 100 is beyond the thresholds that it takes from chunks of the reference (it states no rate)."""
    os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
    import nannyml as nml
    import pandas as pd

    def by(name):
        def method(reference, window):
            calculator = nml.UnivariateDriftCalculator(column_names=["x"], continuous_methods=[name], chunk_size=100)
            calculator.fit(pd.DataFrame({"x": reference}))
            told = calculator.calculate(pd.DataFrame({"x": window})).filter(period="analysis").to_df()
            return 0.0 if bool(told[("x", name, "alert")].iloc[-1]) else 1.0
        return method

    names = "kolmogorov_smirnov", "jensen_shannon", "wasserstein", "hellinger"
    return {f"{name}, a chunk of 100": (by(name), False) for name in names}


def river():
    """Whether it fires within the window, after the reference; delta and alpha at the rate asked."""
    from river import drift

    def by(make):
        def method(reference, window):
            detector = make()
            for x in reference:
                detector.update(float(x))
            for x in window:
                detector.update(float(x))
                if detector.drift_detected:
                    return 0.0
            return 1.0
        return method

    return {"ADWIN, delta 0.05": (by(lambda: drift.ADWIN(delta=0.05)), False),
            "KSWIN, alpha 0.05": (by(lambda: drift.KSWIN(alpha=0.05, seed=0)), False),
            "PageHinkley": (by(drift.PageHinkley), False)}


def main(peer, folder):
    methods = {"evidently": evidently, "alibi-detect": alibi_detect, "nannyml": nannyml, "river": river}[peer]()
    windows = folder / "windows"
    with open(folder / f"{peer}.jsonl", "w") as out:
        for null in json.loads((windows / "list.json").read_text()):
            m, n = null["reference"], null["window"]
            trials = np.fromfile(windows / null["file"], "<f8")
            if null["columns"] > 1 or len(trials) != (m + n) * null["trials"]:
                m, n = (lambda count: (count * m // (m + n), count - count * m // (m + n)))(len(trials) // null["trials"])
            trials = trials.reshape(null["trials"], m + n)
            for name, (method, gives_p) in methods.items():
                found, of, refused, end = [0] * len(LEVELS), 0, None, time.monotonic() + SECONDS
                for trial in trials:
                    if of > 1 and time.monotonic() > end:
                        break
                    try:
                        p = method(trial[:m], trial[m:])
                    except Exception as error:  # a peer may say no in any way it likes
                        refused = f"{type(error).__name__}: {error}".splitlines()[0][:200]
                        break
                    of += 1
                    # NaN is no alarm.
                    found = [count + (p <= level) for count, level in zip(found, LEVELS)]
                rates = [{"asked": a, "found": int(f), "of": of} for a, f in zip(LEVELS, found)][: None if gives_p else 1]
                cell = {"by": peer, "what": name, "how": null["how"], "values": null["values"], "order": null["order"],
                        "reference": null["reference"], "window": null["window"], "columns": null["columns"], "rates": rates}
                if refused:
                    cell["refused"] = refused
                print(json.dumps(cell), file=out)
            print(peer, null["values"], null["order"], flush=True)


if __name__ == "__main__":
    main(sys.argv[1], pathlib.Path(sys.argv[2]))
