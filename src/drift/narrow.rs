//! Samples of different element types, brought to the narrower one: 0.1 in single precision is not
//! 0.1 in double, and values that are equal to the model must be equal to a test.

use half::f16;

use crate::error::Result;
use crate::tensor::{Elements, Tensor};

/// How many bits an element has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Width {
    Half,
    Single,
    Double,
}

impl Width {
    pub fn of(sample: &Tensor<'_>) -> Self {
        match sample.elements() {
            Elements::F16(_) => Width::Half,
            Elements::F32(_) => Width::Single,
            Elements::F64(_) => Width::Double,
        }
    }

    /// The nearest number of this width.
    fn round(self, x: f64) -> f64 {
        match self {
            Width::Half => f16::from_f64(x).to_f64(),
            Width::Single => f64::from(x as f32),
            Width::Double => x,
        }
    }
}

/// A sample as it is, or rounded.
pub(super) enum Narrowed<'a> {
    Same(Tensor<'a>),
    Rounded(Vec<f64>, usize),
}

impl<'a> Narrowed<'a> {
    /// No wider than `width`. A number beyond the largest of that width stays as it is: it is equal
    /// to none of the other sample.
    pub fn new(sample: &Tensor<'a>, width: Width) -> Self {
        if Width::of(sample) <= width {
            return Narrowed::Same(*sample);
        }
        let elements = sample.elements();
        let rounded = (0..elements.len()).map(|i| {
            let x = elements.get(i);
            let near = width.round(x);
            if near.is_finite() { near } else { x }
        });
        Narrowed::Rounded(rounded.collect(), sample.observations())
    }

    pub fn tensor(&self) -> Result<Tensor<'_>> {
        match self {
            Narrowed::Same(sample) => Ok(*sample),
            Narrowed::Rounded(rows, observations) => {
                Tensor::new(Elements::F64(rows), *observations)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::{CompareOptions, compare};
    use crate::reference::Reference;
    use crate::two_sample::TestName;

    #[test]
    fn equal_numbers_of_different_width_are_equal() {
        let tenths: Vec<f64> = (0..300).map(|i| f64::from(i % 10) / 10.0).collect();
        let single: Vec<f32> = tenths.iter().map(|x| *x as f32).collect();
        let half: Vec<f16> = tenths.iter().map(|x| f16::from_f64(*x)).collect();
        let tests = TestName::ALL.into_iter().filter(|test| *test != TestName::Fisher).collect();
        let all = [Elements::F64(&tenths), Elements::F32(&single), Elements::F16(&half)];
        let options = CompareOptions { tests, ..Default::default() };
        for a in all {
            for b in all {
                let (a, b) =
                    (Tensor::new(a, 300).expect("shape"), Tensor::new(b, 300).expect("shape"));
                let by_itself = Reference::new(&a).expect("finite");
                for comparison in [compare(&a, &b, &options), by_itself.compare(&b, &options)] {
                    let comparison = comparison.expect("comparable");
                    assert!(!comparison.drift, "{a:?} {b:?}");
                    assert_eq!(
                        comparison.columns[0].tests[0].result.statistic, 0.0,
                        "{:?}",
                        comparison.columns[0].tests[0]
                    );
                }
            }
        }
        let huge = [1e300, 1.0, 2.0, 3.0];
        let (a, b) = (
            Tensor::new(Elements::F64(&huge), 4),
            Tensor::new(Elements::F32(&[1.0, 2.0, 3.0, 4.0]), 4),
        );
        compare(&a.expect("shape"), &b.expect("shape"), &CompareOptions::default())
            .expect("finite as it stands");
    }
}
