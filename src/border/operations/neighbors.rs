//! Neighbor stores.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::file::{Kept, maps, saves};
use crate::call::{Answer, Call, Operation, named_options};
use crate::error::{Error, Result};
use crate::handle::Held;
use crate::leavable::{change, leavable_on};
use crate::options;
use crate::outlier::neighbors::{NeighborStore, StoreOptions};
use crate::store;

/// Many may search at once.
#[derive(Clone)]
struct Store(Arc<RwLock<NeighborStore>>);

impl Store {
    fn new(store: NeighborStore) -> Self {
        Store(Arc::new(RwLock::new(store)))
    }
}

impl Held for Store {
    const KIND: &'static str = "neighbor store";
}

impl Kept for Store {
    type Value = NeighborStore;

    fn save(&self, path: &Path) -> Result<()> {
        store::save(&*read(self), path)
    }

    fn loaded(value: NeighborStore) -> Self {
        Store::new(value)
    }
}

/// Multiplications of a search that may take longer than a person notices: some ten milliseconds.
const LONG: usize = 1 << 24;

fn read(store: &Store) -> RwLockReadGuard<'_, NeighborStore> {
    store.0.read().unwrap_or_else(PoisonError::into_inner)
}

fn write(store: &Store) -> RwLockWriteGuard<'_, NeighborStore> {
    store.0.write().unwrap_or_else(PoisonError::into_inner)
}

/// `features`, and [`StoreOptions`].
#[derive(Deserialize)]
struct New {
    features: usize,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

fn new(call: &mut Call<'_>) -> Result<Answer> {
    let New { features, rest } = call.options()?;
    let options: StoreOptions = options::from_value(rest.into())?;
    NeighborStore::new(features, options).map(|store| Answer::made(Store::new(store)))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Add {
    time: Option<f64>,
}

/// Adds those that are not `flagged`; gives how many points there are.
fn add(call: &mut Call<'_>) -> Result<Answer> {
    let Add { time } = call.options_or_default()?;
    let (store, batch) = (call.handle::<Store>("store")?, call.tensor("output")?);
    let flagged: Vec<bool> = match call.given::<u8>("flagged")? {
        None => vec![false; batch.observations()],
        Some(flagged) => flagged.iter().map(|flag| *flag != 0).collect(),
    };
    let mut store = write(store);
    if time.is_none() && store.options().max_age.is_some() {
        return Err(Error::invalid(
            "time",
            "none",
            "the time of the batch, since the store has a max_age",
        ));
    }
    let time = time.unwrap_or_else(|| store.last_time().unwrap_or(0.0));
    let long = store.takes_long(batch.observations());
    let points =
        change(&mut *store, long, &batch, move |store, batch| store.add(batch, &flagged, time))?;
    Ok(Answer::Number(points as i64))
}

/// Writes `k` numbers of points (from 0) and distances for each observation.
fn search(call: &mut Call<'_>) -> Result<Answer> {
    let (store, batch) = (call.handle::<Store>("store")?, call.tensor("output")?);
    let (numbers, distances) = (call.write::<u64>("numbers")?, call.write::<f64>("distances")?);
    let n = batch.observations();
    if numbers.len() != distances.len() || !numbers.len().is_multiple_of(n) {
        let was = format!("{} and {} elements", numbers.len(), distances.len());
        return Err(Error::invalid(
            "numbers",
            was,
            format!("the same multiple of {n} observations"),
        ));
    }
    let k = numbers.len() / n;
    let found = if read(store).len().saturating_mul(batch.elements().len()) < LONG {
        read(store).search(&batch, k)?
    } else {
        let store = store.clone();
        leavable_on([&batch], move |[batch]| read(&store).search(&batch, k))?
    };
    for ((number, distance), found) in numbers.iter_mut().zip(distances).zip(found) {
        (*number, *distance) = found;
    }
    Ok(().into())
}

/// Gives how many points went.
fn evict(call: &mut Call<'_>) -> Result<Answer> {
    let now = named_options!(call, now: f64)?;
    let mut store = write(call.handle::<Store>("store")?);
    let before = store.len();
    store.evict(now)?;
    Ok(Answer::Number((before - store.len()) as i64))
}

/// Writes all points that are searched, feature fastest.
fn points(call: &mut Call<'_>) -> Result<Answer> {
    let points = read(call.handle::<Store>("store")?).points()?;
    let out = call.write::<f64>("out")?;
    if out.len() != points.len() {
        return Err(Error::invalid("out", format!("{} elements", out.len()), points.len()));
    }
    out.copy_from_slice(&points);
    Ok(().into())
}

fn describe(call: &mut Call<'_>) -> Result<Answer> {
    #[derive(Serialize)]
    struct Described<'a> {
        features: usize,
        points: usize,
        last_time: Option<f64>,
        mapped: bool,
        #[serde(flatten)]
        options: &'a StoreOptions,
    }
    let store = read(call.handle::<Store>("store")?);
    Answer::json(&Described {
        features: store.features(),
        points: store.len(),
        last_time: store.last_time(),
        mapped: store.is_mapped(),
        options: store.options(),
    })
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new("neighbors.new", new),
    Operation::new("neighbors.add", add).on(&["store"]).of(&["output", "flagged"]),
    Operation::new("neighbors.search", search).on(&["store"]).of(&[
        "output",
        "numbers",
        "distances",
    ]),
    Operation::new("neighbors.evict", evict).on(&["store"]),
    Operation::new("neighbors.points", points).on(&["store"]).of(&["out"]),
    Operation::new("neighbors.describe", describe).on(&["store"]),
    saves::<Store>("neighbors.save", &["store"]),
    maps::<Store>("neighbors.load"),
];
