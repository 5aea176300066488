//! What the symbols of a text are.

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

/// How a text is cut.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tokens {
    /// At white space (Unicode's).
    #[default]
    Whitespace,
    /// Into words and punctuation (Unicode Standard Annex 29, word boundaries); white space goes.
    Words,
    /// Into what readers take for characters (the same, extended grapheme clusters).
    Characters,
    /// Not at all: the text is one symbol.
    Whole,
}

impl Tokens {
    /// The symbols of `text`, in order.
    #[must_use]
    pub fn of(self, text: &str) -> Vec<String> {
        match self {
            Tokens::Whitespace => text.split_whitespace().map(str::to_owned).collect(),
            Tokens::Words => text
                .split_word_bounds()
                .filter(|word| !word.trim().is_empty())
                .map(str::to_owned)
                .collect(),
            Tokens::Characters => text.graphemes(true).map(str::to_owned).collect(),
            Tokens::Whole => vec![text.to_owned()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_as_readers_do() {
        let text = "Zähle\u{301} 3 Äpfel, o.k.?\u{a0}👩‍👩‍👧";
        assert_eq!(Tokens::Whitespace.of(text), ["Zähle\u{301}", "3", "Äpfel,", "o.k.?", "👩‍👩‍👧"]);
        assert_eq!(
            Tokens::Words.of(text),
            ["Zähle\u{301}", "3", "Äpfel", ",", "o.k", ".", "?", "👩‍👩‍👧"]
        );
        assert_eq!(Tokens::Characters.of("e\u{301}👩‍👩‍👧 "), ["e\u{301}", "👩‍👩‍👧", " "]);
        assert_eq!(Tokens::Whole.of(" a b"), [" a b"]);
        assert!(Tokens::Whitespace.of("  ").is_empty() && Tokens::Characters.of("").is_empty());
    }
}
