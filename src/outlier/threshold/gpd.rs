//! The generalized Pareto distribution, fitted to excesses by maximum likelihood.

/// `P(Y > y) = (1 + shape y/scale)^(-1/shape)`, and `exp(-y/scale)` for shape 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gpd {
    /// Below 0: a tail that ends; 0: exponential; above 0: heavy.
    pub shape: f64,
    /// In the units of the excesses.
    pub scale: f64,
}

impl Gpd {
    /// The fit to positive excesses, of which there must be one at least. Grimshaw (1993): with
    /// `t = shape/scale`, the shape that maximizes the likelihood is the mean of `ln(1 + t y)`, and
    /// one unknown is left. The shape is kept above -1/2, where the maximum is regular (Smith
    /// 1985).
    #[must_use]
    pub fn fit(excesses: &[f64]) -> Gpd {
        let n = excesses.len() as f64;
        let mean = excesses.iter().sum::<f64>() / n;
        let most = excesses.iter().copied().fold(0.0, f64::max);
        let shape = |t: f64| excesses.iter().map(|y| (t * y).ln_1p()).sum::<f64>() / n;
        // The mean log-likelihood, profiled over the shape.
        let likelihood = |t: f64| {
            let shape = shape(t);
            if shape <= -0.5 || !shape.is_finite() {
                f64::NEG_INFINITY
            } else {
                (t / shape).ln() - shape - 1.0
            }
        };
        let exponential = (Gpd { shape: 0.0, scale: mean }, -mean.ln() - 1.0);
        // 1 + t y > 0: t from -1/max on; beyond 1/mean times a thousand the tail would have no mean
        // by far.
        let low = -1.0 / most;
        let left = (0..60).map(|i| low * (1.0 - f64::powi(0.7, i)).max(1e-9));
        let right = (0..60).map(|i| 1e-6 / mean * f64::powi(10.0, i).powf(0.15));
        let mut grid: Vec<f64> = left.chain(right).collect();
        grid.sort_by(f64::total_cmp);
        let values: Vec<f64> = grid.iter().map(|t| likelihood(*t)).collect();
        let best = (0..grid.len()).max_by(|a, b| values[*a].total_cmp(&values[*b])).unwrap_or(0);
        let (from, to) = (grid[best.saturating_sub(1)], grid[(best + 1).min(grid.len() - 1)]);
        let t = golden(likelihood, from, to);
        let fitted = (Gpd { shape: shape(t), scale: shape(t) / t }, likelihood(t));
        let usable = fitted.1.is_finite()
            && fitted.0.scale > 0.0
            && fitted.0.scale.is_finite()
            && t.abs() * mean > 1e-8;
        if usable && fitted.1 > exponential.1 { fitted.0 } else { exponential.0 }
    }

    /// The excess that is exceeded with probability `p`.
    #[must_use]
    pub fn exceeded(&self, p: f64) -> f64 {
        if self.shape.abs() < 1e-9 {
            -self.scale * p.ln()
        } else {
            self.scale / self.shape * (p.powf(-self.shape) - 1.0)
        }
    }
}

/// Where `f` is greatest between two numbers, by golden sections and a last parabola.
fn golden(f: impl Fn(f64) -> f64, from: f64, to: f64) -> f64 {
    const RATIO: f64 = 0.618_033_988_749_894_9;
    let (mut a, mut b) = (from, to);
    let (mut c, mut d) = (b - RATIO * (b - a), a + RATIO * (b - a));
    let (mut at_c, mut at_d) = (f(c), f(d));
    for _ in 0..90 {
        if at_c > at_d {
            (b, d, at_d) = (d, c, at_c);
            c = b - RATIO * (b - a);
            at_c = f(c);
        } else {
            (a, c, at_c) = (c, d, at_d);
            d = a + RATIO * (b - a);
            at_d = f(d);
        }
    }
    0.5 * (a + b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_a_known_tail_give_it_back() {
        for shape in [-0.3, 0.0, 0.4] {
            let known = Gpd { shape, scale: 2.0 };
            let excesses: Vec<f64> =
                (1..4000).map(|i| known.exceeded(f64::from(i) / 4000.0)).collect();
            let fitted = Gpd::fit(&excesses);
            assert!(
                (fitted.shape - shape).abs() < 0.02 && (fitted.scale - 2.0).abs() < 0.04,
                "{fitted:?}"
            );
        }
        let one = Gpd::fit(&[3.0]);
        assert!(one.scale > 0.0 && one.exceeded(0.5).is_finite(), "{one:?}");
        let equal = Gpd::fit(&[2.0; 50]);
        assert!(equal.exceeded(0.01).is_finite() && equal.exceeded(0.01) > 0.0, "{equal:?}");
    }
}
