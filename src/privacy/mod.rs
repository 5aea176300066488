//! Differential privacy: clipping, noise, accounting, calibration. Stands on `stats` alone.
