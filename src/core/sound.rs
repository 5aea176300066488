//! Values that were read from a file, whose parts must go together.

/// A value whose parts a file gives one by one.
pub trait Sound {
    /// Whether every use of it works: lengths that belong together are equal, indices lie in what
    /// they index, what is in order is in order, counts can grow. A checksum that is right says
    /// nothing of it.
    fn is_sound(&self) -> bool;
}

/// Counts beyond this are none: they could not be counted in a lifetime, and would overflow when
/// they grow.
const MAX: u64 = 1 << 53;

/// Whether counts can grow.
pub fn can_grow(counts: impl IntoIterator<Item = u64>) -> bool {
    counts.into_iter().all(|count| count <= MAX)
}

/// Whether there is no NaN, and none is smaller than the one before.
pub fn in_order(values: &[f64]) -> bool {
    values.is_sorted() && !values.iter().any(|x| x.is_nan())
}

/// Whether there are `length` times `rows` of them, at least one.
pub fn is_table(values: &[f64], rows: usize, length: usize) -> bool {
    length > 0 && rows > 0 && rows.checked_mul(length) == Some(values.len())
}
