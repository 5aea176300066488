//! Whether what is about to be allocated fits: said before, since the system gives out memory that
//! it does not have and ends the process later.

use crate::error::{Error, Result};

/// Demands that `count` elements of `size` bytes fit into the memory that the system says is
/// available (where it says so: Linux), or into an address space.
///
/// # Errors
/// [`Error::InvalidArgument`] with both numbers.
pub fn expect_room(argument: &'static str, count: usize, size: usize, purpose: &str) -> Result<()> {
    let needed = count.checked_mul(size).filter(|bytes| *bytes <= isize::MAX as usize);
    // Asking costs microseconds; small amounts are not worth it.
    if needed.is_some_and(|bytes| bytes < 1 << 26) {
        return Ok(());
    }
    let room = available();
    if needed.is_some_and(|bytes| bytes <= room) {
        return Ok(());
    }
    let gib = |bytes: f64| format!("{:.1} GiB", bytes / f64::from(1 << 30));
    let was = format!("{} for {purpose}", gib(count as f64 * size as f64));
    let expected = format!(
        "at most the {} that are available; use fewer observations or features",
        gib(room as f64)
    );
    Err(Error::invalid(argument, was, expected))
}

fn available() -> usize {
    let said = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemAvailable:"))?;
        line.split_whitespace().nth(1)?.parse::<usize>().ok()
    });
    said.map_or(isize::MAX as usize, |kib| kib.saturating_mul(1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_machine_has_is_refused() {
        assert!(expect_room("reference", 1000, 8, "a copy").is_ok());
        for (count, size) in [(usize::MAX, 8), (1 << 60, 1), (1 << 45, 8)] {
            let error = expect_room("reference", count, size, "a copy");
            if cfg!(target_os = "linux") {
                assert_eq!(error.map_err(|e| e.code()), Err(100));
            }
        }
    }
}
