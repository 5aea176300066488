//! Nearly exact search in a graph, by crate `instant-distance`.

use std::fmt;

use instant_distance::{Builder, Hnsw, Point, Search};
use serde::{Deserialize, Serialize};

use super::nearest::{Nearest, Neighbor};
use super::{Exact, Metric};
use crate::error::{Error, Result};

/// A point of the graph, in single precision: it only chooses which points are looked at.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Node(Vec<f32>);

impl Point for Node {
    fn distance(&self, other: &Self) -> f32 {
        self.0.iter().zip(&other.0).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt()
    }
}

/// See [`super::Method::Hnsw`]. It is built on several threads and may differ from run to run in a
/// few edges; a saved one finds the same wherever it is loaded.
///
/// For the inner product each point has one more value, so that all have one length and the nearest
/// is the one with the largest product (Bachrach and others 2014, section 3). Points of length 1
/// are ordered by the cosine as by the distance.
#[derive(Serialize, Deserialize)]
#[serde(try_from = "Saved")]
pub struct Graph {
    exact: Exact,
    graph: Hnsw<Node>,
    /// Of each point of the graph, its number.
    numbers: Vec<u32>,
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph").field("points", &self.exact.len()).finish_non_exhaustive()
    }
}

/// Candidates of a search: the `ef` of the paper.
const CANDIDATES: usize = 256;

/// Neighbors that can be asked for: half the candidates.
const MAX: usize = CANDIDATES / 2;

impl Graph {
    /// Of these points.
    #[must_use]
    pub fn new(exact: Exact) -> Self {
        let (p, rows) = (exact.features(), exact.rows(0..exact.len()));
        let norm = |row: &[f64]| row.iter().map(|x| x * x).sum::<f64>();
        let longest = rows.chunks(p).map(norm).fold(0.0, f64::max);
        let points = rows
            .chunks(p)
            .map(|row| {
                let mut values: Vec<f32> = row.iter().map(|x| *x as f32).collect();
                if exact.metric() == Metric::InnerProduct {
                    values.push((longest - norm(row)).max(0.0).sqrt() as f32);
                }
                Node(values)
            })
            .collect();
        let builder = Builder::default().seed(0).ef_construction(100).ef_search(CANDIDATES);
        let (graph, places) = builder.build_hnsw(points);
        let mut numbers = vec![0; exact.len()];
        for (number, place) in places.iter().enumerate() {
            numbers[place.into_inner() as usize] = number as u32;
        }
        Graph { exact, graph, numbers }
    }

    /// The points, for exact search.
    #[must_use]
    pub fn exact(&self) -> &Exact {
        &self.exact
    }

    /// Demands few enough neighbors.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`].
    pub fn check_k(k: usize) -> Result<()> {
        if k <= MAX {
            return Ok(());
        }
        Err(Error::invalid(
            "neighbors",
            k,
            format!("at most {MAX} from an hnsw index; or index = \"exact\""),
        ))
    }

    /// See [`super::Index::search`]; exact where the graph leads to fewer than `k`.
    #[must_use]
    pub fn search(&self, rows: &[f64], k: usize) -> Vec<Neighbor> {
        let mut found = Vec::with_capacity(rows.len() / self.exact.features() * k);
        let mut search = Search::default();
        for row in rows.chunks_exact(self.exact.features()) {
            let scale = self.exact.scale(row);
            let mut values: Vec<f32> = row.iter().map(|x| (x * scale) as f32).collect();
            if self.exact.metric() == Metric::InnerProduct {
                values.push(0.0);
            }
            let candidates = self.graph.search(&Node(values), &mut search);
            if candidates.len() < k {
                found.extend(self.exact.search(row, k));
                continue;
            }
            let mut nearest = Nearest::new(k);
            for item in candidates {
                let number = self.numbers[item.pid.into_inner() as usize];
                nearest.offer(self.exact.distance(row, number as usize), number);
            }
            found.extend(nearest.into_sorted(|d| d));
        }
        found
    }
}

