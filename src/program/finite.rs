//! Numbers of flags that go on as JSON, which has no NaN and no infinity: refused here by what they
//! are, or all that is left is `null`.

use ciborium::Value;
use serde::Serialize;

use fluxguard::Error;

/// Demands that the numbers of a struct of flags are finite.
///
/// # Errors
/// [`Error::InvalidArgument`] naming the flag and what it was.
pub fn expect_finite(flags: &impl Serialize) -> Result<(), Error> {
    let Ok(Value::Map(entries)) = Value::serialized(flags) else { return Ok(()) };
    for (name, value) in &entries {
        if let (Value::Text(name), Value::Float(x)) = (name, value)
            && !x.is_finite()
        {
            return Err(Error::invalid(
                format!("--{}", name.replace('_', "-")),
                x,
                "a finite number",
            ));
        }
    }
    Ok(())
}
