//! Types whose values have a name that is the same in text, JSON, flags and Julia.

/// `Display` and `FromStr` of a type by its `as_str`. `$known` are the values that may be asked for
/// by name, and what an error lists; `$argument` is what it calls them.
#[doc(hidden)]
#[macro_export]
macro_rules! named {
    ($name:ty, $argument:literal, $known:expr) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::Error;

            /// # Errors
            /// `InvalidArgument` that lists the known names.
            fn from_str(name: &str) -> $crate::Result<Self> {
                $known.into_iter().find(|known: &$name| known.as_str() == name).ok_or_else(|| {
                    let known: Vec<&str> = $known.into_iter().map(<$name>::as_str).collect();
                    $crate::Error::invalid(
                        $argument,
                        format!("{name:?}"),
                        format!("one of {}", known.join(", ")),
                    )
                })
            }
        }
    };
}
pub use crate::named;
