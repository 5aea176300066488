//! Arrays that a host lends for the length of a call: each has a name, and elements of one type, to read or to write.

use half::f16;

use crate::error::{Error, Result};
use crate::tensor::{Elements, Tensor};

/// An array of a host.
#[derive(Debug)]
pub struct Array<'a> {
    /// By which an operation asks for it.
    pub name: &'a str,
    /// Its elements, column-major.
    pub data: Data<'a>,
    /// Length of the last dimension.
    pub observations: usize,
}

/// Elements of one type.
#[derive(Debug)]
#[allow(missing_docs)]
pub enum Data<'a> {
    F16(&'a [f16]),
    F32(&'a [f32]),
    F64(&'a [f64]),
    U8(&'a [u8]),
    U32(&'a [u32]),
    U64(&'a [u64]),
    I64(&'a [i64]),
    WriteF32(&'a mut [f32]),
    WriteF64(&'a mut [f64]),
    WriteU8(&'a mut [u8]),
    WriteU64(&'a mut [u64]),
    WriteI64(&'a mut [i64]),
}

impl Data<'_> {
    /// What a person calls it.
    fn describe(&self) -> &'static str {
        match self {
            Data::F16(_) => "Float16",
            Data::F32(_) => "Float32",
            Data::F64(_) => "Float64",
            Data::U8(_) => "UInt8",
            Data::U32(_) => "UInt32",
            Data::U64(_) => "UInt64",
            Data::I64(_) => "Int64",
            Data::WriteF32(_) => "Float32 to write",
            Data::WriteF64(_) => "Float64 to write",
            Data::WriteU8(_) => "UInt8 to write",
            Data::WriteU64(_) => "UInt64 to write",
            Data::WriteI64(_) => "Int64 to write",
        }
    }
}

/// An element type that an operation can ask for.
pub trait Element: Sized {
    /// What a person calls it.
    const NAME: &'static str;
    /// The elements, if they are of this type; what can be written can be read.
    fn read(data: Data<'_>) -> std::result::Result<&[Self], Data<'_>>;
    /// The elements, if they are of this type and may be written.
    fn write(data: Data<'_>) -> std::result::Result<&mut [Self], Data<'_>>;
}

macro_rules! elements {
    ($($type:ty = $name:literal: $read:ident $($write:ident)?;)*) => {$(
        impl Element for $type {
            const NAME: &'static str = $name;
            fn read(data: Data<'_>) -> std::result::Result<&[Self], Data<'_>> {
                match data {
                    Data::$read(x) => Ok(x),
                    $(Data::$write(x) => Ok(x),)?
                    other => Err(other),
                }
            }
            fn write(data: Data<'_>) -> std::result::Result<&mut [Self], Data<'_>> {
                match data {
                    $(Data::$write(x) => Ok(x),)?
                    other => Err(other),
                }
            }
        }
    )*};
}

elements! {
    f32 = "Float32": F32 WriteF32;
    f64 = "Float64": F64 WriteF64;
    u8 = "UInt8": U8 WriteU8;
    u32 = "UInt32": U32;
    u64 = "UInt64": U64 WriteU64;
    i64 = "Int64": I64 WriteI64;
}

impl<'a> Array<'a> {
    /// The array as outputs of a model.
    ///
    /// # Errors
    /// [`Error::ElementTypeUnsupported`], and those of [`Tensor::new`].
    pub fn tensor(self, argument: &'static str) -> Result<Tensor<'a>> {
        let elements = match self.data {
            Data::F16(x) => Elements::F16(x),
            Data::F32(x) => Elements::F32(x),
            Data::F64(x) => Elements::F64(x),
            other => return Err(unsupported(argument, &other, "Float16, Float32 or Float64")),
        };
        Tensor::new(elements, self.observations)
    }

    /// The elements.
    ///
    /// # Errors
    /// [`Error::ElementTypeUnsupported`].
    pub fn read<T: Element>(self, argument: &'static str) -> Result<&'a [T]> {
        T::read(self.data).map_err(|other| unsupported(argument, &other, T::NAME))
    }

    /// The elements, to write.
    ///
    /// # Errors
    /// [`Error::ElementTypeUnsupported`].
    pub fn write<T: Element>(self, argument: &'static str) -> Result<&'a mut [T]> {
        T::write(self.data).map_err(|other| unsupported(argument, &other, &format!("{} to write", T::NAME)))
    }
}

fn unsupported(argument: &'static str, was: &Data<'_>, expected: &str) -> Error {
    Error::ElementTypeUnsupported { argument, was: format!("{} (expected here: {expected})", was.describe()) }
}
