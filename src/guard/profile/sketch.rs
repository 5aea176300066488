//! What a profile keeps, as a sketch that leaves the machine.

use super::Profile;
use crate::error::{Error, Result};
use crate::sketch::{Sketch, SketchKind};

impl Profile {
    /// A `kll` sketch of a feature (from 0), or, without one, `frequent-items` of the predicted
    /// classes by their numbers from 0.
    ///
    /// The class counts are those of all reference observations. The numbers are those that the
    /// profile keeps: all up to its capacity, beyond it a uniform sample of so many, which counts
    /// as so many when sketches are merged.
    ///
    /// # Errors
    /// [`Error::BaselineTooSmall`] before anything was taken in; [`Error::InvalidArgument`] naming
    /// `feature`; [`Error::Incompatible`] for another kind, and for classes where the output has
    /// none.
    pub fn sketch(&self, kind: SketchKind, feature: Option<usize>) -> Result<Sketch> {
        let Some(fitted) = &self.fitted else {
            let reason = "a sketch of it would be empty".into();
            return Err(Error::BaselineTooSmall {
                argument: "profile",
                was: 0,
                expected: 1,
                reason,
            });
        };
        let incompatible = |was: String, expected: &str| {
            Err(Error::Incompatible { argument: "kind", was, expected: expected.to_owned() })
        };
        match (kind, feature) {
            (SketchKind::Kll, Some(feature)) => {
                let p = fitted.moments.features();
                if feature >= p {
                    return Err(Error::invalid(
                        "feature",
                        format!("number {} of {p}", feature + 1),
                        "one of the profile's",
                    ));
                }
                fitted.sample.to_kll(feature)
            }
            (SketchKind::Kll, None) => {
                Err(Error::invalid("feature", "none", "which feature the sketch is to be of"))
            }
            (SketchKind::FrequentItems, Some(feature)) => {
                let was = format!("number {}", feature + 1);
                Err(Error::invalid(
                    "feature",
                    was,
                    "none: frequent items are those of the predicted classes",
                ))
            }
            (SketchKind::FrequentItems, None) if fitted.classes.counts().is_empty() => {
                incompatible(
                    "frequent-items of values".into(),
                    "an output with classes: logits or probabilities",
                )
            }
            (SketchKind::FrequentItems, None) => Sketch::try_from(&fitted.classes),
            (other, _) => incompatible(
                other.to_string(),
                "kll of a feature or frequent-items of classes: that is what a profile keeps; others are made of the data",
            ),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::{OutputKind, ProfileOptions};
    use super::*;
    use crate::tensor::{Elements, Tensor};
    use crate::testing::Random;

    #[test]
    fn a_sketch_of_what_is_kept_merges_with_one_of_data() {
        let rows = Random(1).normals(3 * 4000);
        let mut profile =
            Profile::new(ProfileOptions { output: OutputKind::Logits, ..Default::default() })
                .unwrap();
        assert_eq!(profile.sketch(SketchKind::Kll, Some(0)).unwrap_err().code(), 203);
        profile.fit(&Tensor::new(Elements::F64(&rows), 4000).unwrap()).unwrap();
        let mut sketch = profile.sketch(SketchKind::Kll, Some(1)).unwrap();
        let more: Vec<f64> = Random(2).normals(6000).iter().map(|x| x + 1.0).collect();
        let mut other = Sketch::new(SketchKind::Kll, None).unwrap();
        other.update(&more).unwrap();
        sketch.merge(&other).unwrap();
        let mut all: Vec<f64> = rows.iter().skip(1).step_by(3).chain(&more).copied().collect();
        all.sort_by(f64::total_cmp);
        // The error of a rank that is stated for k = 200: 1.33 % with a probability of 99 % each.
        for rank in [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99] {
            let at = sketch.quantile(rank).unwrap().unwrap();
            let true_rank = all.partition_point(|x| *x <= at) as f64 / 10_000.0;
            assert!((true_rank - rank).abs() < 0.0133, "{rank} {true_rank}");
        }
        let classes = profile.sketch(SketchKind::FrequentItems, None).unwrap();
        let counted: u64 = classes.frequent().unwrap().iter().map(|item| item.estimate).sum();
        assert_eq!(counted, 4000);
        let refused = |kind, feature| profile.sketch(kind, feature).unwrap_err();
        assert!(
            refused(SketchKind::Kll, Some(3)).to_string().starts_with("feature: got number 4 of 3")
        );
        assert!(refused(SketchKind::Kll, None).to_string().starts_with("feature: got none"));
        assert_eq!(refused(SketchKind::FrequentItems, Some(0)).code(), 100);
        assert_eq!(refused(SketchKind::Hll, Some(0)).code(), 204);
        let mut values = Profile::new(ProfileOptions::default()).unwrap();
        values.fit(&Tensor::new(Elements::F64(&rows), 4000).unwrap()).unwrap();
        assert_eq!(values.sketch(SketchKind::FrequentItems, None).unwrap_err().code(), 204);
    }
}
