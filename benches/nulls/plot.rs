//! One plot: how often p-values were at or below a level, beside the level. A line a method, over
//! all of its cells of independent observations; what holds lies on the diagonal or below it.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::cell::Cell;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 50.0;
const SIDE: f64 = 300.0;

/// Levels from 1e-5 to 1, both ways.
const DECADES: f64 = 5.0;

fn x(level: f64) -> f64 {
    LEFT + SIDE * (1.0 + level.max(1e-5).log10() / DECADES)
}

fn y(share: f64) -> f64 {
    TOP + SIDE - SIDE * (1.0 + share.clamp(1e-5, 1.0).log10() / DECADES)
}

/// The shares found at each level, of all cells of a method together.
fn pooled<'a>(cells: impl Iterator<Item = &'a Cell>) -> Vec<(f64, f64)> {
    let mut sums: Vec<(f64, u64, u64)> = Vec::new();
    for rate in cells.flat_map(|cell| &cell.rates) {
        match sums.iter_mut().find(|(asked, ..)| *asked == rate.asked) {
            Some((_, found, of)) => (*found, *of) = (*found + rate.found, *of + rate.of),
            None => sums.push((rate.asked, rate.found, rate.of)),
        }
    }
    // Fewer than ten say little.
    let told = sums.into_iter().filter(|(asked, _, of)| *of as f64 * asked >= 10.0);
    told.map(|(asked, found, of)| (asked, found as f64 / of as f64)).collect()
}

/// The picture, as SVG.
pub fn draw(cells: &[&Cell]) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    writeln!(
        text,
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="11">"#
    )?;
    writeln!(text, r#"<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>"#)?;
    writeln!(
        text,
        r#"<text x="10" y="18" font-size="13">Nothing changes: how often a p-value is at or below a level</text>"#
    )?;
    let corners = format!("{},{} {},{} {},{}", x(1e-5), y(1e-5), x(1.0), y(1.0), x(1.0), y(1e-5));
    writeln!(text, r##"<polygon points="{corners}" fill="#e8f3e8"/>"##)?;
    for k in 0..=5 {
        let level = 10f64.powi(-k);
        let (at, up) = (x(level), y(level));
        let (right, bottom) = (LEFT + SIDE, TOP + SIDE);
        writeln!(text, r##"<line x1="{at}" y1="{TOP}" x2="{at}" y2="{bottom}" stroke="#ddd"/>"##)?;
        writeln!(text, r##"<line x1="{LEFT}" y1="{up}" x2="{right}" y2="{up}" stroke="#ddd"/>"##)?;
        writeln!(
            text,
            r#"<text x="{at}" y="{}" text-anchor="middle">{level}</text>"#,
            bottom + 16.0
        )?;
        writeln!(
            text,
            r#"<text x="{}" y="{}" text-anchor="end">{level}</text>"#,
            LEFT - 5.0,
            up + 4.0
        )?;
    }
    writeln!(
        text,
        r#"<text x="{}" y="{}" text-anchor="middle">asked for</text>"#,
        x(10f64.powf(-2.5)),
        TOP + SIDE + 34.0
    )?;
    writeln!(text, r#"<text x="{LEFT}" y="{}">found</text>"#, TOP - 8.0)?;
    writeln!(
        text,
        r##"<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="#777"/>"##,
        x(1e-5),
        y(1e-5),
        x(1.0),
        y(1.0)
    )?;
    let mut legend = TOP + 12.0;
    let groups: [(&str, &str, &str); 3] = [
        ("compare", "#1f6fb4", "FluxGuard: tests of two samples"),
        ("guard", "#2f8f46", "FluxGuard: tests of a guard's window"),
        ("", "#d1601f", "peers' tests, where they give p-values"),
    ];
    for (how, color, label) in groups {
        let mut methods: BTreeMap<(&str, &str), Vec<&Cell>> = BTreeMap::new();
        for cell in
            cells.iter().filter(|cell| cell.about.order == "independent" && cell.rates.len() > 1)
        {
            let ours = cell.about.by == "fluxguard";
            if if how.is_empty() { !ours } else { ours && cell.about.how == how } {
                methods.entry((&cell.about.by, &cell.about.what)).or_default().push(cell);
            }
        }
        for cells in methods.values() {
            let points: Vec<String> = pooled(cells.iter().copied())
                .iter()
                .map(|(a, f)| format!("{:.1},{:.1}", x(*a), y(*f)))
                .collect();
            writeln!(
                text,
                r#"<polyline points="{}" fill="none" stroke="{color}" stroke-opacity="0.7"/>"#,
                points.join(" ")
            )?;
        }
        let at = LEFT + SIDE + 14.0;
        writeln!(
            text,
            r#"<line x1="{at}" y1="{legend}" x2="{}" y2="{legend}" stroke="{color}" stroke-width="2"/>"#,
            at + 16.0
        )?;
        writeln!(text, r#"<text x="{}" y="{}">{label}</text>"#, at + 21.0, legend + 4.0)?;
        legend += 18.0;
    }
    let at = LEFT + SIDE + 14.0;
    writeln!(
        text,
        r#"<text x="{at}" y="{}">A line a test, over all distributions and sizes.</text>"#,
        legend + 8.0
    )?;
    writeln!(
        text,
        r#"<text x="{at}" y="{}">In the green, no more than asked for.</text>"#,
        legend + 24.0
    )?;
    writeln!(text, "</svg>")?;
    Ok(text)
}
