"""Values of pytorch-ood's detectors on the numbers of ood.json: writes ood_pytorch.json. Needs pytorch-ood (and torch).

Everything is in double precision; ViM asks for single precision by `Tensor.float()`, which is made to keep doubles here. `affine`
says what pytorch-ood's definition is of ours: theirs = slope * ours + offset. `scores` are of the first rows of the probe."""

import json
import pathlib
import sys

import numpy as np
import pytorch_ood
import torch
from pytorch_ood.detector import ASH, GEN, KNN, ODIN, RMD, SHE, EnergyBased, Entropy, Mahalanobis, MaxLogit, MaxSoftmax, ReAct, ViM

torch.set_default_dtype(torch.float64)
torch.Tensor.float = torch.Tensor.double
here = pathlib.Path(__file__).parent
given = json.loads((here / "ood.json").read_text())
features, probe, weights, bias, logits = (torch.tensor(given[k]) for k in ("features", "probe", "weights", "bias", "probe_logits"))
labels = torch.tensor(given["labels"])
n, k = len(features), len(bias)
SOFT = 50


def head(x):
    return x.reshape(len(x), -1) @ weights.T + bias


# Feature maps of one pixel.
maps = lambda x: x[:, :, None, None]


def fitted(detector):
    return detector.fit_features(features, labels).predict_features(probe)


def react(percentile):
    return ReAct(lambda x: x, head, percentile=percentile).fit_feature_maps(maps(features), labels).predict_feature_maps(maps(probe))


def ash(variant, percentile):
    return ASH(lambda x: x, head, variant=variant, percentile=percentile).predict_feature_maps(maps(probe))


# Detector, options, theirs, (slope, offset), the relative tolerance, what ours is fitted with.
cases = [
    ("msp", {}, MaxSoftmax(None).predict_logits(logits), (1, -1), 1e-9, "logits"),
    ("msp", {}, MaxSoftmax(None).predict_logits(logits), (1, -1), 1e-9, "head"),
    ("odin", {"temperature": 5.0}, MaxSoftmax(None, t=5.0).predict_logits(logits), (1, -1), 1e-9, "logits"),
    ("odin", {}, ODIN(head, eps=0.0, temperature=1000.0).predict(probe), (1, -1), 1e-9, "head"),
    ("max-logit", {}, MaxLogit(None).predict_logits(logits), (1, 0), 1e-9, "logits"),
    ("energy", {}, EnergyBased(None).predict_logits(logits), (1, 0), 1e-9, "logits"),
    ("energy", {"temperature": 3.0}, EnergyBased(None, t=3.0).predict_logits(logits), (1, 0), 1e-9, "head"),
    # Probabilities are clipped at 1e-7 by pytorch-ood, of which the power 0.1 is 0.2; so of logits that make none so small.
    ("entropy", {}, Entropy(None).predict_logits(logits / SOFT), (1, 0), 1e-9, "soft logits"),
    # The mean over the classes, not the sum.
    ("gen", {"gamma": 0.5}, GEN(None, gamma=0.5).predict_logits(logits / SOFT), (1 / k, 0), 1e-9, "soft logits"),
    ("gen", {}, GEN(None).predict_logits(logits / SOFT), (1 / k, 0), 1e-9, "soft logits"),
    ("gen", {"classes": 2}, GEN(None, M=2).predict_logits(logits / SOFT), (1 / 2, 0), 1e-9, "soft logits"),
    # The scatter, not divided by n, with 1e-6 on its diagonal; half the distance.
    ("class-mahalanobis", {}, fitted(Mahalanobis(None)), (0.5 / n, 0), 1e-6, "labels"),
    ("relative-mahalanobis", {}, fitted(RMD(None)), (1 / n, 0), 1e-6, "labels"),
    ("deep-knn", {"neighbors": 7}, fitted(KNN(None, k=7)), (1, 0), 1e-9, "features"),
    ("vim", {}, fitted(ViM(None, probe.shape[1] // 2, weights, bias)), (1, 0), 1e-9, "head"),
    ("vim", {"components": 5}, fitted(ViM(None, 5, weights, bias)), (1, 0), 1e-9, "head"),
    ("she", {}, fitted(SHE(None, head)), (1, 0), 1e-9, "both"),
    ("react", {}, react(0.9), (1, 0), 1e-9, "head"),
    ("react", {"percentile": 60.0}, react(0.6), (1, 0), 1e-9, "head"),
    # Which of equal activations are kept differs (here: the first), so of rows that have none.
    ("ash", {"percentile": 65.0}, ash("ash-s", 0.65)[:4], (1, 0), 1e-9, "head"),
    ("ash", {"percentile": 50.0, "variant": "b"}, ash("ash-b", 0.5)[:4], (1, 0), 1e-9, "head"),
    ("ash", {"percentile": 50.0, "variant": "p"}, ash("ash-p", 0.5)[:4], (1, 0), 1e-9, "head"),
]
out = {
    "versions": {"python": sys.version.split()[0], "pytorch-ood": pytorch_ood.__version__, "torch": torch.__version__.split("+")[0], "numpy": np.__version__},
    "soft": SOFT,
    "cases": [{"detector": d, "options": o, "with": w, "affine": a, "tolerance": t, "scores": s.double().tolist()} for d, o, s, a, t, w in cases],
}
(here / "ood_pytorch.json").write_text(json.dumps(out) + "\n")
