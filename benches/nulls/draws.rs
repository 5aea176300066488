//! Observations in which nothing changes: of many distributions, one after the other in several
//! orders.
//!
//! An order is a sequence of standard normal values, independent or not; a distribution turns each
//! into a value. So every distribution comes in every order.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{ChiSquared, Distribution, StandardNormal};

use fluxguard::stats::normal;

/// A distribution of values, by its name in the table.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub enum Values {
    Normal,
    Rounded,
    Binary(f64),
    Poisson(f64),
    ZeroInflated,
    Lognormal(f64),
    StudentT(f64),
    Cauchy,
    Spikes,
    FarApart,
    Classes,
    Levels(u32),
    /// Sigmoids that are nearly 0 or, in three of ten, nearly 1.
    Saturated,
}

impl Values {
    pub const ALL: [Values; 16] = [
        Values::Normal,
        Values::Rounded,
        Values::Binary(0.02),
        Values::Binary(0.5),
        Values::Poisson(0.3),
        Values::ZeroInflated,
        Values::Lognormal(1.0),
        Values::Lognormal(2.0),
        Values::Lognormal(3.0),
        Values::StudentT(1.5),
        Values::StudentT(2.0),
        Values::StudentT(3.0),
        Values::Cauchy,
        Values::Spikes,
        Values::FarApart,
        Values::Classes,
    ];

    pub fn name(self) -> String {
        match self {
            Values::Normal => "normal".into(),
            Values::Rounded => "rounded".into(),
            Values::Binary(p) => format!("binary {p}"),
            Values::Poisson(mean) => format!("Poisson {mean}"),
            Values::ZeroInflated => "zero-inflated".into(),
            Values::Lognormal(sd) => format!("lognormal {sd}"),
            Values::StudentT(degrees) => format!("t {degrees}"),
            Values::Cauchy => "Cauchy".into(),
            Values::Spikes => "spikes".into(),
            Values::FarApart => "far apart".into(),
            Values::Classes => "ten classes".into(),
            Values::Saturated => "saturated".into(),
            Values::Levels(levels) => format!("{levels} levels"),
        }
    }

    /// The value at a standard normal place `z`.
    fn at(self, z: f64, random: &mut ChaCha8Rng) -> f64 {
        let mut fresh = || -> f64 { StandardNormal.sample(random) };
        match self {
            Values::Normal => z,
            Values::Rounded => (2.0 * z).round() / 2.0,
            Values::Binary(p) => f64::from(u8::from(normal::sf(z) < p)),
            Values::Poisson(mean) => {
                let (mut count, mut term, mut above) = (0.0, (-mean).exp(), normal::sf(-z));
                while above > term && count < 100.0 {
                    above -= term;
                    count += 1.0;
                    term *= mean / count;
                }
                count
            }
            Values::ZeroInflated => {
                let beyond = normal::sf(z);
                if beyond > 0.2 { 0.0 } else { -(beyond / 0.2).ln() }
            }
            Values::Lognormal(sd) => (sd * z).exp(),
            Values::StudentT(degrees) => match ChiSquared::new(degrees) {
                Ok(law) => z / (law.sample(random) / degrees).sqrt(),
                Err(_) => z,
            },
            Values::Cauchy => z / fresh(),
            Values::Spikes => fresh() + if normal::sf(z) < 0.002 { 100.0 } else { 0.0 },
            Values::Saturated => {
                1.0 / (1.0 + (fresh().abs() * if normal::sf(z) < 0.3 { -9.0 } else { 9.0 }).exp())
            }
            Values::FarApart => 50.0 * z.signum() + fresh(),
            Values::Classes => Values::Levels(10).at(z, random),
            Values::Levels(levels) => {
                (f64::from(levels) * normal::sf(-z)).floor().min(f64::from(levels - 1))
            }
        }
    }
}

