//! Where records begin, in lines.

/// The CSV reader skips empty lines and says where it began to look for the record.
pub struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Lines { bytes, at: 0, line: 1 }
    }

    /// How many empty lines stand before the record that the reader found from byte `begin` on, and
    /// the record's line.
    pub fn line_of(&mut self, begin: usize) -> (u64, u64) {
        let mut begin = begin.min(self.bytes.len());
        // The reader stops between the two characters of a line's end.
        if begin > 0 && self.bytes[begin - 1] == b'\r' && self.bytes.get(begin) == Some(&b'\n') {
            begin += 1;
        }
        self.line += line_feeds(&self.bytes[self.at..begin]);
        let ends =
            self.bytes[begin..].iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
        let empty = line_feeds(&self.bytes[begin..begin + ends]);
        // Ends of lines without a line feed are those of an old Macintosh: each is one.
        let empty = if empty == 0 { ends as u64 } else { empty };
        self.line += empty;
        self.at = begin + ends;
        (empty, self.line)
    }
}

fn line_feeds(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}
