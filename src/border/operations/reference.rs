//! References that are prepared once for many comparisons.

use serde_json::json;

use super::prelude::*;
use crate::drift::compare::CompareOptions;
use crate::drift::reference::Reference;

operations! {
    kind "reference" = Arc<Reference>: save "reference.save" on (reference), load "reference.load";

    "reference.new" arrays (reference: Tensor) -> handle {
        leavable_on([&reference], |[reference]| Reference::new(&reference).map(Arc::new))?
    }
    // As `drift.compare`, against a prepared reference.
    "reference.compare" on (reference: &Arc<Reference>) by (options: CompareOptions) or none
    arrays (current: Tensor) -> json {
        let prepared = reference.features() * reference.observations();
        let long = options.takes_long(prepared + current.elements().len());
        let reference = reference.clone();
        leavable_if(long, [&current], move |[current]| reference.compare(&current, &options))?
    }
    "reference.describe" on (reference: &Arc<Reference>) -> json {
        json!({ "features": reference.features(), "observations": reference.observations() })
    }
}
