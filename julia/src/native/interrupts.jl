# Ctrl-C in a long call of Rust's. Julia raises a flag of its runtime, and throws on its first thread as soon as that runs Julia
# again; so calls of that thread let Rust look at the flag. Rust ends the call, and Julia throws, once, where it always would have.

# Set when the package is loaded: the flag, which is not 0 from Ctrl-C on until Julia throws; C_NULL where a Julia has none, which is not
# heard then.
const SIGNAL_PENDING = Ref(Ptr{Cint}(C_NULL))

"Called when the package is loaded."
begin_interrupts() = (SIGNAL_PENDING[] = try cglobal(:jl_signal_pending, Cint) catch; C_NULL end; nothing)

"""
    heard(call)

What `call(flag)` gives, which passes the flag on to Rust. Ctrl-C ends a long one: `InterruptException`, and all is as before.
"""
function heard(call::F) where {F}
    flag = SIGNAL_PENDING[]
    (flag == C_NULL || Threads.threadid() != 1) && return call(Ptr{Cint}(C_NULL))
    # Julia does not throw before `sigatomic_end`: not on its way through Rust, and not before what Rust gave has an owner.
    Base.sigatomic_begin()
    given = try
        Some(call(flag))
    catch error
        error isa FluxGuard.Interrupted || (Base.sigatomic_end(); rethrow())
        nothing
    end
    Base.sigatomic_end() # throws
    # Still here after an interrupt: the caller's `disable_sigint` keeps it for later.
    return given === nothing ? call(Ptr{Cint}(C_NULL)) : something(given)
end
