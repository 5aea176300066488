//! From how many terms on a sum is near enough to normal.

/// So many terms or more, drawn from these values, each of which is there so many times: ten times
/// the squared skewness and five times the excess kurtosis of the values. Infinite where none
/// differ, for then nothing is known of the spread. (A sum of `n` independent terms has 1/√n times
/// their skewness and 1/n times their excess kurtosis: what Edgeworth's expansion corrects a normal
/// law by.)
pub fn least_for_normal(values: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let n: f64 = values.clone().map(|(_, times)| times).sum();
    let mean = values.clone().map(|(x, times)| times * x).sum::<f64>() / n;
    let central =
        |power| values.clone().map(|(x, times)| times * (x - mean).powi(power)).sum::<f64>() / n;
    let variance = central(2);
    if variance.is_nan() || variance <= 0.0 {
        return f64::INFINITY;
    }
    let (skewness, excess) =
        (central(3) / variance.powf(1.5), central(4) / (variance * variance) - 3.0);
    (10.0 * skewness * skewness).max(5.0 * excess)
}

/// Of ranks, where so many values share each: a tie has the mean of its ranks.
pub fn least_for_normal_ranks(groups: impl Iterator<Item = f64> + Clone) -> f64 {
    let ranks = groups.scan(0.0, |below, count| {
        *below += count;
        Some((*below - 0.5 * count, count))
    });
    least_for_normal(ranks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_values_need_few_and_rare_ones_many() {
        let each = |values: &[f64]| least_for_normal(values.iter().map(|x| (*x, 1.0)));
        let even: Vec<f64> = (0..100).map(f64::from).collect();
        assert!(each(&even) < 1.0);
        assert!(each(&[1.0, 1.0]).is_infinite() && each(&[]).is_infinite());
        // Of 2 % ones: the skewness is (1 - 2 p)/√(p q), the excess kurtosis (1 - 6 p q)/(p q).
        let (p, q) = (0.02, 0.98);
        let rare = least_for_normal([(0.0, 98.0), (1.0, 2.0)].into_iter());
        assert!(
            (rare / (10.0 * (1.0 - 2.0 * p) * (1.0 - 2.0 * p) / (p * q)) - 1.0).abs() < 1e-9,
            "{rare}"
        );
        // Ranks of two values are two values again.
        assert!((least_for_normal_ranks([98.0, 2.0].into_iter()) / rare - 1.0).abs() < 1e-9);
    }
}
