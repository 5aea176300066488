//! A saved store of a million points, read into memory and mapped: time until it is loaded and
//! until the first search is done, and the memory of a process that did so. Each in a process of
//! its own, the file in the system's cache, one row of ten neighbors searched; also searches of
//! many rows.
//!
//!     cargo bench --bench neighbors

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use fluxguard::outlier::neighbors::{NeighborStore, StoreOptions};
use fluxguard::store::map;
use fluxguard::store::{load, load_mapped, save};
use fluxguard::tensor::{Elements, Tensor};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

const POINTS: usize = 1_000_000;
const FEATURES: usize = 32;

fn draw(seed: u64, n: usize) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // Sums of uniform numbers; of double precision, unless they are rounded.
    let mut unit = || (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    (0..n).map(|_| unit() + unit() + unit() - 1.5).collect()
}

/// Kilobytes of this line of /proc/self/status.
fn memory(line: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let found = status
        .lines()
        .find_map(|l| l.strip_prefix(line)?.split_whitespace().nth(1)?.parse::<f64>().ok());
    found.unwrap_or(f64::NAN) / 1024.0
}

/// In a process of its own: loads, searches, tells.
fn child(how: &str, path: &Path) -> fluxguard::Result<()> {
    let start = Instant::now();
    let store = if how == "mapped" {
        load_mapped::<NeighborStore>(path, map::read_only)?
    } else {
        load::<NeighborStore>(path)?
    };
    let loaded = start.elapsed().as_secs_f64();
    let held = memory("RssAnon");
    let rows = draw(2, 256 * FEATURES);
    store.search(&Tensor::new(Elements::F64(&rows[..FEATURES]), 1)?, 10)?;
    let first = start.elapsed().as_secs_f64();
    let again = Instant::now();
    store.search(&Tensor::new(Elements::F64(&rows[..FEATURES]), 1)?, 10)?;
    let single = again.elapsed().as_secs_f64();
    let again = Instant::now();
    store.search(&Tensor::new(Elements::F64(&rows), 256)?, 10)?;
    println!(
        "{how:<7} loaded {loaded:>6.3} s, first search done {first:>6.3} s; one row {:>5.1} ms, 256 rows {:>6.1} ms; own memory {held:>4.0} MiB \
         after loading, {:>4.0} at the end (most ever {:>4.0}), of the file's shared pages {:>4.0}",
        single * 1e3,
        again.elapsed().as_secs_f64() * 1e3,
        memory("RssAnon"),
        memory("VmHWM"),
        memory("RssFile"),
    );
    Ok(())
}

fn main() -> fluxguard::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, how, path] = &arguments[..]
        && path.ends_with(".fg")
    {
        return child(how, Path::new(path));
    }
    let path: PathBuf =
        std::env::temp_dir().join(format!("fluxguard-bench-{}.fg", std::process::id()));
    for precision in ["double", "single"] {
        let mut points = draw(1, POINTS * FEATURES);
        if precision == "single" {
            points.iter_mut().for_each(|x| *x = f64::from(*x as f32));
        }
        let mut store = NeighborStore::new(FEATURES, StoreOptions::default())?;
        store.add(&Tensor::new(Elements::F64(&points), POINTS)?, &vec![false; POINTS], 0.0)?;
        drop(points);
        save(&store, &path)?;
        drop(store);
        let bytes = std::fs::metadata(&path).map_or(0, |m| m.len());
        println!(
            "{POINTS} points of {FEATURES} features, {precision} precision: a file of {:.0} MiB",
            bytes as f64 / 1048576.0
        );
        for _ in 0..3 {
            for how in ["read", "mapped"] {
                // Nothing is left to do where a process cannot be started.
                let _ =
                    Command::new(&arguments[0]).args([how, &path.display().to_string()]).status();
            }
        }
    }
    let _ = std::fs::remove_file(&path);
    Ok(())
}
