//! Times: numbers in any unit, or ISO 8601 with or without a zone.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::Failure;
use super::failure::{BadCsv, quoted};
use super::sample::{Dialect, Sample};

/// How times are written. Those of two clocks cannot be put in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// Numbers.
    Number,
    /// 2024-10-26T22:50:00Z, or with an offset such as +02:00.
    Zoned,
    /// 2024-10-26T22:50:00, or 2024-10-26: of some place, the same all along.
    Local,
}

impl Clock {
    fn as_str(self) -> &'static str {
        match self {
            Clock::Number => "a number",
            Clock::Zoned => "a time with a zone",
            Clock::Local => "a time without a zone",
        }
    }
}

/// The time that a cell tells, in seconds since 1970 where it is no number.
fn time(cell: &str, dialect: &Dialect) -> Option<(Clock, f64)> {
    if let Some(x) = dialect.number(cell) {
        return x.is_finite().then_some((Clock::Number, x));
    }
    let seconds = |at: Timestamp| at.as_nanosecond() as f64 / 1e9;
    if let Ok(at) = Timestamp::from_str(cell) {
        return Some((Clock::Zoned, seconds(at)));
    }
    let at = DateTime::from_str(cell).ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some((Clock::Local, seconds(at.timestamp())))
}

/// The times of a column, NaN where there is no value, and their clock: that of `before`, or of the
/// first.
///
/// # Errors
/// [`BadCsv`] with the line of the first that is no time, of another clock, or before the one above
/// it.
pub fn times(
    sample: &Sample,
    name: &str,
    cells: &[Option<String>],
    dialect: &Dialect,
    before: Option<Clock>,
) -> Result<(Vec<f64>, Option<Clock>), Failure> {
    let mut clock = before;
    let mut last: Option<(f64, &str)> = None;
    let mut all = Vec::with_capacity(cells.len());
    for (i, cell) in cells.iter().enumerate() {
        let Some(cell) = cell else {
            all.push(f64::NAN);
            continue;
        };
        let bad = |problem: String, fix: &str| {
            let (file, column, fix) = (sample.file.clone(), Some(name.to_owned()), fix.to_owned());
            Failure::from(BadCsv { file, line: Some(sample.line(i)), column, problem, fix })
        };
        let Some((its, at)) = time(cell, dialect) else {
            let fix = "write a number, or ISO 8601 such as 2024-10-26T22:50:00Z or 2024-10-26 22:50:00+02:00";
            return Err(bad(format!("got {}, which is no time", quoted(cell)), fix));
        };
        if let Some(clock) = clock.filter(|clock| *clock != its) {
            let problem =
                format!("got {}, {}, after {}", quoted(cell), its.as_str(), clock.as_str());
            return Err(bad(problem, "write all times of both files in one way"));
        }
        clock = Some(its);
        if let Some((_, earlier)) = last.filter(|(before, _)| at < *before) {
            let problem = format!("got {} after {}", quoted(cell), quoted(earlier));
            return Err(bad(
                problem,
                "expected lines in the order of time: sort the file by this column",
            ));
        }
        last = Some((at, cell));
        all.push(at);
    }
    Ok((all, clock))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_numbers_or_iso_8601() {
        let of = |cell| time(cell, &Dialect::default());
        assert_eq!(of("17.5"), Some((Clock::Number, 17.5)));
        for zoned in [
            "1970-01-02T00:00:01Z",
            "1970-01-02 02:00:01+02:00",
            "1970-01-01T19:00:01.000-05",
            "19700102T000001Z",
        ] {
            assert_eq!(of(zoned), Some((Clock::Zoned, 86_401.0)), "{zoned}");
        }
        for local in ["1970-01-02T00:00:01", "1970-01-02 00:00:01.0", "19700102T000001"] {
            assert_eq!(of(local), Some((Clock::Local, 86_401.0)), "{local}");
        }
        assert_eq!(of("1970-01-02"), Some((Clock::Local, 86_400.0)));
        for none in ["", "yesterday", "1970-13-01", "26.10.2024", "inf", "25:00"] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
