//! One column, or one file, in two roles: seldom what was meant.

use std::collections::BTreeMap;
use std::path::Path;

use super::failure::quoted;
use super::sample::is_same_file;
use fluxguard::Error;

/// Flags and the columns that they name are all different.
///
/// # Errors
/// [`Error::InvalidArgument`] with the column and the flags that both name it.
pub fn expect_different<'a>(
    roles: impl IntoIterator<Item = (&'static str, &'a str)>,
) -> Result<(), Error> {
    let mut known: BTreeMap<&str, &'static str> = BTreeMap::new();
    for (flag, column) in roles {
        if let Some(first) = known.insert(column, flag) {
            let who = if first == flag { "twice".into() } else { format!("which is also {first}") };
            return Err(Error::invalid(
                flag,
                format!("the column {}, {who}", quoted(column)),
                "another column for each",
            ));
        }
    }
    Ok(())
}

/// Warnings where a file stands in two places, and what comes of it.
pub fn one_file(files: &[(&'static str, &Path)], comes_of_it: &str) -> Vec<String> {
    let mut warnings = Vec::new();
    for (at, (place, path)) in files.iter().enumerate() {
        if let Some((first, _)) = files[..at].iter().find(|(_, other)| is_same_file(other, path)) {
            let who = if first == place {
                format!("{place} twice")
            } else {
                format!("{first} and {place}")
            };
            warnings.push(format!("{} is {who}: {comes_of_it}", path.display()));
        }
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_that_is_given_twice_is_named_with_both_flags() {
        let of = |roles: &[(&'static str, &str)]| {
            expect_different(roles.iter().copied()).map_err(|e| e.to_string())
        };
        assert_eq!(of(&[("--score", "p"), ("--prediction", "q"), ("--label", "y")]), Ok(()));
        let message = of(&[("--score", "y"), ("--prediction", "q"), ("--label", "y")])
            .err()
            .unwrap_or_default();
        assert!(
            message.contains("--label") && message.contains("\"y\", which is also --score"),
            "{message}"
        );
        let message = of(&[("--score", "p"), ("--score", "p")]).err().unwrap_or_default();
        assert!(message.contains("--score") && message.contains("\"p\", twice"), "{message}");
    }
}
