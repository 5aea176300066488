"""pytorch-ood's scores of features in a folder, with its own defaults: prints JSON. Run by a Python that has pytorch-ood."""

import json
import pathlib
import sys

import numpy as np
import pytorch_ood
import torch
from pytorch_ood.detector import ASH, GEN, KNN, ODIN, RMD, SHE, EnergyBased, Entropy, Mahalanobis, MaxLogit, MaxSoftmax, ReAct, ViM

torch.set_default_dtype(torch.float64)
folder = pathlib.Path(sys.argv[1])
read = lambda name: torch.tensor(np.loadtxt(folder / name, delimiter=",", skiprows=1, ndmin=2))
reference, current, layer = read("reference.csv"), read("current.csv"), read("weights.csv")
features, labels, weights, bias = reference[:, :-1], reference[:, -1].long(), layer[:, :-1], layer[:, -1]


def head(x):
    return x.reshape(len(x), -1) @ weights.T + bias


logits = head(current)
maps = lambda x: x[:, :, None, None]  # of one pixel
of_logits = {"MaxSoftmax": MaxSoftmax, "MaxLogit": MaxLogit, "EnergyBased": EnergyBased, "Entropy": Entropy, "GEN": GEN}
of_features = {
    "Mahalanobis": Mahalanobis(None), "RMD": RMD(None), "KNN": KNN(None), "ViM": ViM(None, features.shape[1] // 2, weights, bias), "SHE": SHE(None, head),
}
scores = {name: make(None).predict_logits(logits) for name, make in of_logits.items()}
# The step on the input needs the whole network.
scores["ODIN, without its step"] = ODIN(head, eps=0.0).predict(current)
scores |= {name: detector.fit_features(features, labels).predict_features(current) for name, detector in of_features.items()}
identity = lambda x: x
scores["ReAct"] = ReAct(identity, head).fit_feature_maps(maps(features), labels).predict_feature_maps(maps(current))
scores["ASH-S"] = ASH(identity, head).predict_feature_maps(maps(current))
print(json.dumps({"version": pytorch_ood.__version__, "scores": {name: s.double().tolist() for name, s in scores.items()}}))
