"""Epsilon where a step's losses are far below the usual grid, bracketed: sigma 8, q 1e-4, 1,000 steps.

    venv/bin/python privacy_small_losses.py > privacy_small_losses.json        # numpy 2.4.6, scipy 1.17.1; some minutes

Every step's loss is rounded down, or up, to a grid of 1e-9 (a ten-thousandth of its deviation) and composed by FFT. The
true epsilon lies between the two, which differ by at most steps x grid = 1e-6. Neither dp-accounting nor FluxGuard is used.
"""

import json

import numpy as np
from scipy import fft, optimize
from scipy.special import ndtr

GRID = 1e-9
HALF = 1 << 23  # losses from -8.4e-3 to 8.4e-3: 20 deviations of the sum


def one_step(sigma, q, remove, rounding):
    """Masses of the loss at k x GRID for k = -HALF .. HALF, rounded "down" or "up"."""
    k = np.arange(-HALF, HALF + 1)
    edges = (k - 1 if rounding == "up" else k) * GRID
    edges = np.append(edges, edges[-1] + GRID)

    def x_of(loss):  # where ln(1 - q + q exp((2x - 1) / (2 sigma^2))) is `loss`
        inside = np.expm1(loss) / q
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(inside > -1, sigma**2 * np.log1p(np.maximum(inside, -1)) + 0.5, -np.inf)

    def mass(mean, low, high):
        a, b = (low - mean) / sigma, (high - mean) / sigma
        return np.where(a > 0, ndtr(-a) - ndtr(-b), ndtr(b) - ndtr(a))

    if remove:
        x = x_of(edges)
        return (1 - q) * mass(0, x[:-1], x[1:]) + q * mass(1, x[:-1], x[1:])
    x = x_of(-edges)  # falls with the loss
    return mass(0, x[1:], x[:-1])


def delta_of(masses, epsilon):
    loss = np.arange(-HALF, HALF + 1) * GRID
    above = loss > epsilon
    return float(np.sum(masses[above] * -np.expm1(epsilon - loss[above])))


def epsilon_of(sigma, q, steps, delta, rounding):
    worst = 0.0
    for remove in (True, False):
        one = one_step(sigma, q, remove, rounding)
        lost = 1 - one.sum()
        assert abs(lost) < 1e-13, lost
        spectrum = fft.rfft(np.fft.ifftshift(np.append(one[:-1], 0)[: 2 * HALF]))
        total = np.fft.fftshift(fft.irfft(spectrum**steps, 2 * HALF))
        total = np.append(total, 0)
        worst = max(worst, optimize.brentq(lambda e: delta_of(total, e) - delta, 0, 0.008, xtol=1e-12))
    return worst


def main():
    rows = []
    for sigma, q, steps, delta in [(8.0, 1e-4, 1000, 1e-5), (8.0, 1e-4, 1000, 1e-6), (8.0, 1e-4, 1000, 1e-4)]:
        low = epsilon_of(sigma, q, steps, delta, "down")
        high = epsilon_of(sigma, q, steps, delta, "up")
        rows.append({"sigma": sigma, "q": q, "steps": steps, "delta": delta, "at_least": low, "at_most": high})
    print("[\n " + ",\n ".join(json.dumps(row) for row in rows) + "\n]")


main()
