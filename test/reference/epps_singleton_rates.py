"""How often scipy's Epps-Singleton test, which takes the limit law, rejects at 0.05 and 0.001 where nothing has changed, by the sizes of
the samples: prints a line each. `epps-singleton` takes the limit law where both have 100 values and neither a quarter more than the other.
Needs numpy and scipy; some minutes."""

import numpy as np
import scipy.stats as st

RUNS = 3000
SIZES = [(25, 25), (50, 50), (100, 100), (100, 125), (1000, 1000), (1000, 1250), (200, 390), (60, 300), (200, 1000), (30, 1000), (1000, 20_000)]

rng = np.random.default_rng(20261129)
for name, draw in (("normal", rng.standard_normal), ("exponential", rng.standard_exponential)):
    for m, n in SIZES:
        p = np.array([st.epps_singleton_2samp(draw(m), draw(n)).pvalue for _ in range(RUNS)])
        print(f"{name:12} {m:6} {n:6}  {np.mean(p <= 0.05):.3f} +- {(np.mean(p <= 0.05) * (1 - np.mean(p <= 0.05)) / RUNS) ** 0.5:.3f}"
              f"  {np.mean(p <= 0.001):.4f}", flush=True)
