//! The table: for people who run it, and in Markdown for the documentation.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::path::Path;

use super::cell::{CONFIDENCE, Cell, Rate, Verdict};

/// A line for who watches.
pub fn line(cell: &Cell) -> String {
    let a = &cell.about;
    let sizes = format!("{} / {} x {}", a.reference, a.window, a.columns);
    let place =
        format!("{:<28} {:<10} {:<18} {:<14} {sizes:<18}", a.what, a.how, a.values, a.order);
    let rates = cell
        .rates
        .iter()
        .filter(|rate| rate.of > 0)
        .map(|rate| rate_of(*rate))
        .collect::<Vec<_>>()
        .join(", ");
    match cell.verdict() {
        Verdict::Refused => {
            format!("{place} refused: {}", cell.refused.as_deref().unwrap_or_default())
        }
        _ if of_change(cell) => format!("{place} {rates}"),
        Verdict::Holds => format!("{place} holds    {rates}"),
        Verdict::Exceeds => format!("{place} EXCEEDS  {rates}"),
    }
}

fn of_change(cell: &Cell) -> bool {
    cell.about.how.starts_with("detections")
}

fn number(x: f64) -> String {
    if x == 0.0 || x >= 9.5e-4 { format!("{:.3}", x) } else { format!("{x:.0e}") }
}

fn rate_of(rate: Rate) -> String {
    let (low, high) = rate.interval();
    format!(
        "{} [{}, {}] for {}",
        number(rate.share()),
        number(low),
        number(high),
        number(rate.asked)
    )
}

/// Writes the Markdown to `path`, or prints it.
pub fn write(cells: &[Cell], path: Option<&Path>) -> io::Result<()> {
    let mut text = String::from(
        "<!-- Made by `make evaluate ARGS=nulls`; benches/nulls/report.rs. Not to be edited. -->\n\n",
    );
    let nulls: Vec<&Cell> = cells.iter().filter(|cell| !of_change(cell)).collect();
    let ours: Vec<&Cell> =
        nulls.iter().copied().filter(|cell| cell.about.by == "fluxguard").collect();
    let words = |error: std::fmt::Error| io::Error::other(error);
    summary(&mut text, &ours).map_err(words)?;
    peers(&mut text, &nulls, "compare", "False alarms beside peers, at 0.05").map_err(words)?;
    exceeding(&mut text, &ours).map_err(words)?;
    refused(&mut text, &ours).map_err(words)?;
    let changed: Vec<&Cell> = cells.iter().filter(|cell| of_change(cell)).collect();
    peers(&mut text, &changed, "detections", "Changes found, at 0.05, of two samples")
        .map_err(words)?;
    peers(
        &mut text,
        &changed,
        "detections of a guard",
        "Changes found by a guard's window, at 0.05",
    )
    .map_err(words)?;
    let whole = |cell: &&&Cell| cell.about.how == "detections of a whole guard";
    list(
        &mut text,
        "Changes of one of five columns found by a guard with all defaults, at 0.05",
        changed.iter().filter(whole),
    )
    .map_err(words)?;
    match path {
        Some(path) => {
            std::fs::write(path.with_extension("svg"), super::plot::draw(&nulls).map_err(words)?)?;
            std::fs::write(path, text)
        }
        None => {
            print!("{text}");
            Ok(())
        }
    }
}

/// Users of twenty observations each that a reference holds at least, if it is to show that they
/// are alike.
const USERS: usize = 10;

/// Monitors of a stream of values are of independent observations, as their documentation says; and
/// a reference that is worth a few observations does not show that they depend on each other.
fn promised(cell: &Cell) -> bool {
    let shows = cell.about.order != "repeated users" || cell.about.reference >= 20 * USERS;
    cell.about.order == "independent" || (cell.about.how != "stream" && shows)
}

const HOWS: [(&str, &str); 5] = [
    ("compare", "Tests of two samples: p-values"),
    ("guard", "Tests of a guard's window: p-values as told"),
    ("alarms", "Guards: any alarm"),
    ("p-values", "Detectors: p-values of a new observation"),
    ("stream", "Monitors of a stream: ever an alarm"),
];

