//! What is known from below about shuffled lots.

use super::normal::upper_tail;
use crate::{Error, Result};

/// A lower bound on `ε` at `delta` of one epoch of shuffled lots, under replacement of one example.
///
/// Source: Chua, Ghazi, Kamath, Kumar, Manurangsi, Sinha and Zhang, "How Private are DP-SGD
/// Implementations?", ICML 2024, section 4: on the data set in which every other example's clipped
/// gradient is `-1`, the differing example turns one lot's sum, of `lots`, by 2. The event "some
/// lot's sum exceeds `c`" separates the neighbors; the best `c` is searched. More epochs can only
/// reveal more, so it is a lower bound for any number of them. An accountant that assumes Poisson
/// sampling may report less than this: that is why shuffled lots are not accounted for as if they
/// were Poisson.
///
/// # Errors
/// `InvalidArgument` unless `noise_multiplier > 0`, `lots >= 1` and `delta` in (0, 1).
pub fn shuffled_lower_bound(noise_multiplier: f64, lots: u64, delta: f64) -> Result<f64> {
    if !(noise_multiplier > 0.0 && noise_multiplier.is_finite()) {
        return Err(Error::invalid("noise_multiplier", noise_multiplier, "a positive number"));
    }
    if lots == 0 {
        return Err(Error::invalid("lots", lots, "at least one lot an epoch"));
    }
    super::check_delta(delta)?;
    // δ(ε) >= P(S) - e^ε Q(S), so ε >= ln((P(S) - δ)/Q(S)) for every event S
    let others = lots as f64;
    let bound = |c: f64| {
        let inside =
            |shift: f64, count: f64| count * (-upper_tail((c - shift) / noise_multiplier)).ln_1p();
        let with = -(inside(2.0, 1.0) + inside(0.0, others - 1.0)).exp_m1();
        let without = -inside(0.0, others).exp_m1();
        if with > delta && without > 0.0 { ((with - delta) / without).ln() } else { 0.0 }
    };
    let top = 2.0 + 40.0 * noise_multiplier;
    let best =
        (0..=4000).map(|i| bound(-2.0 + (top + 2.0) * f64::from(i) / 4000.0)).fold(0.0, f64::max);
    Ok(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_lot_is_below_the_gaussian_mechanism() -> Result<()> {
        for sigma in [0.5, 1.0, 3.0] {
            let exact = super::super::gaussian::epsilon(2.0 / sigma, 1e-5);
            let bound = shuffled_lower_bound(sigma, 1, 1e-5)?;
            assert!(bound <= exact && bound > 0.8 * exact, "{sigma}: {bound} {exact}");
        }
        Ok(())
    }
}
