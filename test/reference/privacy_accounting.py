"""Reference values for the privacy accountants, from dp-accounting (PLD, RDP) and Opacus (RDP).

    python -m venv venv && venv/bin/pip install dp-accounting==0.6.0
    venv/bin/pip download opacus==1.6.0 --no-deps -d opacus && unzip -d opacus opacus/*.whl
    OPACUS=opacus venv/bin/python privacy_accounting.py > privacy_accounting.json

Of Opacus only accountants/analysis/rdp.py is loaded, which needs numpy and scipy and not PyTorch.
The PLD is made with connect-the-dots at 1e-5, ten times finer than the default, and where a step's losses are smaller
than that grid, at a thousandth of the step's own spread (`interval` in each row).
"""

import importlib.util
import json
import math
import os
import sys

import dp_accounting
from dp_accounting.pld import privacy_loss_distribution as pld
from dp_accounting.rdp import rdp_privacy_accountant as google_rdp

RELATION = {
    "add_remove": dp_accounting.NeighboringRelation.ADD_OR_REMOVE_ONE,
    "replace_one": dp_accounting.NeighboringRelation.REPLACE_ONE,
}
ORDERS = [1 + x / 10 for x in range(1, 100)] + list(range(11, 64)) + [64, 128, 256, 512]


def opacus_rdp():
    path = os.path.join(os.environ["OPACUS"], "opacus/accountants/analysis/rdp.py")
    spec = importlib.util.spec_from_file_location("opacus_rdp", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pld_row(relation, phases, deltas):
    """phases: [sigma, q, steps]."""
    spread = min(q * math.sqrt(math.expm1(min(1 / s**2, 20))) for s, q, _ in phases)
    interval = min(1e-5, spread / 30)
    total = None
    for sigma, q, steps in phases:
        one = pld.from_gaussian_mechanism(
            sigma, sampling_prob=q, value_discretization_interval=interval,
            log_mass_truncation_bound=-60, neighboring_relation=RELATION[relation])
        many = one.self_compose(steps) if steps > 1 else one
        total = many if total is None else total.compose(many)
    return {
        "relation": relation, "phases": phases, "interval": interval,
        "epsilon": [[d, total.get_epsilon_for_delta(d)] for d in deltas],
    }


def main():
    opacus = opacus_rdp()
    out = {"versions": {"dp-accounting": "0.6.0", "opacus": "1.6.0"}, "pld": [], "rdp": [], "rdp_epsilon": []}
    deltas = [1e-3, 1e-5, 1e-7]
    grid = [
        [[1.0, 0.01, 1000], [2.0, 0.02, 500]],
        [[0.5, 1e-4, 1000]],
        [[8.0, 1e-4, 1000]],
        [[1.1, 256 / 60000, 14000]],
        [[0.8, 0.001, 10000]],
        [[0.6, 0.05, 200]],
        [[0.3, 0.001, 300]],
        [[1.0, 0.5, 10]],
        [[4.0, 0.2, 2000]],
        [[20.0, 0.5, 1000]],
        [[2.0, 1.0, 20]],
        [[1.0, 0.02, 1]],
        [[0.7, 0.3, 3]],
        [[3.0, 0.001, 100000]],
        [[50.0, 0.01, 10000]],
        [[1.0, 1.0, 3], [1.5, 0.01, 2000]],
        [[0.9, 0.005, 400], [0.8, 0.005, 400], [0.7, 0.005, 400]],
    ]
    for phases in grid:
        out["pld"].append(pld_row("add_remove", phases, deltas))
        print(json.dumps(out["pld"][-1]), file=sys.stderr)
    for phases in grid[:2] + grid[5:8] + grid[10:13]:
        out["pld"].append(pld_row("replace_one", phases, deltas))
        print(json.dumps(out["pld"][-1]), file=sys.stderr)
    for sigma, q in [(1.0, 0.01), (0.5, 1e-4), (8.0, 1e-4), (0.6, 0.05), (1.0, 0.5), (4.0, 0.2), (2.0, 1.0)]:
        rdp = opacus.compute_rdp(q=q, noise_multiplier=sigma, steps=1, orders=ORDERS)
        out["rdp"].append({"sigma": sigma, "q": q, "orders": ORDERS, "rdp": [float(x) for x in rdp]})
        for steps in [1, 1000]:
            epsilon, _ = opacus.get_privacy_spent(orders=ORDERS, rdp=[x * steps for x in rdp], delta=1e-5)
            accountant = google_rdp.RdpAccountant(orders=ORDERS)
            event = dp_accounting.PoissonSampledDpEvent(q, dp_accounting.GaussianDpEvent(sigma))
            accountant.compose(event, steps)
            out["rdp_epsilon"].append({
                "sigma": sigma, "q": q, "steps": steps, "delta": 1e-5,
                "opacus": float(epsilon), "dp_accounting": accountant.get_epsilon(1e-5)})
    def rows(value):
        return "[\n" + ",\n".join("  " + json.dumps(row) for row in value) + "\n ]"

    parts = [f' "{k}": ' + (rows(v) if isinstance(v, list) else json.dumps(v)) for k, v in out.items()]
    print("{\n" + ",\n".join(parts) + "\n}")


main()
