//! Words of others, such as the names of features, and numbers, on their way to people.

/// `text` with what could steer a terminal or fake a line of a log escaped: control characters,
/// separators of lines and paragraphs, and marks that turn the direction of writing.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A number in so many significant digits; in powers of ten where it is very small or large.
#[must_use]
pub fn digits(x: f64, count: usize) -> String {
    if x == 0.0 {
        return "0".into();
    }
    // What JSON can hold of a number without bound, as the effect of a constant that changed, is
    // the largest there is.
    if x.abs() >= f64::MAX {
        return if x > 0.0 { "inf" } else { "-inf" }.into();
    }
    let rounded = format!("{x:.*e}", count - 1);
    let exponent =
        rounded.split_once('e').and_then(|(_, e)| e.parse::<i32>().ok()).unwrap_or_default();
    match exponent {
        -4..=5 => {
            format!("{x:.*}", usize::try_from(count as i32 - 1 - exponent).unwrap_or_default())
        }
        _ => rounded,
    }
}

fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_significant() {
        let of = |x: f64| digits(x, 3);
        assert_eq!(
            [0.0, 1.0, 0.012345, 123.456, -2.0].map(of),
            ["0", "1.00", "0.0123", "123", "-2.00"]
        );
        assert_eq!([1e-7, 1.5e9, f64::MAX, f64::MIN].map(of), ["1.00e-7", "1.50e9", "inf", "-inf"]);
    }

    #[test]
    fn nothing_steers_and_all_else_stays() {
        assert_eq!(visible("größe 👍\u{a0}\"\\"), "größe 👍\u{a0}\"\\");
        assert_eq!(
            visible("a\nb\r\t\0\u{1b}[2J\u{85}\u{7f}\u{2028}\u{202e}"),
            "a\\nb\\r\\t\\u{0}\\u{1b}[2J\\u{85}\\u{7f}\\u{2028}\\u{202e}"
        );
        let shown: String = (0..=0x10_FFFF)
            .filter_map(char::from_u32)
            .map(String::from)
            .map(|c| visible(&c))
            .collect();
        assert!(!shown.chars().any(|c| c.is_control() || steers(c)));
    }
}
