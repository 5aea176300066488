"""Truncated Poisson lots (PLD) and fixed-size lots without replacement (RDP), from dp-accounting.

    venv/bin/python privacy_samplers.py > privacy_samplers.json        # venv as in privacy_accounting.py

For lots without replacement dp-accounting's noise multiplier is over what *replacing* an example moves, twice the clip
norm that FluxGuard's is over: hence `sigma / 2`. Its bound there is Wang, Balle and Kasiviswanathan 2019, in RDP.
"""

import json

import dp_accounting
from dp_accounting.pld import privacy_loss_distribution as pld
from dp_accounting.rdp import rdp_privacy_accountant as rdp

RELATION = {
    "add_remove": dp_accounting.NeighboringRelation.ADD_OR_REMOVE_ONE,
    "replace_one": dp_accounting.NeighboringRelation.REPLACE_ONE,
}


def truncated(relation, sigma, rate, max_lot, size, steps):
    one = pld.from_truncated_subsampled_gaussian_mechanism(
        dataset_size=size, sampling_probability=rate, truncated_batch_size=max_lot, noise_multiplier=sigma,
        value_discretization_interval=1e-5, neighboring_relation=RELATION[relation])
    many = one.self_compose(steps)
    return {"relation": relation, "sigma": sigma, "rate": rate, "max_lot": max_lot, "dataset_size": size, "steps": steps,
            "epsilon": [[delta, many.get_epsilon_for_delta(delta)] for delta in (1e-3, 1e-5, 1e-7)]}


def without_replacement(sigma, lot, size, steps):
    accountant = rdp.RdpAccountant(neighboring_relation=RELATION["replace_one"])
    event = dp_accounting.SampledWithoutReplacementDpEvent(size, lot, dp_accounting.GaussianDpEvent(sigma / 2))
    accountant.compose(event, steps)
    return {"sigma": sigma, "lot_size": lot, "dataset_size": size, "steps": steps,
            "epsilon": [[delta, accountant.get_epsilon(delta)] for delta in (1e-3, 1e-5, 1e-7)]}


def main():
    out = {"versions": {"dp-accounting": "0.6.0"}}
    out["truncated"] = [truncated(relation, *row) for relation in RELATION for row in [
        (2.0, 0.02, 400, 10_000, 500), (2.0, 0.02, 230, 10_000, 500), (2.0, 0.02, 210, 10_000, 500),
        (1.0, 0.01, 60, 5_000, 200), (0.8, 0.005, 350, 60_000, 1000), (4.0, 0.1, 130, 1_000, 300)]]
    out["without_replacement"] = [without_replacement(*row) for row in [
        (2.0, 200, 10_000, 500), (4.0, 100, 1_000, 100), (1.5, 50, 50_000, 2000), (8.0, 250, 5_000, 1000)]]
    def rows(value):
        return "[\n" + ",\n".join("  " + json.dumps(row) for row in value) + "\n ]"

    print("{\n" + ",\n".join(f' "{k}": ' + (rows(v) if isinstance(v, list) else json.dumps(v)) for k, v in out.items()) + "\n}")


main()
