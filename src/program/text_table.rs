//! Aligned columns of text for people.

use std::collections::HashSet;
use std::fmt::Write;

use fluxguard::text::digits;

/// To which side a column's cells are pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Characters of a cell that are shown where others have to line up with it; names and categories
/// in files may be longer than a terminal, or a format's width, can be.
const LONGEST: usize = 80;

/// Lines of cells under a header, two spaces between columns, no trailing space. Control characters
/// in cells are escaped, so that a file cannot steer the terminal; long cells are cut, but for
/// words that end a line: paths, and what to do.
pub fn render(header: &[(&str, Align)], rows: &[Vec<String>]) -> String {
    let ends = |k: usize| k + 1 == header.len() && header[k].1 == Align::Left;
    let shown = |(k, cell): (usize, &String)| {
        if ends(k) { fluxguard::text::visible(cell) } else { visible(cell) }
    };
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().enumerate().map(shown).collect()).collect();
    let width = |k: usize| {
        if ends(k) {
            return 0; // nothing lines up behind it
        }
        let cells = rows.iter().filter_map(|row| row.get(k)).map(|cell| cell.chars().count());
        cells.chain([header[k].0.chars().count()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let titles = header.iter().map(|(title, _)| (*title).to_owned()).collect();
    let mut text = String::new();
    for row in std::iter::once(&titles).chain(&rows) {
        let mut line = String::new();
        for ((cell, (_, align)), width) in row.iter().zip(header).zip(&widths) {
            let gap = if line.is_empty() { "" } else { "  " };
            // Writing to a String cannot fail.
            let _ = match align {
                Align::Left => write!(line, "{gap}{cell:<width$}"),
                Align::Right => write!(line, "{gap}{cell:>width$}"),
            };
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// Four significant digits; powers of ten where the number is very small or large.
pub fn number(x: f64) -> String {
    digits(x, 4)
}

/// As [`number`], but never less than the number: what is a bound from above stays one.
pub fn upper(x: f64) -> String {
    let text = number(x);
    match text.parse::<f64>() {
        Ok(shown) if shown < x => {
            // In the units of the last digit that is shown.
            let exponent = x.abs().log10().floor();
            let last = if (-4.0..=5.0).contains(&exponent) {
                (exponent - 3.0).min(0.0)
            } else {
                exponent - 3.0
            };
            number(shown + 10f64.powf(last))
        }
        _ => text,
    }
}

/// Numbers of one column, with as many digits as tell those apart that are different; at least
/// four.
pub fn numbers(column: &[f64]) -> Vec<String> {
    let kinds = |texts: &[String]| texts.iter().collect::<HashSet<_>>().len();
    let different = column.iter().map(|x| x.to_bits()).collect::<HashSet<_>>().len();
    let texts = |count: usize| column.iter().map(|x| digits(*x, count)).collect::<Vec<_>>();
    (4..17).map(texts).find(|texts| kinds(texts) == different).unwrap_or_else(|| texts(17))
}

fn visible(cell: &str) -> String {
    let cell = fluxguard::text::visible(cell);
    let mut shown = cell.chars();
    let begin: String = shown.by_ref().take(LONGEST).collect();
    if shown.next().is_none() { begin } else { begin + "..." }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_under_their_titles() {
        let rows = vec![vec!["größe".into(), "1.5".into()], vec!["\x1b[31m".into(), "-".into()]];
        let text = render(&[("column", Align::Left), ("p", Align::Right)], &rows);
        assert_eq!(text, "column        p\ngröße       1.5\n\\u{1b}[31m    -\n");
    }

    #[test]
    fn a_cell_of_any_length_is_cut() {
        let text = render(
            &[("n", Align::Left), ("p", Align::Right)],
            &[vec!["ü".repeat(70_000), "\n".repeat(70_000)]],
        );
        let row = text.lines().nth(1).unwrap_or_default();
        assert_eq!(row.chars().count(), 2 * (LONGEST + 3) + 2);
        assert!(row.starts_with("üüü") && row.ends_with("..."));
        // nothing lines up behind words that end a line
        let long = "a/".repeat(70_000);
        let text =
            render(&[("n", Align::Left), ("path", Align::Left)], &[vec!["x".into(), long.clone()]]);
        assert_eq!(text, format!("n  path\nx  {long}\n"));
    }

    #[test]
    fn four_digits_of_a_number() {
        let cases = [
            (0.0, "0"),
            (1.0, "1.000"),
            (0.99996, "1.000"),
            (0.05, "0.05000"),
            (0.000_123_45, "0.0001234"),
            (1.2344e-7, "1.234e-7"),
            (123.456, "123.5"),
            (123_456.7, "123457"),
            (2e9, "2.000e9"),
            (-0.5, "-0.5000"),
            (f64::MAX, "inf"),
            (-f64::MAX, "-inf"),
        ];
        for (x, text) in cases {
            assert_eq!(number(x), text);
        }
    }

    #[test]
    fn a_bound_is_never_shown_smaller() {
        for (x, text) in [
            (8.0004, "8.001"),
            (8.0, "8.000"),
            (0.99994, "1.000"),
            (1e-9, "1.000e-9"),
            (123_456.2, "123457"),
        ] {
            assert_eq!(upper(x), text);
        }
        let mut x = 1.234_567_8e-12;
        while x < 1e15 {
            let shown: f64 = upper(x).parse().expect("a number");
            assert!(shown >= x && shown <= x * 1.001 + 1e-300, "{x} as {shown}");
            x *= 1.737;
        }
    }

    #[test]
    fn different_numbers_of_a_column_look_different() {
        assert_eq!(numbers(&[0.5, 0.25]), ["0.5000", "0.2500"]);
        assert_eq!(numbers(&[0.620_11, 0.620_138, 0.5]), ["0.62011", "0.62014", "0.50000"]);
        assert_eq!(numbers(&[1.0, 1.0]), ["1.000", "1.000"]);
        let near = [1.0, 1.0f64.next_up()];
        let shown = numbers(&near);
        assert_ne!(shown[0], shown[1]);
    }
}
