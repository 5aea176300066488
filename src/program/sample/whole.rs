//! Whole numbers as names: 1 and 1.0 are one, 00501 and 501 are not.

use std::borrow::Cow;

/// A whole number of 64 bits, with a sign or without, or one that is written with a point or an
/// exponent and that a double holds exactly. What starts with a zero that the number does not need
/// is a name, not a number: a zip code.
pub fn whole(cell: &str) -> Option<i128> {
    if has_zeros(cell) {
        return None;
    }
    if let Ok(x) = cell.parse::<i128>() {
        return (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&x).then_some(x);
    }
    let x = cell.parse::<f64>().ok().filter(|x| x.fract() == 0.0 && x.abs() < 2f64.powi(53))?;
    Some(x as i128)
}

/// Whether the digits start with a zero that the number does not need.
pub fn has_zeros(cell: &str) -> bool {
    let digits = cell.strip_prefix(['+', '-']).unwrap_or(cell);
    digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit()
}

/// The name of the category that a cell stands for.
pub fn category(cell: &str) -> Cow<'_, str> {
    // Most names are no numbers: only what may be one is looked at.
    if !cell.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+' || c == '.') {
        return Cow::Borrowed(cell);
    }
    match whole(cell) {
        Some(x) => Cow::Owned(x.to_string()),
        None => Cow::Borrowed(cell),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_is_one_name_and_zeros_in_front_are_part_of_it() {
        for (cell, name) in [
            ("1", "1"),
            ("1.0", "1"),
            ("1.", "1"),
            ("1e0", "1"),
            ("+1", "1"),
            ("-0", "0"),
            ("-1.00", "-1"),
            ("0.0", "0"),
            ("1e3", "1000"),
            ("18446744073709551615", "18446744073709551615"),
            ("18446744073709551616", "18446744073709551616"),
            ("9007199254740993", "9007199254740993"),
            ("9007199254740993.0", "9007199254740993.0"),
            ("00501", "00501"),
            ("-007", "-007"),
            ("01.0", "01.0"),
            ("1.5", "1.5"),
            ("1.10", "1.10"),
            ("infinity", "infinity"),
            ("1 2", "1 2"),
            ("ü", "ü"),
        ] {
            assert_eq!(category(cell), name, "{cell}");
        }
    }
}
