//! Arrays that a host lends for the length of a call: each has a name, and elements of one type, to
//! read or to write.

use bytemuck::Pod;
use half::f16;

use crate::error::{Error, Result};
use crate::tensor::{Elements, Tensor};

/// What elements are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ElementType {
    /// Its code at the border.
    pub code: i32,
    /// Bytes of an element, and what its address is a multiple of.
    pub size: usize,
    /// What a person calls it.
    pub name: &'static str,
}

/// A type of elements that an operation can ask for.
pub trait Element: Pod {
    /// What it is at the border.
    const TYPE: ElementType;
}

/// The element types, with a constant for the code of each.
macro_rules! element_types {
    ($($code:ident = $number:literal, $type:ty, $name:literal;)*) => {
        $(
            #[doc = concat!("Element type code of ", $name, ".")]
            pub const $code: i32 = $number;

            impl Element for $type {
                const TYPE: ElementType = ElementType { code: $code, size: size_of::<$type>(),
                    name: $name };
            }
        )*

        impl ElementType {
            /// The type of a code.
            pub(super) fn of(code: i32) -> Option<Self> {
                [$(<$type>::TYPE),*].into_iter().find(|known| known.code == code)
            }
        }
    };
}

element_types! {
    FLOAT16 = 1, f16, "Float16";
    FLOAT32 = 2, f32, "Float32";
    FLOAT64 = 3, f64, "Float64";
    UINT8 = 4, u8, "UInt8";
    UINT32 = 5, u32, "UInt32";
    UINT64 = 6, u64, "UInt64";
    INT64 = 7, i64, "Int64";
}

/// Memory of a host, aligned to its elements.
#[derive(Debug)]
pub enum Lent<'a> {
    /// To read.
    Read(&'a [u8]),
    /// To write.
    Write(&'a mut [u8]),
}

/// An array of a host.
#[derive(Debug)]
pub struct Array<'a> {
    /// By which an operation asks for it.
    pub name: &'a str,
    /// What its elements are.
    pub element: ElementType,
    /// Where they are, column-major.
    pub memory: Lent<'a>,
    /// Length of the last dimension.
    pub observations: usize,
}

impl<'a> Array<'a> {
    /// The array as what an operation can do with it.
    ///
    /// # Errors
    /// [`Error::ElementTypeUnsupported`], and those of [`Tensor::new`].
    pub(super) fn to<A: Taken<'a>>(self, argument: &'static str) -> Result<A> {
        A::take(vec![self], argument)
    }

    /// That its elements are of another type than `expected`.
    pub(super) fn unsupported(&self, argument: &'static str, expected: &str) -> Error {
        let to_write = if matches!(self.memory, Lent::Write(_)) { " to write" } else { "" };
        let was = format!("{}{to_write} (expected here: {expected})", self.element.name);
        Error::ElementTypeUnsupported { argument, was }
    }
}

/// What an operation can take of the arrays of one name.
pub(super) trait Taken<'a>: Sized {
    /// Of these arrays, which errors call `argument`.
    fn take(arrays: Vec<Array<'a>>, argument: &'static str) -> Result<Self>;
}

/// Any array.
impl<'a> Taken<'a> for Array<'a> {
    fn take(arrays: Vec<Array<'a>>, argument: &'static str) -> Result<Self> {
        arrays.into_iter().next().ok_or_else(|| Error::invalid(argument, "none", "an array"))
    }
}

/// An array as outputs of a model.
impl<'a> Taken<'a> for Tensor<'a> {
    fn take(arrays: Vec<Array<'a>>, argument: &'static str) -> Result<Self> {
        let array = Array::take(arrays, argument)?;
        let observations = array.observations;
        let elements = match array.element.code {
            FLOAT16 => Elements::F16(array.to(argument)?),
            FLOAT32 => Elements::F32(array.to(argument)?),
            FLOAT64 => Elements::F64(array.to(argument)?),
            _ => return Err(array.unsupported(argument, "Float16, Float32 or Float64")),
        };
        Tensor::new(elements, observations)
    }
}

/// The elements; what can be written can be read.
impl<'a, T: Element> Taken<'a> for &'a [T] {
    fn take(arrays: Vec<Array<'a>>, argument: &'static str) -> Result<Self> {
        let array = Array::take(arrays, argument)?;
        if array.element != T::TYPE {
            return Err(array.unsupported(argument, T::TYPE.name));
        }
        let bytes = match array.memory {
            Lent::Read(bytes) => bytes,
            Lent::Write(bytes) => bytes,
        };
        // Nothing may lie anywhere.
        Ok(if bytes.is_empty() { &[] } else { bytemuck::cast_slice(bytes) })
    }
}

/// The elements, to write.
impl<'a, T: Element> Taken<'a> for &'a mut [T] {
    fn take(arrays: Vec<Array<'a>>, argument: &'static str) -> Result<Self> {
        let array = Array::take(arrays, argument)?;
        match array.memory {
            Lent::Write([]) if array.element == T::TYPE => Ok(&mut []),
            Lent::Write(bytes) if array.element == T::TYPE => Ok(bytemuck::cast_slice_mut(bytes)),
            _ => Err(array.unsupported(argument, &format!("{} to write", T::TYPE.name))),
        }
    }
}

/// An array, if there is one.
impl<'a, A: Taken<'a>> Taken<'a> for Option<A> {
    fn take(arrays: Vec<Array<'a>>, argument: &'static str) -> Result<Self> {
        (!arrays.is_empty()).then(|| A::take(arrays, argument)).transpose()
    }
}

/// All arrays of the name, in their order.
impl<'a, A: Taken<'a>> Taken<'a> for Vec<A> {
    fn take(arrays: Vec<Array<'a>>, argument: &'static str) -> Result<Self> {
        arrays.into_iter().map(|array| array.to(argument)).collect()
    }
}

/// Demands an array of so many elements.
pub(super) fn expect_len<T>(
    argument: &'static str,
    array: &[T],
    len: usize,
    expected: impl ToString,
) -> Result<()> {
    match array.len() {
        found if found == len => Ok(()),
        found => Err(Error::invalid(argument, format!("{found} elements"), expected)),
    }
}