/// A graph in a file, whose links can be looked at.
#[derive(Deserialize)]
struct Saved {
    exact: Exact,
    graph: Links,
    numbers: Vec<u32>,
}

/// The crate's graph as it writes it.
#[derive(Serialize, Deserialize)]
struct Links {
    ef_search: usize,
    points: Vec<Node>,
    zero: Vec<Vec<u32>>,
    layers: Vec<Vec<Vec<u32>>>,
}

impl Links {
    /// Whether every link leads to a point of its own layer, and every layer's points are in the
    /// one below.
    fn is_sound(&self, features: usize) -> bool {
        let n = self.points.len();
        let leads = |below: usize| {
            move |links: &Vec<u32>| links.iter().all(|to| *to == u32::MAX || (*to as usize) < below)
        };
        let mut below = n;
        let layers = self.layers.iter().all(|layer| {
            let fits =
                !layer.is_empty() && layer.len() <= below && layer.iter().all(leads(layer.len()));
            below = layer.len();
            fits
        });
        self.zero.len() == n
            && self.ef_search == CANDIDATES
            && self.points.iter().all(|point| point.0.len() == features)
            && self.zero.iter().all(leads(n))
            && layers
    }
}

impl TryFrom<Saved> for Graph {
    type Error = Error;

    fn try_from(saved: Saved) -> Result<Self> {
        let bad = |what: &str| Error::invalid("graph", what, "a graph as it was saved");
        let Saved { exact, graph, numbers } = saved;
        let n = exact.len();
        let more = usize::from(exact.metric() == Metric::InnerProduct);
        let numbered = numbers.len() == n && numbers.iter().all(|number| (*number as usize) < n);
        if graph.points.len() != n
            || !numbered
            || !graph.is_sound(exact.features().saturating_add(more))
        {
            return Err(bad("links that lead nowhere"));
        }
        // The crate makes one of its own form only.
        let mut bytes = Vec::new();
        ciborium::into_writer(&graph, &mut bytes).map_err(|_| bad("links"))?;
        drop(graph);
        let graph = ciborium::from_reader(bytes.as_slice()).map_err(|_| bad("links"))?;
        Ok(Graph { exact, graph, numbers })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Rows;
    use super::*;
    use crate::testing::Random;

    #[test]
    fn the_graph_finds_nearly_all_and_a_saved_one_the_same() {
        let points = Rows::from_values(Random(1).normals(500 * 8), 8);
        let queries = Random(2).normals(20 * 8);
        for metric in [Metric::Euclidean, Metric::Cosine, Metric::InnerProduct] {
            let exact = Exact::new(&points, metric).expect("small");
            let want = exact.search(&queries, 10);
            let graph = Graph::new(exact);
            let found = graph.search(&queries, 10);
            let mut hits = 0;
            for (found, want) in found.chunks(10).zip(want.chunks(10)) {
                hits += found.iter().filter(|f| want.iter().any(|w| w.index == f.index)).count();
                for n in found {
                    assert!(
                        want.iter()
                            .all(|w| w.index != n.index || (w.distance - n.distance).abs() < 1e-12)
                    );
                }
            }
            assert!(hits >= 190, "{metric:?}: {hits} of 200");
            let mut file = Vec::new();
            ciborium::into_writer(&graph, &mut file).expect("written");
            let again: Graph = ciborium::from_reader(file.as_slice()).expect("read");
            assert_eq!(again.search(&queries, 10), found);
        }
    }

    #[test]
    fn few_points_are_all_found() {
        let graph = Graph::new(
            Exact::new(&Rows::from_values(vec![1.0, 2.0, 4.0], 1), Metric::Euclidean)
                .expect("small"),
        );
        let indices: Vec<u32> = graph.search(&[3.9], 3).iter().map(|n| n.index).collect();
        assert_eq!(indices, [2, 1, 0]);
        assert_eq!(Graph::check_k(1000).map_err(|e| e.code()), Err(100));
    }
}
