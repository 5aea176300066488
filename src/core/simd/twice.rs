//! One kernel, compiled twice: for any processor, and for those with AVX2, which is asked for at
//! run time.

/// Defines `pub fn $name($args)` from an inlined body, run with AVX2 where the processor has it.
///
/// The body is ordinary safe Rust that the compiler vectorizes for each of the two.
#[doc(hidden)]
#[macro_export]
macro_rules! compiled_twice {
    (
        $(#[$meta:meta])* fn $name:ident $(<$t:ident: $bound:path>)? ($($arg:ident: $ty:ty),* $(,)?)
        $(-> $ret:ty)? $body:block
    ) => {
        $(#[$meta])*
        pub fn $name $(<$t: $bound>)? ($($arg: $ty),*) $(-> $ret)? {
            #[inline(always)]
            fn plain $(<$t: $bound>)? ($($arg: $ty),*) $(-> $ret)? $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma")]
                fn wide $(<$t: $bound>)? ($($arg: $ty),*) $(-> $ret)? {
                    plain($($arg),*)
                }
                if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                    // SAFETY: the processor has just been asked for the features that `wide` is
                    // compiled with.
                    return unsafe { wide($($arg),*) };
                }
            }
            plain($($arg),*)
        }
    };
}

pub use crate::compiled_twice;