/// How observations follow each other.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub enum Order {
    Independent,
    /// Each remembers the last one (first-order autoregression).
    Auto(f64),
    /// Twelve days of some length, whose middle is higher; a window begins anywhere.
    Season,
    /// Twenty observations of one user, who differs from others, then of the next.
    Users,
    /// The reference was sorted by its first column; the window was not.
    Sorted,
}

impl Order {
    pub const ALL: [Order; 6] = [
        Order::Independent,
        Order::Auto(0.5),
        Order::Auto(0.9),
        Order::Season,
        Order::Users,
        Order::Sorted,
    ];

    pub fn name(self) -> String {
        match self {
            Order::Independent => "independent".into(),
            Order::Auto(by) => format!("AR(1) {by}"),
            Order::Season => "daily season".into(),
            Order::Users => "repeated users".into(),
            Order::Sorted => "sorted".into(),
        }
    }

    /// A standard normal sequence of `n`, of which the first `m` are a reference.
    fn sequence(self, m: usize, n: usize, random: &mut ChaCha8Rng) -> Vec<f64> {
        let mut fresh = || -> f64 { StandardNormal.sample(random) };
        match self {
            Order::Independent | Order::Sorted => (0..n).map(|_| fresh()).collect(),
            Order::Auto(by) => {
                let mut last = fresh();
                (0..n)
                    .map(|_| {
                        last = by * last + (1.0 - by * by).sqrt() * fresh();
                        last
                    })
                    .collect()
            }
            Order::Season => {
                let (day, start) = (m as f64 / 12.0, normal::sf(fresh()));
                let angle = |i: usize| std::f64::consts::TAU * (i as f64 / day + start);
                (0..n).map(|i| 0.5f64.sqrt() * (2f64.sqrt() * angle(i).sin() + fresh())).collect()
            }
            Order::Users => {
                let mut user = fresh();
                (0..n)
                    .map(|i| {
                        if i % 20 == 0 {
                            user = fresh();
                        }
                        0.8f64.sqrt() * user + 0.2f64.sqrt() * fresh()
                    })
                    .collect()
            }
        }
    }
}

/// What does not change.
#[derive(Debug, Clone)]
pub enum Null {
    /// Columns that are independent of each other.
    Drawn(Values, Order),
    /// Rows of a file, in random order: of so many columns.
    Rows(String, std::sync::Arc<Vec<f64>>, usize),
}

impl Null {
    pub fn names(&self) -> (String, String) {
        match self {
            Null::Drawn(values, order) => (values.name(), order.name()),
            Null::Rows(name, ..) => (name.clone(), Order::Independent.name()),
        }
    }

    /// `m` reference observations and `n` others, of `columns` columns each (those of a file where
    /// there is one); columns first.
    pub fn draw(&self, seed: u64, columns: usize, (m, n): (usize, usize)) -> (Vec<f64>, Vec<f64>) {
        let mut random = ChaCha8Rng::seed_from_u64(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        match self {
            Null::Drawn(values, order) => {
                let mut rows = vec![0.0; (m + n) * columns];
                for k in 0..columns {
                    for (i, z) in order.sequence(m, m + n, &mut random).into_iter().enumerate() {
                        rows[i * columns + k] = values.at(z, &mut random);
                    }
                }
                let window = rows.split_off(m * columns);
                if *order == Order::Sorted {
                    let mut sorted: Vec<&[f64]> = rows.chunks_exact(columns).collect();
                    sorted.sort_by(|a, b| a[0].total_cmp(&b[0]));
                    rows = sorted.concat();
                }
                (rows, window)
            }
            Null::Rows(_, all, width) => {
                let count = all.len() / width;
                let picked =
                    rand::seq::index::sample(&mut random, count, (m + n).min(count)).into_vec();
                let rows = |picked: &[usize]| {
                    picked
                        .iter()
                        .flat_map(|i| all[i * width..][..*width].iter().copied())
                        .collect::<Vec<f64>>()
                };
                // In proportion where the file is shorter.
                let cut = if m + n <= count { m } else { count * m / (m + n) };
                (rows(&picked[..cut]), rows(&picked[cut..]))
            }
        }
    }
}
