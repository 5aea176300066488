//! The nearest few, kept in order while points go by.

/// A point and how far it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// In the metric's units.
    pub distance: f64,
    /// The point's number.
    pub index: u32,
}

/// The `k` least distances so far, in order; of equals the first that came.
pub struct Nearest {
    k: usize,
    best: Vec<Neighbour>,
    /// A point is only taken if it is nearer than this.
    pub bound: f64,
}

impl Nearest {
    pub fn new(k: usize) -> Self {
        Nearest { k, best: Vec::with_capacity(k + 1), bound: f64::INFINITY }
    }

    #[inline(never)]
    pub fn offer(&mut self, distance: f64, index: u32) {
        if distance >= self.bound {
            return;
        }
        let at = self.best.partition_point(|b| b.distance <= distance);
        self.best.insert(at, Neighbour { distance, index });
        self.best.truncate(self.k);
        if self.best.len() == self.k {
            self.bound = self.best[self.k - 1].distance;
        }
    }

    /// Distances in other units, in the same order.
    pub fn map(&mut self, units: fn(f64) -> f64) {
        self.best.iter_mut().for_each(|n| n.distance = units(n.distance));
    }

    pub fn into_sorted(self) -> Vec<Neighbour> {
        self.best
    }
}