/// A line for each thing that is measured.
fn summary(text: &mut String, cells: &[&Cell]) -> std::fmt::Result {
    let total = |of: bool, verdict| {
        cells.iter().filter(|cell| promised(cell) == of && cell.verdict() == verdict).count()
    };
    writeln!(
        text,
        "{} cells: of those for which something is promised {} hold, {} exceed and {} are refused by name. {} more are of \
         observations that depend on each other where nothing is promised (streams of values; references of two to five users): {} of them exceed. A rate is found [interval] for what was asked; the intervals are \
         Clopper and Pearson's at {:.2} %. Shown is each line's worst rate of those that were measured often enough.\n",
        cells.len(),
        total(true, Verdict::Holds),
        total(true, Verdict::Exceeds),
        total(true, Verdict::Refused),
        cells.iter().filter(|cell| !promised(cell)).count(),
        total(false, Verdict::Exceeds),
        100.0 * CONFIDENCE
    )?;
    for (how, title) in HOWS {
        let mut lines: BTreeMap<&str, Vec<&Cell>> = BTreeMap::new();
        for cell in cells.iter().filter(|cell| cell.about.how == how) {
            lines.entry(&cell.about.what).or_default().push(cell);
        }
        if lines.is_empty() {
            continue;
        }
        writeln!(text, "## {title}\n")?;
        for independent in [true, false] {
            let of_order = |cell: &&Cell| (cell.about.order == "independent") == independent;
            if !lines.values().flatten().any(of_order) {
                continue;
            }
            let what = if independent {
                "Independent observations"
            } else {
                "Observations that depend on each other"
            };
            writeln!(
                text,
                "{what}:\n\n| | hold | exceed | refused | worst rate | where |\n|---|---|---|---|---|---|"
            )?;
            for (what, cells) in &lines {
                let cells: Vec<&Cell> = cells.iter().copied().filter(of_order).collect();
                let count = |verdict| cells.iter().filter(|cell| cell.verdict() == verdict).count();
                let over =
                    |cell: &&&Cell| cell.worst().map_or(0.0, |rate| rate.interval().0 / rate.asked);
                let told = cells.iter().filter(|cell| cell.verdict() != Verdict::Refused);
                let worst = told.max_by(|a, b| over(a).total_cmp(&over(b)));
                let (rate, place) = worst.map_or(("-".into(), "-".into()), |cell| {
                    (cell.worst().map_or("-".into(), rate_of), place(cell))
                });
                if !cells.is_empty() {
                    let (h, e, r) =
                        (count(Verdict::Holds), count(Verdict::Exceeds), count(Verdict::Refused));
                    writeln!(text, "| {what} | {h} | {e} | {r} | {rate} | {place} |")?;
                }
            }
            writeln!(text)?;
        }
    }
    Ok(())
}

fn place(cell: &Cell) -> String {
    let a = &cell.about;
    let some = cell.refused.is_none() && cell.refused_share > 0.0;
    let refused = if some {
        format!(", {:.0} % refused", (100.0 * cell.refused_share).max(1.0))
    } else {
        String::new()
    };
    format!("{}, {}, {} / {} x {}{refused}", a.values, a.order, a.reference, a.window, a.columns)
}

