//! When an alert was raised, in words.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The last second that RFC 3339 can write: 9999-12-31T23:59:59Z, from 1970.
const LAST: u64 = 253_402_300_799;

/// RFC 3339, UTC, milliseconds: from 1970 to 9999. A clock that is set before or after these, and
/// so is wrong, gives the first or the last of these moments: an alert is reported all the same.
#[must_use]
pub fn time(clock: SystemTime) -> String {
    let since = clock
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .min(Duration::from_millis(LAST * 1000 + 999));
    humantime::format_rfc3339_millis(UNIX_EPOCH + since).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_clock_has_a_time() {
        let seconds = Duration::from_secs;
        assert_eq!(
            time(UNIX_EPOCH + Duration::from_millis(1_700_000_000_123)),
            "2023-11-14T22:13:20.123Z"
        );
        for before in [1, 86_400 * 365 * 5000, 1 << 40] {
            assert_eq!(time(UNIX_EPOCH - seconds(before)), "1970-01-01T00:00:00.000Z");
        }
        assert_eq!(time(UNIX_EPOCH + seconds(LAST)), "9999-12-31T23:59:59.000Z");
        for after in [LAST + 1, 1 << 40, 1 << 60] {
            assert_eq!(time(UNIX_EPOCH + seconds(after)), "9999-12-31T23:59:59.999Z");
        }
    }
}
