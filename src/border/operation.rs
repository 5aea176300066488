//! A row of the table of operations: what it is called, what it takes, and what it does.

use super::answer::Answer;
use super::array::Array;
use super::call::Call;
use crate::error::{Error, Result};

/// What a host can ask for by name.
#[derive(Debug)]
pub struct Operation {
    /// `room.verb`.
    pub name: &'static str,
    /// The handles that it takes, in this order.
    pub handles: &'static [&'static str],
    /// The handles that it takes after those, any number of them.
    pub rest: Option<&'static str>,
    /// The arrays that it takes, by name; any of them may be left out if the operation can do
    /// without.
    pub arrays: &'static [&'static str],
    /// What it does.
    pub run: fn(&mut Call<'_>) -> Result<Answer>,
}

impl Operation {
    /// Demands the handles and arrays that it takes.
    pub(super) fn expect(&self, handles: usize, arrays: &[Array<'_>]) -> Result<()> {
        if handles != self.handles.len() && (handles < self.handles.len() || self.rest.is_none()) {
            let names =
                self.handles.iter().copied().chain(self.rest).collect::<Vec<_>>().join(", ");
            let expected = format!("{} for {} ({names})", self.handles.len(), self.name);
            return Err(Error::invalid("handles", handles, expected));
        }
        match arrays.iter().find(|array| !self.arrays.contains(&array.name)) {
            None => Ok(()),
            Some(array) => {
                let expected = format!("the arrays of {}: {}", self.name, self.arrays.join(", "));
                Err(Error::invalid("arrays", format!("an array named {:?}", array.name), expected))
            }
        }
    }
}

/// The operations of a room, as `OPERATIONS`: a row for each, which is a signature and a body.
///
/// ```text
/// operations! {
///     kind "sketch" = Mutex<Sketch>;
///
///     // The values at these ranks.
///     "sketch.quantiles" on (sketch: &Mutex<Sketch>) options (ranks: Vec<f64>) -> json {
///         let sketch = lock(sketch);
///         ranks.iter().map(|rank| sketch.quantile(*rank)).collect::<Result<Vec<_>>>()?
///     }
/// }
/// ```
///
/// A row says what the operation takes, each part where there is something to take, in this order,
/// in which it is also read:
///
/// - `on (name: &Type, ...)`: handles, in this order. `and_any (name: &Type)`: a `Vec` of all after
///   those.
/// - `options (name: Type, ...)`: these options and no others; one whose type is an `Option` may be
///   left out; a last `..name: Type` is all others, as one value. Or `by (name: Type)`: all of them
///   as one value. After either, `or none` lets a host give none at all, which is `{}`. Or
///   `text (name)`: as they were written.
/// - `arrays (name: Type, ...)`: of any type that is [`Taken`](crate::array::Taken): `Tensor`,
///   `&[T]`, `&mut [T]` to write, `Array` of any elements, an `Option` of one, a `Vec` of all that
///   have the name.
///
/// After the arrow stands what it makes, a function of [`Answer`]: `nothing`, `number`, `numbers`,
/// `bytes`, `json` or `handle`. It is given the body's value; `?` and `return Err(..)` in the body
/// end the call.
///
/// Before the rows stand the kinds of handles that the room makes, by type. One with a file form
/// has two rows more, the last ones: `: save "room.save" on (name), load "room.load"`, or `map`,
/// which can leave large arrays in the file.
macro_rules! operations {
    (
        $(
            kind $kind:literal = $held:ty
            $(: save $save:literal on ($saved:ident), $load:ident $load_name:literal)?;
        )*
        $($name:literal $($part:ident $(($($taken:tt)*))?)* -> $makes:ident { $($body:tt)* })+
    ) => {
        $(impl $crate::handle::Held for $held {
            const KIND: &'static str = $kind;
        })*

        pub(super) const OPERATIONS: &[$crate::operation::Operation] = &[
            $(operations!(@row $name $($part $(($($taken)*))?)* -> $makes { $($body)* }),)+
            $($(
                operations!(@row $save on ($saved: &$held) options (path: std::path::PathBuf)
                -> nothing { $crate::operations::Kept::save($saved, &path)? }),
                operations!(@$load $load_name $held),
            )?)*
        ];
    };
    (@load $name:literal $held:ty) => {
        operations!(@row $name options (path: std::path::PathBuf) -> handle {
            <$held as $crate::operations::Kept>::load(&path)?
        })
    };
    (@map $name:literal $held:ty) => {
        operations!(@row $name options (path: std::path::PathBuf, mapped: Option<bool>) -> handle {
            <$held as $crate::operations::Kept>::map(&path, mapped)?
        })
    };
    (
        @row $name:literal
        $(on ($($handle:ident: $handle_type:ty),+))?
        $(and_any ($rest:ident: $rest_type:ty))?
        $(
            options ($($option:ident: $option_type:ty),+ $(, ..$others:ident: $others_type:ty)?)
            $(or $no_options:ident)?
        )?
        $(by ($whole:ident: $whole_type:ty) $(or $not_whole:ident)?)?
        $(text ($text:ident))?
        $(arrays ($($array:ident: $array_type:ty),+))?
        -> $makes:ident { $($body:tt)* }
    ) => {
        $crate::operation::Operation {
            name: $name,
            handles: &[$($(stringify!($handle)),+)?],
            rest: operations!(@some $($rest)?),
            arrays: &[$($(stringify!($array)),+)?],
            #[allow(unused_variables)] // where nothing is taken
            run: |call| {
                $($(let $handle: $handle_type = call.handle(stringify!($handle))?;)+)?
                $(let $rest: Vec<$rest_type> = call.rest(stringify!($rest))?;)?
                $(
                    operations!(@named $($option: $option_type),+ $(; $others: $others_type)?);
                    let Named { $($option,)+ $($others)? } =
                        call.options(operations!(@or $($no_options)?))?;
                )?
                $(let $whole: $whole_type = call.options(operations!(@or $($not_whole)?))?;)?
                $(let $text: &str = call.text();)?
                $($(let $array: $array_type = call.take(stringify!($array))?;)+)?
                $crate::answer::Answer::$makes({ $($body)* })
            },
        }
    };
    (@named $($option:ident: $type:ty),+) => {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Named { $($option: $type),+ }
    };
    (@named $($option:ident: $type:ty),+; $others:ident: $others_type:ty) => {
        #[derive(serde::Deserialize)]
        struct Named { $($option: $type,)+ #[serde(flatten)] $others: $others_type }
    };
    (@some) => { None };
    (@some $rest:ident) => { Some(stringify!($rest)) };
    (@or) => { "" };
    (@or none) => { "{}" };
}
pub(super) use operations;
