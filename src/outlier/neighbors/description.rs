//! What a store has to say of itself, and what it supposes where nothing is said.

use serde::Serialize;

use super::{NeighborStore, StoreOptions};
use crate::error::{Error, Result};

/// What a [`NeighborStore`] is like.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)] // the names say it
pub struct StoreDescription {
    pub features: usize,
    /// Those that are searched.
    pub points: usize,
    /// The time of the newest points.
    pub last_time: Option<f64>,
    /// Whether the points are searched in a mapped file.
    pub mapped: bool,
    #[serde(flatten)]
    pub options: StoreOptions,
}

impl NeighborStore {
    /// The time of a batch: the last one, where none is given and it does not matter.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for none where points age.
    pub fn time_of_batch(&self, given: Option<f64>) -> Result<f64> {
        if given.is_none() && self.options().max_age.is_some() {
            let expected = "the time of the batch, since the store has a max_age";
            return Err(Error::invalid("time", "none", expected));
        }
        Ok(given.or(self.last_time()).unwrap_or(0.0))
    }

    /// Sizes and options.
    #[must_use]
    pub fn describe(&self) -> StoreDescription {
        StoreDescription {
            features: self.features(),
            points: self.len(),
            last_time: self.last_time(),
            mapped: self.is_mapped(),
            options: self.options().clone(),
        }
    }
}
