# Ctrl-C in a long call of Rust's. Julia raises a flag of its runtime, and throws on its first thread as soon as that runs Julia
# again; so calls of that thread let Rust look at the flag. Rust ends the call, and Julia throws, once, where it always would have.

# Set when the package is loaded: the flag, which is not 0 from Ctrl-C on until Julia throws; C_NULL where a Julia has none, which is not
# heard then.
const SIGNAL_PENDING = Ref(Ptr{Cint}(C_NULL))

"Called when the package is loaded."
begin_interrupts() = (SIGNAL_PENDING[] = try cglobal(:jl_signal_pending, Cint) catch; C_NULL end; nothing)

"""
    heard(call, face_or_handle, arguments...)

What `call(face_or_handle, arguments...)` gives, of a function of this module that makes something new or changes something as a
whole. Ctrl-C ends it: `InterruptException`, and all is as before.
"""
function heard(call::F, first, arguments...) where {F}
    flag = SIGNAL_PENDING[]
    (flag == C_NULL || Threads.threadid() != 1) && return call(first, arguments...)
    # Julia does not throw before `sigatomic_end`: not on its way through Rust, and not before what Rust gave has an owner.
    Base.sigatomic_begin()
    given = try
        listen(first, flag)
        Some(call(first, arguments...))
    catch error
        error isa FluxGuard.Interrupted || (Base.sigatomic_end(); rethrow())
        nothing
    finally
        listen(first, Ptr{Cint}(C_NULL))
    end
    Base.sigatomic_end() # throws
    # Still here after an interrupt: the caller's `disable_sigint` keeps it for later.
    return given === nothing ? call(first, arguments...) : something(given)
end
