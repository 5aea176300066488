//! A reference that lives: points that were not flagged come in, points that are too old go.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::nearest::Neighbor;
use super::{Exact, Graph, Method, Metric, check_k};
use crate::Rows;
use crate::error::{Error, Result};
use crate::sound::{Sound, can_grow, in_order};
use crate::support::{LONG, memory};
use crate::tensor::Tensor;

/// How points are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
pub struct StoreOptions {
    /// What near means.
    pub metric: Metric,
    /// How they are searched.
    pub index: Method,
    /// The age from which on a point is let go, in the units of the times it is given with; `None`:
    /// never.
    pub max_age: Option<f64>,
    /// The most points that are kept, the newest; `None`: all.
    pub max_points: Option<usize>,
}

/// Points with their times. A saved one can be searched where it lies, in a mapped file:
/// [`crate::store::load_mapped`]; the first points that come in, or a tidying up of many that went,
/// then read it into memory.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NeighborStore {
    options: StoreOptions,
    features: usize,
    /// All points that were not compacted away, oldest first; the first `gone` of them are let go.
    recent: Exact,
    times: Vec<f64>,
    gone: usize,
    /// A graph of the first points, for [`Method::Hnsw`]; the others are searched exactly.
    graph: Option<Arc<Graph>>,
    /// Points that went before the first that is kept here.
    forgotten: u64,
}

/// Points from which on a graph is worth its building.
const WORTH: usize = 1024;

impl NeighborStore {
    /// An empty store of points with so many features.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`].
    pub fn new(features: usize, options: StoreOptions) -> Result<Self> {
        if features == 0 {
            return Err(Error::invalid("features", 0, "at least 1"));
        }
        if options.max_age.is_some_and(|age| age.is_nan() || age <= 0.0) {
            return Err(Error::invalid(
                "max_age",
                options.max_age.unwrap_or(f64::NAN),
                "a positive number",
            ));
        }
        if options.max_points == Some(0) {
            return Err(Error::invalid("max_points", 0, "at least 1"));
        }
        let recent = Exact::new(&Rows::from_values(Vec::new(), features), options.metric)?;
        Ok(NeighborStore {
            options,
            features,
            recent,
            times: Vec::new(),
            gone: 0,
            graph: None,
            forgotten: 0,
        })
    }

    /// Takes in the observations of `batch` for which `flagged` is false, at `time`, and lets go
    /// what is too old by then. Returns how many came in. Times must not fall.
    ///
    /// # Errors
    /// [`Error::FeatureMismatch`], [`Error::NonFiniteBaseline`], [`Error::InvalidArgument`] for a
    /// time that is earlier than the last, or flags of another length.
    pub fn add(&mut self, batch: &Tensor<'_>, flagged: &[bool], time: f64) -> Result<usize> {
        batch.expect_features(self.features)?;
        if flagged.len() != batch.observations() {
            let expected = format!("{}, one per observation", batch.observations());
            return Err(Error::invalid("flagged", format!("{} values", flagged.len()), expected));
        }
        let last = self.times.last().copied().unwrap_or(f64::NEG_INFINITY);
        if time.is_nan() || time < last {
            return Err(Error::invalid("time", time, format!("a time from {last} on")));
        }
        let rows = Rows::reference(batch)?;
        let kept: Vec<usize> = (0..flagged.len()).filter(|i| !flagged[*i]).collect();
        self.recent.push(rows.select(&kept).values())?;
        self.times.resize(self.recent.len(), time);
        self.evict(time)?;
        Ok(kept.len())
    }

    /// Lets go the points that are too old at `now`, or too many.
    ///
    /// # Errors
    /// As [`Exact::new`], where the rest is moved.
    pub fn evict(&mut self, now: f64) -> Result<()> {
        if let Some(age) = self.options.max_age {
            self.gone = self.gone.max(self.times.partition_point(|time| now - time >= age));
        }
        if let Some(most) = self.options.max_points {
            self.gone = self.gone.max(self.times.len().saturating_sub(most));
        }
        // Moved when half is gone: each point is moved once on average.
        if self.gone > 64 && 2 * self.gone > self.recent.len() {
            let rows = self.recent.rows(self.gone..self.recent.len());
            self.recent.replace(rows)?;
            self.times.drain(..self.gone);
            self.forgotten += self.gone as u64;
            (self.gone, self.graph) = (0, None);
        }
        self.build();
        Ok(())
    }

