//! What the end of a journal tells, whatever its length.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

/// Bytes that are read at once.
const BLOCK: u64 = 1 << 16;
/// Bytes that are looked at, at least: writers that raced may have left their lines out of order.
const MIN: u64 = 1 << 18;
/// Bytes that are looked at, at most, until there is a line of ours.
const MAX: u64 = 1 << 26;
/// How a line of ours begins: with the number, which has at most 20 digits.
const HEAD: &[u8] = b"{\"id\":";
const HEAD_LENGTH: u64 = HEAD.len() as u64 + 21;

/// Whether the last line lacks its end.
pub(super) fn is_torn(file: &mut File, length: u64) -> io::Result<bool> {
    if length == 0 {
        return Ok(false);
    }
    Ok(block(file, length - 1, length)?.last() != Some(&b'\n'))
}

/// The highest number in the lines that begin near the end; 0 where there is none.
pub(super) fn highest(file: &mut File, length: u64) -> io::Result<u64> {
    let (mut highest, mut start) = (0, length);
    while start > 0 && (length - start < MIN || (highest == 0 && length - start < MAX)) {
        let from = start.saturating_sub(BLOCK);
        // Also the beginnings that lie across the end of this block.
        let bytes = block(file, from.saturating_sub(1), (start + HEAD_LENGTH).min(length))?;
        let first = if from == 0 { number(&bytes) } else { None };
        let rest = bytes
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'\n')
            .filter_map(|(i, _)| number(&bytes[i + 1..]));
        highest = first.into_iter().chain(rest).fold(highest, u64::max);
        start = from;
    }
    Ok(highest)
}

fn number(line: &[u8]) -> Option<u64> {
    let rest = line.strip_prefix(HEAD)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    // Cut short, it is another number.
    rest.get(digits).filter(|byte| **byte == b',')?;
    std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()
}

fn block(file: &mut File, from: u64, to: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(to - from).read_to_end(&mut bytes)?;
    Ok(bytes)
}
