//! Cells that are numbers to people and text to this program: amounts of money, shares, thousands
//! in groups.

/// Signs and codes of currencies that stand before or behind an amount.
const CURRENCIES: &[&str] = &["$", "€", "£", "¥", "₹", "USD", "EUR", "GBP", "CHF", "JPY"];
/// What groups of thousands are told apart by, besides the sign that is not that of the decimals.
const GROUPS: &[char] = &[' ', '\u{a0}', '\u{202f}', '\'', '’', '_'];

/// What is in the way of the number that `cell` may be, where numbers have their decimals behind
/// `decimal`.
pub fn disguise(cell: &str, decimal: char) -> Option<&'static str> {
    let bare = cell.trim().trim_start_matches(['-', '+']);
    let inside = bare.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(bare);
    let without = |text: &str| {
        CURRENCIES.iter().find_map(|sign| {
            text.strip_prefix(sign).or_else(|| text.strip_suffix(sign)).map(str::to_owned)
        })
    };
    let share = inside.strip_suffix(['%', '‰']);
    let money = without(inside);
    let (rest, what) = match (share, &money) {
        (Some(rest), _) => (rest, Some("a percent sign")),
        (None, Some(rest)) => (rest.as_str(), Some("a sign of a currency")),
        (None, None) => (inside, (inside != bare).then_some("brackets around it")),
    };
    let rest = rest.trim().trim_start_matches(['-', '+']);
    let (grouped, number) = (ungrouped(rest, decimal)?, |text: &str| {
        text.replacen(decimal, ".", 1).parse::<f64>().ok()
    });
    number(&grouped).filter(|x| x.is_finite())?;
    what.or((grouped != rest).then_some("groups of thousands"))
}

/// The digits without what groups them, where all groups but the first have three; none for other
/// text.
fn ungrouped(text: &str, decimal: char) -> Option<String> {
    let (whole, fraction) =
        text.split_once(decimal).map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !fraction.is_none_or(digits) {
        return None;
    }
    let other = if decimal == '.' { ',' } else { '.' };
    let separator = whole.chars().find(|c| *c == other || GROUPS.contains(c));
    let groups: Vec<&str> =
        separator.map_or_else(|| vec![whole], |separator| whole.split(separator).collect());
    let (first, others) = groups.split_first()?;
    let fits = digits(first) && others.iter().all(|group| digits(group) && group.len() == 3);
    (fits && (others.is_empty() || first.len() <= 3)).then(|| {
        format!(
            "{}{}",
            groups.concat(),
            fraction.map_or_else(String::new, |digits| format!("{decimal}{digits}"))
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_people_are_seen_and_words_are_not() {
        for (cell, decimal, what) in [
            ("1,234.50", '.', Some("groups of thousands")),
            ("1.234,50", ',', Some("groups of thousands")),
            ("1 234 567", '.', Some("groups of thousands")),
            ("12'345", '.', Some("groups of thousands")),
            ("$12", '.', Some("a sign of a currency")),
            ("-$1,200.00", '.', Some("a sign of a currency")),
            ("12,50 €", ',', Some("a sign of a currency")),
            ("USD 5", '.', Some("a sign of a currency")),
            ("12 %", '.', Some("a percent sign")),
            ("-3.5%", '.', Some("a percent sign")),
            ("(120.00)", '.', Some("brackets around it")),
            ("12.5", '.', None),
            ("-7", '.', None),
            ("a", '.', None),
            ("", '.', None),
            ("$", '.', None),
            ("1,2,3", '.', None),
            ("12,34", '.', None),
            ("2024-01-02", '.', None),
            ("10.0.0.1", '.', None),
            ("1.234", ',', Some("groups of thousands")),
            ("12345,678", '.', None),
            ("5 to 10", '.', None),
        ] {
            assert_eq!(disguise(cell, decimal), what, "{cell}");
        }
    }
}