    /// A new graph, where the points that the old one lacks are a quarter of all.
    fn build(&mut self) {
        let in_graph = self.graph.as_ref().map_or(0, |graph| graph.exact().len());
        let outside = self.recent.len() - in_graph;
        if self.options.index == Method::Hnsw
            && self.len() >= WORTH
            && 4 * outside >= self.recent.len()
        {
            self.graph = Some(Arc::new(Graph::new(self.recent.clone())));
        }
    }

    /// Whether a batch of so many observations may take longer than a person notices: where a graph
    /// is built.
    pub fn takes_long(&self, observations: usize) -> bool {
        self.options.index == Method::Hnsw && {
            let (all, in_graph) = (
                self.recent.len() + observations,
                self.graph.as_ref().map_or(0, |g| g.exact().len()),
            );
            all >= WORTH && 4 * (all - in_graph) >= all
        }
    }

    /// Whether a search for the neighbors of `batch` may take longer than a person notices.
    pub fn search_takes_long(&self, batch: &Tensor<'_>) -> bool {
        self.len().saturating_mul(batch.elements().len()) >= LONG
    }

    /// Points that are searched.
    #[must_use]
    pub fn len(&self) -> usize {
        self.recent.len() - self.gone
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of features.
    #[must_use]
    pub fn features(&self) -> usize {
        self.features
    }

    /// Whether the points are searched in a mapped file.
    #[must_use]
    pub fn is_mapped(&self) -> bool {
        self.recent.is_mapped()
    }

    /// How points are kept.
    #[must_use]
    pub fn options(&self) -> &StoreOptions {
        &self.options
    }

    /// The time of the newest points.
    #[must_use]
    pub fn last_time(&self) -> Option<f64> {
        self.times.last().copied()
    }

    /// The points that are searched, oldest first, one after the other; of length 1 for
    /// [`Metric::Cosine`].
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if they do not fit into memory; [`Exact::check`].
    pub fn points(&self) -> Result<Vec<f64>> {
        self.recent.check()?;
        memory::expect_room(
            "points",
            self.len().saturating_mul(self.features),
            8,
            "a copy of the points",
        )?;
        Ok(self.recent.rows(self.gone..self.recent.len()))
    }

    /// The `k` nearest of each finite row of `batch` among the points that are kept, nearest first.
    /// An index counts the points that ever came in, from 0. On all threads that pay.
    ///
    /// # Errors
    /// [`Error::FeatureMismatch`], [`Error::NonFiniteBaseline`], [`Error::InvalidArgument`] for a
    /// `k` above the points; [`Error::FileDamaged`] where they are in a mapped file that was cut
    /// short since.
    pub fn search(&self, batch: &Tensor<'_>, k: usize) -> Result<Vec<(u64, f64)>> {
        batch.expect_features(self.features)?;
        check_k(k, self.len())?;
        self.recent.check()?;
        let rows = Rows::reference(batch)?;
        let found =
            match self.graph.as_ref().filter(|_| Graph::check_k(k + self.gone.min(64)).is_ok()) {
                Some(graph) => rows.iter().flat_map(|row| self.nearest(graph, row, k)).collect(),
                None => self.recent.search_from(rows.values(), k, self.gone),
            };
        Ok(found.iter().map(|n| (self.forgotten + u64::from(n.index), n.distance)).collect())
    }

    /// By the graph, and among the points that came after it.
    fn nearest(&self, graph: &Graph, row: &[f64], k: usize) -> Vec<Neighbor> {
        // So many more that those which are gone are made up for; if they are not, all is looked
        // at.
        let inside = graph.exact().len();
        let wanted = (2 * k + 16).min(128).min(inside);
        let mut found: Vec<Neighbor> = graph
            .search(row, wanted)
            .into_iter()
            .filter(|n| n.index as usize >= self.gone)
            .collect();
        if found.len() < k {
            return self.recent.search_from(row, k, self.gone);
        }
        let from = inside.max(self.gone);
        let outside = self.recent.len() - from;
        if outside > 0 {
            found.extend(self.recent.search_from(row, k.min(outside), from));
            found.sort_by(|a, b| a.distance.total_cmp(&b.distance));
        }
        found.truncate(k);
        found
    }
}

impl Sound for NeighborStore {
    fn is_sound(&self) -> bool {
        let points = (self.recent.features(), self.recent.metric(), self.times.len())
            == (self.features, self.options.metric, self.recent.len());
        let graph = self.graph.as_ref().is_none_or(|graph| {
            let inside = graph.exact();
            (inside.features(), inside.metric()) == (self.features, self.options.metric)
                && inside.len() <= self.recent.len()
        });
        NeighborStore::new(self.features, self.options.clone()).is_ok()
            && points
            && graph
            && in_order(&self.times)
            && self.gone <= self.recent.len()
            && can_grow([self.forgotten])
    }
}

crate::store::stored_in_sections!(NeighborStore = "neighbors", |store, _file| store);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Elements;
    use crate::testing::Random;

