//! Neighbor stores.

use std::path::Path;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde_json::{Map, Value};

use super::kept::Kept;
use super::prelude::*;
use crate::options;
use crate::outlier::neighbors::NeighborStore;
use crate::store;

/// Many may search at once.
#[derive(Clone)]
struct Store(Arc<RwLock<NeighborStore>>);

impl Store {
    fn read(&self) -> RwLockReadGuard<'_, NeighborStore> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, NeighborStore> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<NeighborStore> for Store {
    fn from(store: NeighborStore) -> Self {
        Store(Arc::new(RwLock::new(store)))
    }
}

impl Kept for Store {
    type Value = NeighborStore;

    fn save(&self, path: &Path) -> Result<()> {
        store::save(&*self.read(), path)
    }
}

operations! {
    kind "neighbor store" = Store: save "neighbors.save" on (store), map "neighbors.load";

    "neighbors.new" options (features: usize, ..options: Map<String, Value>) -> handle {
        Store::from(NeighborStore::new(features, options::from_value(options.into())?)?)
    }
    // Adds those that are not `flagged`; gives how many points there are.
    "neighbors.add" on (store: &Store) options (time: Option<f64>) or none
    arrays (output: Tensor, flagged: Option<&[u8]>) -> number {
        let flagged: Vec<bool> = match flagged {
            None => vec![false; output.observations()],
            Some(flagged) => flagged.iter().map(|flag| *flag != 0).collect(),
        };
        let mut store = store.write();
        let time = store.time_of_batch(time)?;
        let long = store.takes_long(output.observations());
        change(&mut *store, long, &output, move |store, batch| store.add(batch, &flagged, time))?
    }
    // Writes `k` numbers of points (from 0) and distances for each observation.
    "neighbors.search" on (store: &Store)
    arrays (output: Tensor, numbers: &mut [u64], distances: &mut [f64]) -> nothing {
        let n = output.observations();
        if numbers.len() != distances.len() || !numbers.len().is_multiple_of(n) {
            let was = format!("{} and {} elements", numbers.len(), distances.len());
            let expected = format!("the same multiple of {n} observations");
            return Err(Error::invalid("numbers", was, expected));
        }
        let k = numbers.len() / n;
        let long = store.read().search_takes_long(&output);
        let store = store.clone();
        let found =
            leavable_if(long, [&output], move |[output]| store.read().search(&output, k))?;
        for ((number, distance), found) in numbers.iter_mut().zip(distances).zip(found) {
            (*number, *distance) = found;
        }
    }
    // Gives how many points went.
    "neighbors.evict" on (store: &Store) options (now: f64) -> number {
        let mut store = store.write();
        let before = store.len();
        store.evict(now)?;
        before - store.len()
    }
    // Writes all points that are searched, feature fastest.
    "neighbors.points" on (store: &Store) arrays (out: &mut [f64]) -> nothing {
        let points = store.read().points()?;
        expect_len("out", out, points.len(), points.len())?;
        out.copy_from_slice(&points);
    }
    "neighbors.describe" on (store: &Store) -> json { store.read().describe() }
}
