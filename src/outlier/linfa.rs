//! Detectors as linfa sees them: fitted on a dataset of rows, predicting one score per row, so that
//! they stand in linfa's pipelines and cross-validation.

use linfa::dataset::DatasetBase;
use linfa::traits::{Fit, PredictInplace};
use ndarray::{Array1, ArrayBase, CowArray, Data, Ix2};

use super::{Detector, Rows};
use crate::error::Error;
use crate::tensor::Tensor;

/// Why a fit failed, as linfa's traits want it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(transparent)]
pub struct FitError(#[from] pub Error);

impl From<linfa::Error> for FitError {
    fn from(error: linfa::Error) -> Self {
        FitError(Error::invalid("dataset", error, "a dataset that linfa accepts"))
    }
}

/// Parameters of detector `D`: `Params::<ZScore>::new().fit(&dataset)`, or `Params(options)`.
#[derive(Debug, Clone)]
pub struct Params<D: Detector>(pub D::Options);

impl<D: Detector> Params<D>
where
    D::Options: Default,
{
    /// The default parameters.
    #[must_use]
    pub fn new() -> Self {
        Params(D::Options::default())
    }
}

impl<D: Detector> Default for Params<D>
where
    D::Options: Default,
{
    fn default() -> Self {
        Params::new()
    }
}

/// The records in standard layout; copied only if they are not.
fn rows<S: Data<Elem = f64>>(records: &ArrayBase<S, Ix2>) -> CowArray<'_, f64, Ix2> {
    records.as_standard_layout()
}

impl<S: Data<Elem = f64>, T, D: Detector> Fit<ArrayBase<S, Ix2>, T, FitError> for Params<D> {
    type Object = Scoring<D>;

    /// Learns the reference: one observation a row.
    fn fit(&self, dataset: &DatasetBase<ArrayBase<S, Ix2>, T>) -> Result<Scoring<D>, FitError> {
        let rows = rows(&dataset.records);
        let fitted = Tensor::from_rows(&rows.view())
            .and_then(|rows| D::fit(&Rows::reference(&rows)?, &self.0));
        Ok(Scoring(fitted?))
    }
}

/// A fitted detector that predicts scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Scoring<D>(pub D);

impl<S: Data<Elem = f64>, D: Detector> PredictInplace<ArrayBase<S, Ix2>, Array1<f64>>
    for Scoring<D>
{
    /// NaN for rows that are not finite, and for all rows if they do not have the reference's
    /// features: linfa's `predict` has no errors; check the shape before.
    fn predict_inplace<'a>(&'a self, x: &'a ArrayBase<S, Ix2>, y: &mut Array1<f64>) {
        for (row, score) in x.rows().into_iter().zip(y.iter_mut()) {
            let row = row.to_vec();
            let good = row.len() == self.0.features() && row.iter().all(|x| x.is_finite());
            *score = f64::NAN;
            if good {
                self.0.score_rows(&row, std::slice::from_mut(score));
            }
        }
    }

    fn default_target(&self, x: &ArrayBase<S, Ix2>) -> Array1<f64> {
        Array1::zeros(x.nrows())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scaled::{Distance, ZScore};
    use linfa::traits::Predict;
    use ndarray::{Array2, array};

    #[test]
    fn a_linfa_dataset_is_fitted_and_scored() {
        let records = Array2::from_shape_fn((50, 2), |(i, j)| (i * (j + 1)) as f64);
        let dataset = DatasetBase::from(records.clone());
        let detector = Params::<ZScore>::new().fit(&dataset).expect("fits");
        let probe = array![[24.5, 49.0], [24.5, 490.0]];
        let scores: Array1<f64> = detector.predict(&probe);
        assert!(scores[0] < 1e-6 && scores[1] > 10.0, "{scores}");
        // The same from a transposed, strided view.
        let transposed = records.t().as_standard_layout().into_owned();
        let strided = DatasetBase::from(transposed.t());
        assert_eq!(Params::<ZScore>::new().fit(&strided).expect("fits"), detector);
        let wrong: Array1<f64> = detector.predict(&array![[1.0, 2.0, 3.0]]);
        assert!(wrong[0].is_nan());
        let bad = DatasetBase::from(array![[1.0, f64::NAN], [2.0, 3.0]]);
        let fit: Result<Scoring<Distance>, FitError> = Params::new().fit(&bad);
        assert_eq!(fit.expect_err("NaN").0.code(), 200);
    }
}
