//! What both faces do with neighbour stores, in safe Rust.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde::{Deserialize, Serialize};

use super::host::{given_options, json};
use super::left_behind::{change, leavable_on};
use super::map::read_only;
use crate::error::{Error, Result};
use crate::options;
use crate::outlier::neighbours::{NeighbourStore, StoreOptions};
use crate::store;
use crate::tensor::Tensor;

/// Many may search at once.
pub(super) type Store = Arc<RwLock<NeighbourStore>>;

/// Multiplications of a search that may take longer than a person notices: some ten milliseconds.
const LONG: usize = 1 << 24;

fn read(store: &Store) -> RwLockReadGuard<'_, NeighbourStore> {
    store.read().unwrap_or_else(PoisonError::into_inner)
}

fn write(store: &Store) -> RwLockWriteGuard<'_, NeighbourStore> {
    store.write().unwrap_or_else(PoisonError::into_inner)
}

/// `{"features": 3}`, and [`StoreOptions`].
pub(super) fn new(text: &str) -> Result<Store> {
    #[derive(Deserialize)]
    struct Options {
        features: usize,
        #[serde(flatten)]
        rest: serde_json::Map<String, serde_json::Value>,
    }
    let Options { features, rest } = given_options(text)?;
    let options: StoreOptions = options::from_value(rest.into())?;
    NeighbourStore::new(features, options).map(|store| Arc::new(RwLock::new(store)))
}

/// No flags: none is flagged. A time of NaN: none is given.
pub(super) fn add(store: &Store, batch: &Tensor<'_>, flagged: &[u8], time: f64) -> Result<i64> {
    let flagged: Vec<bool> = match flagged {
        [] => vec![false; batch.observations()],
        flagged => flagged.iter().map(|flag| *flag != 0).collect(),
    };
    let mut store = write(store);
    if time.is_nan() && store.options().max_age.is_some() {
        return Err(Error::invalid("time", "none", "the time of the batch, since the store has a max_age"));
    }
    let time = if time.is_nan() { store.last_time().unwrap_or(0.0) } else { time };
    let long = store.takes_long(batch.observations());
    change(&mut *store, long, batch, move |store, batch| store.add(batch, &flagged, time).map(|n| n as i64))
}

/// Writes `k` numbers of points (from 0) and distances for each observation.
pub(super) fn search(store: &Store, batch: &Tensor<'_>, numbers: &mut [u64], distances: &mut [f64]) -> Result<()> {
    let n = batch.observations();
    if numbers.len() != distances.len() || !numbers.len().is_multiple_of(n) {
        let was = format!("{} and {} elements", numbers.len(), distances.len());
        return Err(Error::invalid("out", was, format!("the same multiple of {n} observations")));
    }
    let k = numbers.len() / n;
    let found = if read(store).len().saturating_mul(batch.elements().len()) < LONG {
        read(store).search(batch, k)?
    } else {
        let store = store.clone();
        leavable_on([batch], move |[batch]| read(&store).search(&batch, k))?
    };
    for ((number, distance), found) in numbers.iter_mut().zip(distances).zip(found) {
        (*number, *distance) = found;
    }
    Ok(())
}

pub(super) fn evict(store: &Store, now: f64) -> Result<i64> {
    if now.is_nan() {
        return Err(Error::invalid("now", now, "a time"));
    }
    let mut store = write(store);
    let before = store.len();
    store.evict(now)?;
    Ok((before - store.len()) as i64)
}

/// Writes all points that are searched, feature fastest.
pub(super) fn points(store: &Store, out: &mut [f64]) -> Result<()> {
    let points = read(store).points()?;
    if out.len() != points.len() {
        return Err(Error::invalid("out", format!("{} elements", out.len()), points.len()));
    }
    out.copy_from_slice(&points);
    Ok(())
}

/// JSON: `features`, `points`, `last_time`, `mapped`, and [`StoreOptions`].
pub(super) fn describe(store: &Store) -> Result<String> {
    #[derive(Serialize)]
    struct Described<'a> {
        features: usize,
        points: usize,
        last_time: Option<f64>,
        mapped: bool,
        #[serde(flatten)]
        options: &'a StoreOptions,
    }
    let store = read(store);
    json(&Described {
        features: store.features(),
        points: store.len(),
        last_time: store.last_time(),
        mapped: store.is_mapped(),
        options: store.options(),
    })
}

pub(super) fn save(store: &Store, path: &Path) -> Result<()> {
    store::save_neighbours(&read(store), path)
}

pub(super) fn load(path: &Path, mapped: bool) -> Result<Store> {
    let store = if mapped { store::load_neighbours_mapped(path, read_only) } else { store::load_neighbours(path) };
    store.map(|store| Arc::new(RwLock::new(store)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Elements;

    #[test]
    fn words_and_numbers_in_and_out() {
        let store = new("{\"features\": 2, \"metric\": \"cosine\", \"max_points\": 3}").expect("options");
        let rows = [1.0, 0.0, 0.0, 2.0, 3.0, 3.0];
        let batch = Tensor::new(Elements::F64(&rows), 3).expect("shape");
        assert_eq!(add(&store, &batch, &[0, 1, 0], f64::NAN), Ok(2));
        assert_eq!(add(&store, &batch, &[], 4.0), Ok(3));
        let told = describe(&store).expect("json");
        assert!(told.contains("\"points\":3") && told.contains("\"last_time\":4.0"), "{told}");
        let (mut numbers, mut distances) = ([9; 6], [9.0; 6]);
        search(&store, &batch, &mut numbers, &mut distances).expect("enough points");
        assert_eq!((numbers[0], distances[0]), (2, 0.0));
        let mut all = [0.0; 6];
        points(&store, &mut all).expect("room");
        assert_eq!(all[2..4], [0.0, 1.0]);
        assert_eq!(evict(&store, 9.0), Ok(0));
        let code = |result: Result<()>| result.map_err(|e| e.code());
        assert_eq!(code(points(&store, &mut all[1..])), Err(100));
        assert_eq!(code(search(&store, &batch, &mut numbers[1..], &mut distances[1..])), Err(100));
        assert_eq!(evict(&store, f64::NAN).map_err(|e| e.code()), Err(100));
        for bad in ["", "{}", "{\"features\": 0}", "{\"features\": 1, \"metrics\": 1}"] {
            assert_eq!(new(bad).map(|_| ()).map_err(|e| e.code()), Err(100), "{bad}");
        }
        let aging = new("{\"features\": 2, \"max_age\": 5}").expect("options");
        assert_eq!(add(&aging, &batch, &[], f64::NAN).map_err(|e| e.code()), Err(100), "a time is needed");
    }
}
