"""Epsilon of Poisson-sampled steps by a contour integral: no grid of losses, no tail cut, no discrete convolution.

    venv/bin/python privacy_contour.py > privacy_contour.json        # numpy 2.4.6, scipy 1.17.1; a minute

For the loss L of one step under P, with K(z) = ln E exp(zL), and any c > 0,
delta(epsilon) = 1/(2 pi i) * integral over Re z = c of exp(steps K(z) - z epsilon) / (z (z + 1)) dz
(the two-sided Laplace transform of max(0, 1 - exp(-x)) is 1/(z (z + 1))). K is a quadrature over the noise, the integral a
trapezoid sum, which for an analytic integrand errs by what lies a period of 2 pi / step away, times exp(-c period): halving the
step shows how far.
dp-accounting 0.6.0 is no reference here: its FFT's rounding is not small beside these deltas.
"""

import json

import numpy as np
import scipy
from scipy.optimize import brentq, minimize_scalar

CONFIGURATIONS = [  # noise multiplier, sample rate, steps, delta
    (1.0, 0.01, 1000, 1e-5),
    (0.5, 1e-4, 1000, 1e-5),
    (0.5175, 1.479e-6, 103417, 5.76e-8),
    (0.4906, 1.043e-5, 292366, 2.2e-10),
    (1.322, 0.1123, 10932, 8.23e-12),
    (0.4156, 0.166, 2630, 1.58e-10),
    (1.986, 0.1697, 250075, 1.58e-12),
    (0.7, 1e-5, 1000000, 1e-12),
    (1.0, 1e-4, 10000, 1e-12),
    (0.5, 1e-6, 1000000, 1e-5),
    (0.7, 1e-6, 100000, 1e-6),
    (0.6, 3e-6, 500000, 1e-8),
    (3.0, 1e-3, 20000, 1e-11),
]


def nodes(sigma, q, remove):
    """ln(weight times P's density) and loss at quadrature nodes over the noise, in its standard deviations."""
    mu = 1 / sigma
    width = min(0.25, sigma / 4)
    edges = np.arange(-40.0, mu + 40.0 + width, width)
    points, weights = np.polynomial.legendre.leggauss(20)
    x = ((edges[1:] + edges[:-1])[:, None] / 2 + width / 2 * points).ravel()
    ln_weight = np.log(np.tile(width / 2 * weights, len(edges) - 1))
    a = mu * x - mu**2 / 2
    ratio = np.where(
        a < 1,
        np.log1p(q * np.expm1(np.minimum(a, 1))),
        np.maximum(a, 1) + np.log(q + (1 - q) * np.exp(-np.maximum(a, 1))),
    )
    ln_normal = -x * x / 2 - 0.5 * np.log(2 * np.pi)
    return (ln_weight + ln_normal + ratio, ratio) if remove else (ln_weight + ln_normal, -ratio)


def cumulant(ln_weight, loss, c):
    """K(c), and the tilted masses."""
    a = ln_weight + c * loss
    if c * np.abs(loss[ln_weight > -745]).max() < 1:
        k = np.log1p(np.sum(np.exp(ln_weight) * np.expm1(c * loss)))
    else:
        k = a.max() + np.log(np.sum(np.exp(a - a.max())))
    return k, np.exp(a - k)


def epsilon(sigma, q, steps, delta, remove, halvings=1):
    ln_weight, loss = nodes(sigma, q, remove)
    chernoff = minimize_scalar(
        lambda u: (steps * cumulant(ln_weight, loss, np.exp(u))[0] - np.log(delta)) / np.exp(u), bounds=(-8, 12), method="bounded"
    )
    if remove is False and steps * -np.log1p(-q) < 1e-3 * chernoff.fun:
        return 0.0
    c = np.exp(chernoff.x)
    k, mass = cumulant(ln_weight, loss, c)
    keep = mass > 1e-25
    mass, loss = mass[keep], loss[keep]
    spread = np.sqrt(steps * (np.sum(mass * loss**2) - np.sum(mass * loss) ** 2))
    step = min(0.3 / spread, 2 * np.pi * c / (25 - np.log(delta))) / 2**halvings
    # exp(i t loss) - 1 over a block of frequencies, and below by blocks, without cancellation: losses may be tiny
    less_one_of = lambda angle: -2 * np.sin(angle / 2) ** 2 + 1j * np.sin(angle)
    within = less_one_of(step * np.arange(1000)[:, None] * loss)
    frequencies, powers = [], []
    for block in range(10**6):
        t = step * np.arange(1000 * block, 1000 * (block + 1))
        at_start = less_one_of(t[0] * loss)
        less_one = np.sum(mass * at_start) + within @ (mass * (1 + at_start))
        frequencies.append(t)
        powers.append(steps * np.log1p(less_one))
        if powers[-1].real.max() < -50:
            break
    t, power = np.concatenate(frequencies), np.concatenate(powers)
    z = c + 1j * t
    kernel = np.exp(power) / (z * (z + 1)) * step / np.pi
    kernel[0] /= 2

    def excess(e):
        integral = np.sum((kernel * np.exp(-1j * t * e)).real)
        return steps * k - c * e + np.log(max(integral, 1e-300)) - np.log(delta)

    # far from the saddle point the integral drowns in roundings: come from above
    low = next((e for e in chernoff.fun * 0.97 ** np.arange(800) if excess(e) > 0), None)
    return brentq(excess, low, chernoff.fun, xtol=1e-12, rtol=1e-13) if low else 0.0


def main():
    rows = []
    for sigma, q, steps, delta in CONFIGURATIONS:
        value = epsilon(sigma, q, steps, delta, True, halvings=2)
        # where delta is small beside steps x 1e-16 the roundings show: that much is uncertain
        uncertainty = abs(epsilon(sigma, q, steps, delta, True, halvings=3) - value)
        assert uncertainty < 1e-4 * value, (value, uncertainty)
        assert epsilon(sigma, q, steps, delta, False, halvings=0) < value, value  # adding an example costs less
        rows.append({"noise_multiplier": sigma, "sample_rate": q, "steps": steps, "delta": delta, "epsilon": value, "uncertainty": uncertainty})
    print(json.dumps({"versions": {"numpy": np.__version__, "scipy": scipy.__version__}, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
