//! Words of others, such as the names of features, on their way to people.

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

fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

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
