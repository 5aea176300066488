//! Drift: two-sample tests over windows.
