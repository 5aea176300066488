//! The pass over a batch: the root mean square and the largest of each observation's standardized
//! values.

use super::Scaled;
use crate::simd::{Real, multiversion};

/// Observations measured side by side when there are few features, and features side by side when
/// there are many.
const LANES: usize = 16;

multiversion! {
    pub(super) fn measure(rows: &[T], by: &Scaled, rms: &mut [f32], largest: &mut [f32]) -> () = measure_body
}

#[inline(always)]
fn measure_body<T: Real, const FMA: bool>(
    rows: &[T],
    by: &Scaled,
    rms: &mut [f32],
    largest: &mut [f32],
) {
    let p = by.features();
    let mut done = 0;
    if p < 2 * LANES {
        for group in rows.chunks_exact(LANES * p) {
            let mut lanes = Lanes::new();
            for k in 0..p {
                let x = T::gather::<FMA>(group, p, k).map(Real::to_f64);
                lanes.update::<FMA>(&x, &[by.center[k]; LANES], &[by.inverse[k]; LANES]);
            }
            for l in 0..LANES {
                // 0 for finite values and NaN for others: NaN passes comparisons by, and Inf has a
                // root.
                let spoiled = lanes.squares[l] * 0.0;
                rms[done + l] = ((lanes.squares[l] / p as f64).sqrt() + spoiled) as f32;
                largest[done + l] = (lanes.largest[l] + spoiled) as f32;
            }
            done += LANES;
        }
    }
    for row in rows[done * p..].chunks_exact(p) {
        let mut lanes = Lanes::new();
        let whole = p - p % LANES;
        for k in (0..whole).step_by(LANES) {
            let mut x = [0.0; LANES];
            let (mut c, mut i) = ([0.0; LANES], [0.0; LANES]);
            for l in 0..LANES {
                x[l] = row[k + l].to_f64();
            }
            c.copy_from_slice(&by.center[k..k + LANES]);
            i.copy_from_slice(&by.inverse[k..k + LANES]);
            lanes.update::<FMA>(&x, &c, &i);
        }
        let (mut squares, mut most) = (0.0, 0.0f64);
        for l in 0..LANES {
            squares += lanes.squares[l];
            most = most.max(lanes.largest[l]);
        }
        for (k, x) in row.iter().enumerate().skip(whole) {
            let z = (x.to_f64() - by.center[k]) * by.inverse[k];
            squares += z * z;
            most = most.max(z.abs());
        }
        let spoiled = squares * 0.0;
        rms[done] = ((squares / p as f64).sqrt() + spoiled) as f32;
        largest[done] = (most + spoiled) as f32;
        done += 1;
    }
}

#[derive(Clone, Copy)]
struct Lanes {
    squares: [f64; LANES],
    largest: [f64; LANES],
}

impl Lanes {
    #[inline(always)]
    fn new() -> Self {
        Lanes { squares: [0.0; LANES], largest: [0.0; LANES] }
    }

    #[inline(always)]
    fn update<const FMA: bool>(
        &mut self,
        x: &[f64; LANES],
        center: &[f64; LANES],
        inverse: &[f64; LANES],
    ) {
        let largest = self.largest;
        let z: [f64; LANES] = std::array::from_fn(|l| (x[l] - center[l]) * inverse[l]);
        for (squares, z) in self.squares.iter_mut().zip(&z) {
            *squares = Real::fma::<FMA>(*z, *z, *squares);
        }
        for (l, z) in z.iter().enumerate() {
            self.largest[l] = if z.abs() > largest[l] { z.abs() } else { largest[l] };
        }
    }
}
