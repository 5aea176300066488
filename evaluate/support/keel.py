"""KEEL's sets for classification, where scripts/fetch-datasets can bring them (Derrac and others 2015, "KEEL data-mining software tool: data
set repository")."""

import numpy as np

from support.images import fetched

# Those of numbers alone with at least 200 observations, whose features are measured, not coded, and that are not above already.
BALANCED = ("bupa ionosphere letter magic movement_libras optdigits penbased phoneme pima ring satimage sonar spambase texture twonorm vehicle vowel "
            "wisconsin").split()
# Those of numbers alone with at least 300 observations, 50 of them in the rarer class, and of which no relative is above.
IMBALANCED = ("ecoli1 ecoli2 haberman page-blocks0 shuttle-c0-vs-c4 winequality-red-4 yeast-0-2-5-6_vs_3-7-8-9 yeast-0-2-5-7-9_vs_3-6-8 "
              "yeast-0-3-5-9_vs_7-8 yeast-0-5-6-7-9_vs_4 yeast-2_vs_4 yeast1 yeast3 yeast4").split()


def keel_sets(kind, names):
    """(name, observations, classes from 0) of each; the rarer class of two is the last."""
    folder = fetched("keel")
    for name in names if folder else []:
        lines = (folder / kind / f"{name}.dat").read_text(errors="replace").splitlines()
        rows = [line.split(",") for line in lines if line.strip() and not line.startswith("@")]
        x = np.array([[float(cell) for cell in row[:-1]] for row in rows])
        yield name, x, np.unique([row[-1].strip() for row in rows], return_inverse=True)[1]
