"""Real outputs for the suite of nulls: a small network is trained on half of the digits; its logits and embeddings of the other half go to
FOLDER/digits-logits.f64 and FOLDER/digits-embeddings.f64 (little-endian doubles, a row an observation)."""
# needs: scikit-learn numpy

import pathlib
import sys

import numpy as np
from sklearn.neural_network import MLPClassifier

rows = np.loadtxt(pathlib.Path(__file__).resolve().parents[2] / "examples/data/digits.csv", delimiter=",", skiprows=1)
images, labels = rows[:, :-1] / 16.0, rows[:, -1].astype(int)
order = np.random.default_rng(0).permutation(len(rows))
fitted, held_out = order[: len(order) // 2], order[len(order) // 2:]
network = MLPClassifier((32,), max_iter=400, random_state=0).fit(images[fitted], labels[fitted])
embeddings = np.maximum(images[held_out] @ network.coefs_[0] + network.intercepts_[0], 0.0)
logits = embeddings @ network.coefs_[1] + network.intercepts_[1]
# Units that are never on say nothing; they are constants to a monitor.
embeddings += np.random.default_rng(1).normal(scale=1e-3, size=embeddings.shape)
folder = pathlib.Path(sys.argv[1])
for name, values in [("digits-logits", logits), ("digits-embeddings", embeddings)]:
    values.astype("<f8").tofile(folder / f"{name}.f64")
print(f"digits: {len(held_out)} held-out rows, accuracy {network.score(images[held_out], labels[held_out]):.3f}")