    fn tensor(values: &[f64], features: usize) -> Tensor<'_> {
        Tensor::new(Elements::F64(values), values.len() / features).expect("whole")
    }

    #[test]
    fn what_is_searched_is_what_came_in_unflagged_and_is_young_enough() {
        for index in [Method::Exact, Method::Hnsw] {
            let options = StoreOptions { index, max_age: Some(10.0), ..StoreOptions::default() };
            let mut store = NeighborStore::new(2, options).expect("options");
            let mut random = Random(3);
            let mut all: Vec<(f64, Vec<f64>)> = Vec::new();
            for step in 0..30 {
                let time = f64::from(step) * 0.5;
                let batch = random.normals(2 * 100);
                let flagged: Vec<bool> = (0..100).map(|i| i % 5 == 0).collect();
                assert_eq!(store.add(&tensor(&batch, 2), &flagged, time), Ok(80));
                all.extend(
                    batch
                        .chunks(2)
                        .zip(&flagged)
                        .filter(|(_, f)| !**f)
                        .map(|(x, _)| (time, x.to_vec())),
                );
                let living = |at: &f64| time - at < 10.0;
                assert_eq!(store.len(), all.iter().filter(|(at, _)| living(at)).count());
                if step % 10 == 9 {
                    let query = random.normals(2);
                    let found = store.search(&tensor(&query, 2), 5).expect("enough points");
                    let distance =
                        |x: &[f64]| ((x[0] - query[0]).powi(2) + (x[1] - query[1]).powi(2)).sqrt();
                    let mut want: Vec<(u64, f64)> = (0..)
                        .zip(&all)
                        .filter(|(_, (at, _))| living(at))
                        .map(|(i, (_, x))| (i, distance(x)))
                        .collect();
                    want.sort_by(|a, b| a.1.total_cmp(&b.1));
                    for (f, w) in found.iter().zip(&want) {
                        assert!(f.0 == w.0 && (f.1 - w.1).abs() < 1e-12, "{index:?} {f:?} {w:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn bad_input_is_refused() {
        let mut store =
            NeighborStore::new(1, StoreOptions { max_points: Some(3), ..StoreOptions::default() })
                .expect("options");
        assert_eq!(store.add(&tensor(&[1.0, 2.0, 3.0, 4.0], 1), &[false; 4], 5.0), Ok(4));
        assert_eq!((store.len(), store.is_empty()), (3, false));
        let code = |result: Result<usize>| result.map_err(|e| e.code());
        assert_eq!(code(store.add(&tensor(&[1.0], 1), &[false; 2], 5.0)), Err(100));
        assert_eq!(code(store.add(&tensor(&[1.0], 1), &[false], 4.0)), Err(100));
        assert_eq!(code(store.add(&tensor(&[f64::NAN], 1), &[false], 5.0)), Err(200));
        assert_eq!(code(store.add(&tensor(&[1.0, 2.0], 2), &[false], 5.0)), Err(103));
        assert_eq!(store.search(&tensor(&[1.0], 1), 4).map_err(|e| e.code()), Err(100));
        for options in [
            StoreOptions { max_age: Some(0.0), ..StoreOptions::default() },
            StoreOptions { max_points: Some(0), ..StoreOptions::default() },
        ] {
            assert_eq!(NeighborStore::new(1, options).map(|_| ()).map_err(|e| e.code()), Err(100));
        }
    }
}
