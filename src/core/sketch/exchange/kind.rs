//! Which sketches there are, by name.

use serde::{Deserialize, Serialize};

use crate::named::named;

/// A family of Apache DataSketches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SketchKind {
    /// Quantiles of numbers, with a bound on the error of ranks (Karnin, Lang and Liberty 2016); of
    /// doubles.
    Kll,
    /// Quantiles of numbers, most exact at the ends, without a bound (Dunning and Ertl 2019); of
    /// doubles.
    Tdigest,
    /// The number of distinct items (Flajolet et al. 2007, with the estimator of historic inverse
    /// probability).
    Hll,
    /// The number of distinct items; other tools can also intersect and subtract such sketches.
    Theta,
    /// The most frequent items and how often each came (Misra and Gries 1982; Anderson et al.
    /// 2017); of text.
    FrequentItems,
    /// The same of whole numbers: the others' sketch of longs, which is another format.
    FrequentLongs,
}

impl SketchKind {
    /// All of them.
    pub const ALL: [SketchKind; 6] = [
        SketchKind::Kll,
        SketchKind::Tdigest,
        SketchKind::Hll,
        SketchKind::Theta,
        SketchKind::FrequentItems,
        SketchKind::FrequentLongs,
    ];

    /// The name in JSON and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            SketchKind::Kll => "kll",
            SketchKind::Tdigest => "tdigest",
            SketchKind::Hll => "hll",
            SketchKind::Theta => "theta",
            SketchKind::FrequentItems => "frequent-items",
            SketchKind::FrequentLongs => "frequent-longs",
        }
    }

    /// The size where none is given: that of the other DataSketches.
    #[must_use]
    pub fn default_size(self) -> u32 {
        match self {
            SketchKind::Kll | SketchKind::Tdigest => 200,
            SketchKind::Hll | SketchKind::Theta => 12,
            SketchKind::FrequentItems | SketchKind::FrequentLongs => 1024,
        }
    }

    /// Whether its items are numbers only.
    #[must_use]
    pub fn numbers_only(self) -> bool {
        matches!(self, SketchKind::Kll | SketchKind::Tdigest)
    }

    /// Whether it counts how often items come.
    #[must_use]
    pub fn is_of_frequencies(self) -> bool {
        matches!(self, SketchKind::FrequentItems | SketchKind::FrequentLongs)
    }

    /// What a size may be.
    pub(super) fn sizes(self) -> &'static str {
        match self {
            SketchKind::Kll => "k from 8 to 65535",
            SketchKind::Tdigest => "k from 10 to 65535",
            SketchKind::Hll => "lg_k from 4 to 21",
            SketchKind::Theta => "lg_k from 5 to 26",
            SketchKind::FrequentItems | SketchKind::FrequentLongs => {
                "a power of two from 8 to 2^20"
            }
        }
    }
}

named!(SketchKind, "kind", SketchKind::ALL);
