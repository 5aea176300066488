//! Forks of the process, noticed.

/// Has a child of fork know that it is one: the parent's guards refuse there what needs the worker
/// or a lock, with [`fluxguard_core::Error::WorkerFailed`], and guards that the child makes have a
/// worker of its own. The border calls it with the first guard; a Rust program that forks, before
/// that.
pub fn watch() {
    #[cfg(unix)]
    {
        static WATCHED: std::sync::Once = std::sync::Once::new();
        WATCHED.call_once(|| {
            // SAFETY: the functions are safe ones that do not unwind, and stay: in a library that
            // is unloaded, the C library takes them off.
            unsafe {
                libc::pthread_atfork(Some(before), Some(after::<false>), Some(after::<true>))
            };
        });
    }
}

#[cfg(unix)]
unsafe extern "C" fn before() {
    crate::process::before_fork();
}

#[cfg(unix)]
unsafe extern "C" fn after<const IN_CHILD: bool>() {
    crate::process::after_fork(IN_CHILD);
}
