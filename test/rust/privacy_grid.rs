//! No configuration crashes, hangs or is absurd: a sample of the grid at every run, and all of it
//! when asked:
//!
//!     cargo test --release --test privacy_grid -- --ignored --nocapture

use std::time::Instant;

use fluxguard::Result;
use fluxguard::privacy::accountant::{Accountant, AccountantKind, Phase, Relation, Sampling};

struct Grid {
    sigmas: &'static [f64],
    rates: &'static [f64],
    steps: &'static [u64],
    deltas: &'static [f64],
}

/// Every number finite, at least 0, no larger where `δ` is larger, the steps fewer, and no larger
/// than RDP's. Returns how many there were, and the slowest, in seconds.
fn check(grid: &Grid, relation: Relation) -> Result<(usize, Vec<(f64, String)>)> {
    let (mut count, mut slow, mut absurd) = (0, Vec::new(), Vec::new());
    let mut expect = |holds: bool, what: String| absurd.extend((!holds).then_some(what));
    for &sigma in grid.sigmas {
        for &rate in grid.rates {
            let mut fewer: Vec<f64> = vec![0.0; grid.deltas.len()];
            for &steps in grid.steps {
                let mut pld = Accountant::new(AccountantKind::Pld, relation);
                let mut rdp = Accountant::new(AccountantKind::Rdp, relation);
                let phase =
                    Phase { noise_multiplier: sigma, sampling: Sampling::Poisson { rate }, steps };
                pld.push(phase.clone())?;
                rdp.push(phase)?;
                let rdp = rdp.curve(grid.deltas)?;
                let mut last = f64::INFINITY;
                for (index, &delta) in grid.deltas.iter().enumerate() {
                    let start = Instant::now();
                    let epsilon = pld.epsilon(delta)?;
                    let name = format!(
                        "{relation:?} sigma {sigma} q {rate} steps {steps} delta {delta}: {epsilon}"
                    );
                    slow.push((start.elapsed().as_secs_f64(), name.clone()));
                    count += 1;
                    expect(epsilon >= 0.0 && epsilon.is_finite(), name.clone());
                    expect(
                        epsilon <= last * (1.0 + 1e-3) + 1e-6,
                        format!("not monotone in delta: {name}, {last}"),
                    );
                    expect(
                        epsilon >= fewer[index] * (1.0 - 1e-3) - 1e-6,
                        format!("not monotone in steps: {name}, {fewer:?}"),
                    );
                    expect(
                        epsilon <= rdp[index].0 * (1.0 + 1e-3) + 1e-6,
                        format!("worse than RDP: {name}, {rdp:?}"),
                    );
                    expect(
                        rdp[index].0.is_finite() && rdp[index].0 >= 0.0,
                        format!("RDP: {name}, {rdp:?}"),
                    );
                    (last, fewer[index]) = (epsilon, epsilon);
                }
            }
        }
    }
    assert!(absurd.is_empty(), "{} of {count}:\n{}", absurd.len(), absurd.join("\n"));
    slow.sort_by(|a, b| b.0.total_cmp(&a.0));
    Ok((count, slow))
}

#[test]
fn a_sample_of_the_grid() -> Result<()> {
    let corners = Grid {
        sigmas: &[0.3, 1.0, 10.0, 100.0],
        rates: &[1e-6, 1e-4, 1e-2, 0.3, 1.0],
        steps: &[1, 10, 1000, 1_000_000],
        deltas: &[1e-12, 1e-5, 0.1],
    };
    assert_eq!(check(&corners, Relation::AddRemove)?.0, 240);
    let inside = Grid {
        sigmas: &[0.5, 0.7, 2.5, 30.0],
        rates: &[1e-5, 3e-3, 0.1, 0.9],
        steps: &[3, 200, 40_000],
        deltas: &[1e-9, 1e-3],
    };
    assert_eq!(check(&inside, Relation::ReplaceOne)?.0, 96);
    Ok(())
}

#[test]
#[ignore = "many minutes"]
fn the_whole_grid() -> Result<()> {
    let grid = Grid {
        sigmas: &[0.3, 0.4, 0.5, 0.7, 1.0, 1.5, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 100.0],
        rates: &[1e-6, 1e-5, 1e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 0.5, 0.9, 1.0],
        steps: &[1, 3, 10, 100, 1000, 10_000, 100_000, 1_000_000],
        deltas: &[1e-12, 1e-9, 1e-7, 1e-5, 1e-3, 0.1],
    };
    for relation in [Relation::AddRemove, Relation::ReplaceOne] {
        let (count, slow) = check(&grid, relation)?;
        println!("{count} epsilons, {relation:?}; median {:.1} ms", slow[count / 2].0 * 1e3);
        slow.iter().take(12).for_each(|(time, name)| println!("  {:7.1} ms  {name}", time * 1e3));
    }
    Ok(())
}
