//! The points of the reference that are nearest to a new one: exact search by default, an HNSW
//! graph for large references, and a store that takes points in and lets old ones go.

mod description;
mod exact;
mod filter;
mod graph;
mod kernel;
mod nearest;
mod store;
#[cfg(test)]
mod tests;

pub use description::StoreDescription;
pub use exact::Exact;
pub use graph::Graph;
pub use nearest::Neighbor;
pub use store::{NeighborStore, StoreOptions};

use serde::{Deserialize, Serialize};

use super::Rows;
use crate::error::{Error, Result};

/// What near means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Root of the sum of squared differences.
    #[default]
    Euclidean,
    /// 1 - cosine of the angle, in 0..2; 1 from a vector of zeros, as scikit-learn.
    Cosine,
    /// Minus the inner product: the largest product is nearest. Not a distance; it can be negative.
    InnerProduct,
}

/// How neighbors are searched for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Every point is looked at.
    #[default]
    Exact,
    /// Hierarchical navigable small world graph (Malkov and Yashunin 2018), by crate
    /// `instant-distance`: nearly all of the nearest, in about the logarithm of the points.
    /// Distances of what it finds are exact.
    Hnsw,
}

/// Points to search in.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(clippy::large_enum_variant)] // one per detector
pub enum Index {
    /// See [`Method::Exact`].
    Exact(Exact),
    /// See [`Method::Hnsw`].
    Hnsw(Graph),
}

impl Index {
    /// Of the reference's observations.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if it does not fit into memory.
    pub fn new(reference: &Rows<'_>, metric: Metric, method: Method) -> Result<Self> {
        let exact = Exact::new(reference, metric)?;
        Ok(match method {
            Method::Exact => Index::Exact(exact),
            Method::Hnsw => Index::Hnsw(Graph::new(exact)),
        })
    }

    /// The points, for exact search.
    #[must_use]
    pub fn exact(&self) -> &Exact {
        match self {
            Index::Exact(exact) => exact,
            Index::Hnsw(graph) => graph.exact(),
        }
    }

    /// The `k` nearest of each row, nearest first, ties by the points' order; `k` must be at most
    /// the points.
    #[must_use]
    pub fn search(&self, rows: &[f64], k: usize) -> Vec<Neighbor> {
        match self {
            Index::Exact(exact) => exact.search(rows, k),
            Index::Hnsw(graph) => graph.search(rows, k),
        }
    }

    /// Whether `k` neighbors can be searched for.
    #[must_use]
    pub fn can_find(&self, k: usize) -> bool {
        let in_graph = matches!(self, Index::Exact(_)) || Graph::check_k(k).is_ok();
        in_graph && check_k(k, self.exact().len()).is_ok()
    }

    /// Multiplications that one search takes, about.
    #[must_use]
    pub fn work(&self) -> usize {
        let points = match self {
            Index::Exact(exact) => exact.len(),
            Index::Hnsw(_) => 1000,
        };
        self.exact().features().saturating_mul(points)
    }
}

/// Demands `1 <= k <= points`.
///
/// # Errors
/// [`Error::InvalidArgument`].
pub fn check_k(k: usize, points: usize) -> Result<()> {
    if (1..=points).contains(&k) {
        return Ok(());
    }
    Err(Error::invalid(
        "neighbors",
        k,
        format!("a number from 1 to {points}: the reference's observations"),
    ))
}
