//! Checking and sorting a sample, faster than by comparison: a radix sort of order-preserving keys.

use crate::{Error, Result};

/// Below this many values a comparison sort is faster.
const SMALL: usize = 512;
const BITS: u32 = 11;
const BUCKETS: usize = 1 << BITS;
/// The digits that are sorted by, lowest first: together the 33 highest bits of a key (sign,
/// exponent, 21 bits).
const SHIFTS: [u32; 3] = [64 - 3 * BITS, 64 - 2 * BITS, 64 - BITS];

/// The values as `f64`, in ascending order; -0 becomes 0.
///
/// Cost: O(n), about 8 ns a value, less where they are in order; O(n log n) where values differ
/// only below their 21st binary digit.
///
/// # Errors
/// `InvalidArgument` naming `argument` when there is no value, or one is NaN or Inf.
pub fn sorted<T: Into<f64> + Copy>(argument: &'static str, values: &[T]) -> Result<Vec<f64>> {
    check(argument, values)?;
    if values.len() < SMALL {
        let mut small: Vec<f64> = values.iter().map(|&v| v.into() + 0.0).collect();
        small.sort_unstable_by(f64::total_cmp);
        return Ok(small);
    }
    let mut counts = [[0u32; BUCKETS]; 3];
    let mut keys = Vec::with_capacity(values.len());
    let (mut ascending, mut last) = (true, 0);
    for &value in values {
        let key = to_key(value.into() + 0.0);
        ascending &= last <= key;
        last = key;
        for (count, shift) in counts.iter_mut().zip(SHIFTS) {
            count[digit(key, shift)] += 1;
        }
        keys.push(key);
    }
    if ascending {
        return Ok(keys.into_iter().map(from_key).collect());
    }
    let mut spare = vec![0u64; keys.len()];
    for (count, shift) in counts.iter_mut().zip(SHIFTS) {
        if count.iter().any(|&c| c as usize == keys.len()) {
            continue;
        }
        let mut start = 0;
        for c in count.iter_mut() {
            start += std::mem::replace(c, start);
        }
        for &key in &keys {
            let place = &mut count[digit(key, shift)];
            spare[*place as usize] = key;
            *place += 1;
        }
        std::mem::swap(&mut keys, &mut spare);
    }
    finish(&mut keys);
    Ok(keys.into_iter().map(from_key).collect())
}

/// # Errors
/// `InvalidArgument` naming `argument` when there is no value, or one is NaN or Inf.
pub(super) fn check<T: Into<f64> + Copy>(argument: &'static str, values: &[T]) -> Result<()> {
    if values.is_empty() {
        return Err(Error::invalid(argument, "an empty sample", "at least one value"));
    }
    if values.len() > i32::MAX as usize {
        return Err(Error::invalid(
            argument,
            format!("{} values", values.len()),
            "at most 2147483647 values",
        ));
    }
    // No early exit: so the check is vectorized.
    if values.iter().fold(true, |finite, &v| finite & v.into().is_finite()) {
        return Ok(());
    }
    let bad = |v: &T| !(*v).into().is_finite();
    let count = values.iter().filter(|v| bad(v)).count();
    let first = values.iter().position(bad).unwrap_or_default();
    let value: f64 = values[first].into();
    Err(Error::invalid(
        argument,
        format!(
            "{value} at index {first} (from 0), {count} of {} values are NaN or Inf",
            values.len()
        ),
        "finite values; count, report and drop the others first",
    ))
}

/// Sorts what is sorted but for the low bits: by insertion, unless that takes long.
fn finish(keys: &mut [u64]) {
    let mut moves = 8 * keys.len();
    for i in 1..keys.len() {
        let key = keys[i];
        let mut j = i;
        while j > 0 && keys[j - 1] > key {
            keys[j] = keys[j - 1];
            j -= 1;
        }
        keys[j] = key;
        if i - j > moves {
            keys.sort_unstable();
            return;
        }
        moves -= i - j;
    }
}

fn digit(key: u64, shift: u32) -> usize {
    (key >> shift) as usize & (BUCKETS - 1)
}

/// An unsigned key in the order of the values: negative ones are turned round, positive ones put
/// above them.
fn to_key(value: f64) -> u64 {
    let bits = value.to_bits();
    bits ^ ((bits as i64 >> 63) as u64 | 1 << 63)
}

fn from_key(key: u64) -> f64 {
    f64::from_bits(key ^ ((!key as i64 >> 63) as u64 | 1 << 63))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn by_comparison(values: &[f64]) -> Vec<f64> {
        let mut sorted: Vec<f64> = values.iter().map(|v| v + 0.0).collect();
        sorted.sort_by(f64::total_cmp);
        sorted
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn any_finite_values(values in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL
            | prop::num::f64::ZERO, 1..2000)) {
            prop_assert_eq!(sorted("current", &values).unwrap(), by_comparison(&values));
        }

        #[test]
        fn values_in_order_but_for_a_few(
            values in prop::collection::vec(prop::num::f64::NORMAL, 600..900), swaps in 0usize..3,
        ) {
            let mut values = by_comparison(&values);
            (0..swaps).for_each(|k| values.swap(7 * k, 599 - k));
            prop_assert_eq!(sorted("current", &values).unwrap(), by_comparison(&values));
        }

        #[test]
        fn ties_and_values_that_differ_in_their_last_bits(
            steps in prop::collection::vec(0u8..200, 600..2000),
        ) {
            for unit in [1.0, f64::EPSILON] {
                let values: Vec<f64> = steps.iter().map(|s| 1.0 + f64::from(*s) * unit).collect();
                prop_assert_eq!(sorted("current", &values).unwrap(), by_comparison(&values));
            }
        }

        #[test]
        fn single_precision(
            values in
                prop::collection::vec(prop::num::f32::NORMAL | prop::num::f32::ZERO, 600..2000),
        ) {
            let wide: Vec<f64> = values.iter().map(|v| f64::from(*v)).collect();
            prop_assert_eq!(sorted("current", &values).unwrap(), by_comparison(&wide));
        }
    }

    #[test]
    fn the_fault_says_where_and_how_many() {
        let error = sorted("current", &[0.0, f64::NAN, f64::INFINITY]).unwrap_err().to_string();
        assert!(
            error.starts_with("current: got NaN at index 1 (from 0), 2 of 3 values"),
            "{error}"
        );
    }
}
