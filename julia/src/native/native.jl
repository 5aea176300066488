# The border. Rust has a table of operations (src/border/operations); a verb of this package names one. A new operation is its row there
# and its verb here: nothing in this folder knows which operations there are.

"""
The two faces of the Rust library, the C ABI and jlrs, behind one set of functions. Not part of the public interface.

    make(kind, on, operation, options; arrays...) -> handle of that kind
    ask(on, operation, options; arrays...) -> what its JSON says
    bytes(on, operation, options; arrays...) -> Vector{UInt8}
    number(on, operation, options; arrays...) -> Int
    numbers(on, operation, options; arrays...) -> Int, Vector{Int64}
    run(on, operation, options; arrays...) -> nothing

`on` is a face where an operation takes no handle, else a handle or a tuple of them. `options` becomes JSON, without what is `nothing`.
`arrays` are those that Rust reads, by the operation's names for them: in place where they are contiguous host memory, else copied;
`nothing` stands for one that is not given, [`Out`](@ref FluxGuard.Native.Out) marks one that Rust writes to, and
[`Many`](@ref FluxGuard.Native.Many) are several of one name. All throw a subtype of `FluxGuardError` where Rust returns an error, and
hear Ctrl-C.

Five calls are counted in nanoseconds and stand by hand on each face: `observe`, `score!`, `update!`, `moments!`, `wake`.
"""
module Native

using Libdl: Libdl
using ..FluxGuard: FluxGuard, ElementTypeUnsupported, InvalidArgument, JSON, LibraryUnavailable, exception

"How Rust is called."
abstract type Face end

# The version of the border that this package is written to.
const ABI_VERSION = 3

include("interrupts.jl")
include("arrays.jl")
include("handles.jl")
include("call.jl")
include("c.jl")

end
