//! The online detectors, a row each. A detector is a row and a file.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::adwin::Adwin;
use super::cusum::Cusum;
use super::ddm::Ddm;
use super::eddm::Eddm;
use super::gma::Gma;
use super::hddm_a::HddmA;
use super::hddm_w::HddmW;
use super::kswin::Kswin;
use super::mmd::Mmd;
use super::p_values::PValues;
use super::page_hinkley::PageHinkley;
use super::{Domain, Online, State};
use crate::Result;
use crate::anytime::betting::Betting;
use crate::anytime::martingale::Martingale;
use crate::anytime::two_sample::TwoSample;
use crate::named::named;
use crate::sound::Sound;
use crate::stats::online_fdr::{Lord, Saffron};

/// What one observation of a detector is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// A number.
    Values,
    /// Whether a prediction was wrong (1) or right (0).
    Outcomes,
    /// Two numbers, one of each of two streams.
    Pairs,
    /// A p-value of a test made before.
    PValues,
}

/// One list, from which all follows: name, what it takes, detector, and how that is made of its
/// options.
macro_rules! detectors {
    ($($(#[$doc:meta])* $variant:ident $name:literal $takes:ident $detector:ty = $new:expr;)*) => {
        /// An online detector, by its name in JSON, flags and Julia.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum OnlineName {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl OnlineName {
            /// All detectors.
            pub const ALL: [OnlineName; [$(OnlineName::$variant),*].len()] =
                [$(OnlineName::$variant),*];

            /// What one observation is.
            #[must_use]
            pub fn takes(self) -> Takes {
                match self { $(OnlineName::$variant => Takes::$takes,)* }
            }

            /// The name, as it is written everywhere.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(OnlineName::$variant => $name,)* }
            }
        }

        /// A detector of any kind.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub(super) enum Detector {
            $($variant($detector),)*
        }

        impl Detector {
            pub fn new(name: OnlineName, options: Value) -> Result<Self> {
                match name {
                    $(OnlineName::$variant => $new(read(options)?).map(Detector::$variant),)*
                }
            }

            pub fn name(&self) -> OnlineName {
                match self { $(Detector::$variant(_) => OnlineName::$variant,)* }
            }

            /// Takes in numbers in order; says at which it fired, and the state after each.
            /// Compiled for each detector.
            pub fn update(&mut self, values: impl Iterator<Item = f64>,
                mut say: impl FnMut(usize, State)) {
                match self {
                    $(Detector::$variant(d) => values.enumerate().for_each(|(i, x)| say(i, d.update(x))),)*
                }
            }

            pub fn reset(&mut self) {
                match self { $(Detector::$variant(d) => d.reset(),)* }
            }

            pub fn statistic(&self) -> f64 {
                match self { $(Detector::$variant(d) => d.statistic(),)* }
            }

            pub fn needs(&self) -> u64 {
                match self { $(Detector::$variant(d) => d.needs(),)* }
            }

            pub fn domain(&self) -> Domain {
                match self { $(Detector::$variant(d) => d.domain(),)* }
            }

            pub fn is_sound(&self) -> bool {
                match self { $(Detector::$variant(d) => d.is_sound(),)* }
            }
        }
    };
}

detectors! {
    /// [`super::adwin`].
    Adwin "adwin" Values Adwin = Adwin::new;
    /// [`super::page_hinkley`].
    PageHinkley "page-hinkley" Values PageHinkley = PageHinkley::new;
    /// [`super::ddm`].
    Ddm "ddm" Outcomes Ddm = Ddm::new;
    /// [`super::eddm`].
    Eddm "eddm" Outcomes Eddm = Eddm::new;
    /// [`super::hddm_a`].
    HddmA "hddm-a" Values HddmA = HddmA::new;
    /// [`super::hddm_w`].
    HddmW "hddm-w" Values HddmW = HddmW::new;
    /// [`super::kswin`].
    Kswin "kswin" Values Kswin = Kswin::new;
    /// [`super::cusum`].
    Cusum "cusum" Values Cusum = Cusum::new;
    /// [`super::gma`].
    Gma "gma" Values Gma = Gma::new;
    /// [`super::mmd`].
    Mmd "mmd" Values Box<Mmd> = |options| Mmd::new(options).map(Box::new);
    /// [`crate::anytime::martingale`].
    Martingale "martingale" Values Box<Martingale> = |options| Martingale::new(options).map(Box::new);
    /// [`crate::anytime::betting`].
    Betting "betting" Values Betting = Betting::new;
    /// [`crate::anytime::two_sample`].
    TwoSample "two-sample" Pairs TwoSample = TwoSample::new;
    /// [`super::p_values`].
    Lord "lord" PValues PValues<Lord> = PValues::<Lord>::new;
    /// [`super::p_values`].
    Saffron "saffron" PValues PValues<Saffron> = PValues::<Saffron>::new;
}

fn read<T: DeserializeOwned + Default>(options: Value) -> Result<T> {
    if options.is_null() {
        return Ok(T::default());
    }
    crate::options::from_value(options)
}

named!(OnlineName, "detector", Self::ALL);
