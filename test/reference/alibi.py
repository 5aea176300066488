"""LSDD and MMD by alibi-detect's own functions (PyTorch backend), on the samples of multivariate_more.json and with its kernel
centers and widths: writes alibi.json beside this file. Needs alibi-detect, torch, numpy, scipy.

alibi-detect's detectors choose otherwise than `lsdd`: centers are n/20 rows of the reference, which are then left out of the
test, features are standardized and sigma is chosen by the reference alone, and lambda by the mean of the ratios
theta'H theta / h'theta over the reassignments drawn, where `lsdd` takes the ratio of the means over all of them. Computed here are the
estimate for given centers, width and lambda ("lsdd": lambda of `lsdd`, "lsdd_own": that of alibi-detect) and p-values by
reassignment."""

import importlib.metadata
import json
import pathlib
import sys

import numpy as np
import torch
from alibi_detect.utils.pytorch.distance import mmd2_from_kernel_matrix, permed_lsdds
from alibi_detect.utils.pytorch.kernels import GaussianRBF
from scipy.spatial.distance import pdist
from splitmix64 import picked

PERMUTATIONS = 500

here = pathlib.Path(__file__)
torch.set_num_threads(1)
torch.manual_seed(20261121)
rows = []
for case in json.loads(here.with_name("multivariate_more.json").read_text())["cases"]:
    x, y = (np.array(case[key]).reshape(-1, case["features"]) for key in ("reference", "current"))
    pooled = np.concatenate([x, y])
    pooled = (pooled - pooled.mean(axis=0)) / pooled.std(axis=0)
    squares = pdist(pooled, "sqeuclidean")
    sigma = torch.tensor([np.sqrt(np.sort(squares)[len(squares) // 2] / 2)])
    m, n = len(x), len(y)
    z = torch.as_tensor(pooled)
    centers = z[picked(m + n, 100, 1)]
    kernels = GaussianRBF(sigma)(z, centers)
    h = GaussianRBF(np.sqrt(2.0) * sigma)(centers, centers)
    perms = [torch.randperm(m + n) for _ in range(PERMUTATIONS)]
    _, _, own = permed_lsdds(kernels, [p[:m] for p in perms], [p[m:] for p in perms], h, return_unpermed=True)
    covariance, eye = torch.cov(kernels.T), torch.eye(len(centers), dtype=torch.float64)
    for power in range(10):
        inverse = torch.inverse(h + 0.25**power * eye)
        if 1 - torch.trace(inverse @ h @ inverse @ covariance) / torch.trace(inverse @ covariance) < 0.2:
            break
    form = 2 * inverse - inverse.T @ h @ inverse
    arguments = kernels, [p[:m] for p in perms], [p[m:] for p in perms], h
    permuted, _, lsdd = permed_lsdds(*arguments, H_lam_inv=form, return_unpermed=True)
    gram = GaussianRBF(sigma)(z, z)
    gram = gram - torch.diag(gram.diag())
    mmd = mmd2_from_kernel_matrix(gram, n, permute=False, zero_diag=False)
    mmds = torch.stack([mmd2_from_kernel_matrix(gram, n, permute=True, zero_diag=False) for _ in range(PERMUTATIONS)])
    rows.append({"name": case["name"], "lsdd": lsdd.item(), "lsdd_own": own.item(), "lsdd_p": (lsdd <= permuted).double().mean().item(),
                 "mmd": mmd.item(), "mmd_p": (mmd <= mmds).double().mean().item()})
    print(rows[-1])

versions = {"python": sys.version.split()[0], **{p: importlib.metadata.version(p) for p in ("alibi-detect", "torch", "numpy", "scipy")}}
here.with_name("alibi.json").write_text(
    json.dumps({"versions": versions, "permutations": PERMUTATIONS, "cases": rows}, allow_nan=False) + "\n")
