//! The nearest few, kept while points go by.

use std::cmp::Ordering;

/// A point and how far it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbor {
    /// In the metric's units.
    pub distance: f64,
    /// The point's number.
    pub index: u32,
}

fn order(a: &Neighbor, b: &Neighbor) -> Ordering {
    a.distance.total_cmp(&b.distance).then(a.index.cmp(&b.index))
}

/// The `k` least distances so far, of equals those of the first points, which must come in order.
/// Twice as many are gathered before the farther half is let go: each costs the same however large
/// `k` is.
pub struct Nearest {
    k: usize,
    best: Vec<Neighbor>,
    /// A point is only taken if it is nearer than this.
    pub bound: f64,
}

impl Nearest {
    pub fn new(k: usize) -> Self {
        Nearest { k, best: Vec::with_capacity(Self::room(k)), bound: f64::INFINITY }
    }

    /// The `k` nearest of these.
    pub fn of(best: Vec<Neighbor>, k: usize) -> Self {
        Nearest { k, best, bound: f64::INFINITY }
    }

    fn room(k: usize) -> usize {
        2 * k + 8
    }

    #[inline(always)]
    pub fn offer(&mut self, distance: f64, index: u32) {
        if distance < self.bound {
            self.take(distance, index);
        }
    }

    #[inline(never)]
    fn take(&mut self, distance: f64, index: u32) {
        self.best.push(Neighbor { distance, index });
        if self.best.len() == Self::room(self.k) {
            self.settle();
            self.bound = self.best.iter().fold(f64::NEG_INFINITY, |most, n| most.max(n.distance));
        }
    }

    /// Lets all but the `k` nearest go.
    fn settle(&mut self) {
        if self.k < self.best.len() {
            self.best.select_nth_unstable_by(self.k, order);
            self.best.truncate(self.k);
        }
    }

    /// In order, with distances in other units of the same order.
    pub fn into_sorted(mut self, units: fn(f64) -> f64) -> Vec<Neighbor> {
        self.settle();
        self.best.sort_unstable_by(order);
        self.best.iter_mut().for_each(|n| n.distance = units(n.distance));
        self.best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn kept_is_what_a_sort_keeps(distances in prop::collection::vec(0u8..40, 1..300),
            k in 1usize..30) {
            let mut nearest = Nearest::new(k);
            let mut all: Vec<Neighbor> = Vec::new();
            for (index, distance) in (0..).zip(&distances) {
                nearest.offer(f64::from(*distance), index);
                all.push(Neighbor { distance: f64::from(*distance), index });
            }
            all.sort_by(order);
            all.truncate(k);
            prop_assert_eq!(nearest.into_sorted(|d| d), all);
        }
    }
}
