//! Null distributions and multiple testing.
