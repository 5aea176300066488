# How objects that hold something of Rust's are copied, sent to other processes, and kept in files of other packages. A
# pointer means nothing outside the object that owns it, so none is ever copied or written.
#
# | what                                                          | `deepcopy`          | Serialization, Distributed, JLD2 |
# |:--------------------------------------------------------------|:--------------------|:---------------------------------|
# | `Changing`: they go on learning or counting                   | an object of its own | through FluxGuard's own format   |
# | `Fixed`, `Fitted`: what Rust holds never changes              | shares it           | through FluxGuard's own format   |
# | a guard, which runs in this process                           | the same guard      | its name; read, it watches nothing |
# | randomness and runs of private training (private_runs.jl)     | refused by name     | refused by name                  |
# | any handle whose owner is in none of these lists              | refused by name     | refused by name                  |
#
# The last row is what a type that is forgotten here gets; julia/test/copies.jl finds it.

const Changing = Union{Profile,StreamDetector,Sketch,LiveThreshold,LateLabels,NeighborStore}
const Fixed = Union{Reference,PerformanceEstimator}

"Detectors: what they learned is replaced by `fit!` and never changed, so that copies share it; options are each one's own."
const Fitted = Union{NativeDetector,SequenceDetector}

"What has a form of FluxGuard's own that is whole."
const Kept = Union{Changing,Fixed,Fitted}

"""
What stands for an object of these types in a stream or a file of another package: the bytes of its file, of a sketch those
of [`sketch_bytes`](@ref), of a detector that is not fitted its options; and which of these: "file", "options", or a sketch's
kind and size. Mutable, so that JLD2 writes what is in several places once.
"""
mutable struct Packed
    form::String
    bytes::Vector{UInt8}
end

packed(x::Kept) = Packed("file", file_bytes(x))
packed(d::Fitted) = d.handle isa NotFitted ? Packed("options", Vector{UInt8}(JSON.write(d.options))) : Packed("file", file_bytes(d))
packed(s::Sketch) = (told = describe(s); Packed(string(told["kind"], ' ', told["size"]), sketch_bytes(s)))

"""
    unpacked(T, packed) -> object of type T

What [`packed`](@ref FluxGuard.packed) packed, by the face that is in use here. Throws what `load` throws.
"""
unpacked(::Type{T}, p::Packed) where {T<:Kept} = from_file_bytes(T, p.bytes)::T
unpacked(::Type{T}, p::Packed) where {T<:Fitted} =
    p.form == "options" ? not_fitted(T, JSON.parse(String(copy(p.bytes)))) : from_file_bytes(T, p.bytes)::T
function unpacked(::Type{Sketch}, p::Packed)
    kind, size = split(p.form)
    # A theta sketch's bytes do not tell its size.
    return kind == "theta" ? merge!(Sketch(kind; size = parse(Int, size)), Sketch(kind, p.bytes)) : Sketch(kind, p.bytes)
end

not_fitted(::Type{T}, options) where {T<:NativeDetector} = T(options, NotFitted(), 0)
not_fitted(::Type{T}, options) where {T<:SequenceDetector} = T(options, NotFitted())

file_bytes(x) = beside_a_file() do path
    save(path, x)
    read(path)
end

from_file_bytes(::Type{T}, bytes) where {T} = beside_a_file() do path
    write(path, bytes)
    load(file_type(T), path)
end

file_type(::Type{T}) where {T} = T
file_type(::Type{<:StreamDetector}) = StreamDetector

# A path that nobody else can reach, for as long as `f` runs.
function beside_a_file(f)
    try
        return mktempdir(folder -> f(joinpath(folder, "object")))
    catch error
        error isa Union{SystemError,Base.IOError} || rethrow()
        throw(unusable(tempdir(), error, "written; set TMPDIR to a folder with room"))
    end
end

"What is refused: `how` is \"copied\", \"serialized\" or \"saved by ...\"."
refusal(x, how) = InvalidArgument("$(called(x)) cannot be $how: $(fix(x))")

called(x) = "a $(nameof(typeof(x)))"