/// A line a null (or change), a column a method of ours or of a peer's: the shares found at the
/// first level.
fn peers(text: &mut String, cells: &[&Cell], how: &str, title: &str) -> std::fmt::Result {
    let cells: Vec<&Cell> = cells.iter().copied().filter(|cell| cell.about.how == how).collect();
    let by = |cell: &Cell| {
        (cell.about.by != "fluxguard", cell.about.by.clone(), cell.about.what.clone())
    };
    let of_peers: Vec<_> = cells.iter().filter(|cell| cell.about.by != "fluxguard").collect();
    // Where there are peers, at the sizes that they saw.
    let seen = |cell: &&&Cell| {
        let same = |peer: &&Cell| {
            let (a, b) = (&peer.about, &cell.about);
            (&a.values, &a.order, a.reference, a.window, a.columns)
                == (&b.values, &b.order, b.reference, b.window, b.columns)
        };
        of_peers.is_empty() || of_peers.iter().any(|peer| same(peer))
    };
    let cells: Vec<&Cell> = cells.iter().filter(seen).copied().collect();
    if cells.is_empty() {
        return Ok(());
    }
    let mut methods: Vec<_> = cells.iter().map(|cell| by(cell)).collect();
    methods.sort();
    methods.dedup();
    let mut rows: Vec<(String, String)> = Vec::new();
    for cell in &cells {
        let row = (cell.about.values.clone(), cell.about.order.clone());
        if !rows.contains(&row) {
            rows.push(row);
        }
    }
    writeln!(text, "## {title}\n")?;
    let heads: Vec<String> = rows
        .iter()
        .map(|(values, order)| format!("{values}, {order}").replace(", independent", ""))
        .collect();
    writeln!(
        text,
        "| by | method | {} |\n|---|---|{}",
        heads.join(" | "),
        "---|".repeat(heads.len())
    )?;
    for method in methods {
        let entry = |(values, order): &(String, String)| {
            let cell = cells.iter().find(|cell| {
                by(cell) == method && cell.about.values == *values && cell.about.order == *order
            });
            cell.map_or(String::new(), |cell| match (cell.verdict(), cell.rates.first()) {
                (Verdict::Refused, _) | (_, None) => "refused".into(),
                (_, Some(rate)) if rate.exceeds() && !of_change(cell) => {
                    format!("**{}**", number(rate.share()))
                }
                (_, Some(rate)) => number(rate.share()),
            })
        };
        writeln!(
            text,
            "| {} | {} | {} |",
            method.1,
            method.2,
            rows.iter().map(entry).collect::<Vec<_>>().join(" | ")
        )?;
    }
    writeln!(text)
}

/// Lists cells with the rate of each.
fn list<'a>(
    text: &mut String,
    title: &str,
    cells: impl Iterator<Item = &'a &'a Cell>,
) -> std::fmt::Result {
    let mut cells = cells.peekable();
    if cells.peek().is_none() {
        return Ok(());
    }
    writeln!(text, "## {title}\n\n| | how | where | rate |\n|---|---|---|---|")?;
    for cell in cells {
        let rate = cell.worst().map_or("-".into(), rate_of);
        writeln!(text, "| {} | {} | {} | {rate} |", cell.about.what, cell.about.how, place(cell))?;
    }
    writeln!(text)
}

fn exceeding(text: &mut String, cells: &[&Cell]) -> std::fmt::Result {
    let exceeds = |cell: &&&Cell| cell.verdict() == Verdict::Exceeds;
    list(
        text,
        "Cells that exceed what was promised",
        cells.iter().filter(|cell| promised(cell)).filter(exceeds),
    )?;
    list(text, "Where nothing is promised", cells.iter().filter(|cell| !promised(cell)))?;
    let many = |cell: &&&Cell| cell.refused.is_none() && cell.refused_share > 0.05;
    list(
        text,
        "Cells where more than 5 % of the references are refused, which counts as no alarm",
        cells.iter().filter(many),
    )
}

/// With N for each number, so that reasons that differ in theirs are one.
fn without_numbers(reason: &str) -> String {
    let mut out = String::new();
    for c in reason.replace('|', "/").chars() {
        match c {
            '0'..='9' if out.ends_with('N') => {}
            '0'..='9' => out.push('N'),
            '.' if out.ends_with('N') => {}
            other => out.push(other),
        }
    }
    out
}

/// A line for each reason, with the number of cells.
fn refused(text: &mut String, cells: &[&Cell]) -> std::fmt::Result {
    let mut reasons: BTreeMap<(String, String), usize> = BTreeMap::new();
    for cell in cells {
        if let Some(reason) = &cell.refused {
            let key =
                (format!("{} ({})", cell.about.what, cell.about.how), without_numbers(reason));
            *reasons.entry(key).or_default() += 1;
        }
    }
    if reasons.is_empty() {
        return Ok(());
    }
    writeln!(
        text,
        "## Cells that are refused by name\n\n| | cells | in its words |\n|---|---|---|"
    )?;
    for ((what, reason), count) in reasons {
        writeln!(text, "| {what} | {count} | {reason} |")?;
    }
    writeln!(text)
}
