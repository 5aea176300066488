# A reference sample that is compared with again and again.

"""
    fit(Reference, x) -> Reference

Prepare a reference sample, features × observations, for many comparisons: each feature is sorted and cut into bins once.
[`compare`](@ref)`(r, current; ...)` then takes all that `compare(x, current; ...)` takes and gives the same, to the bit.

    r = fit(Reference, x)
    compare(r, monday); compare(r, tuesday; tests = [:ks, :psi])
    nobs(r); save("reference.fg", r); r = load(Reference, "reference.fg")

Memory: 16 bytes a number. Tasks may share one. Throws [`ElementTypeUnsupported`](@ref), [`EmptyTensor`](@ref),
[`InvalidArgument`](@ref) for NaN and Inf.
"""
struct Reference
    handle::Native.ReferenceHandle
    features::Int
    observations::Int
end

function Reference(handle::Native.ReferenceHandle)
    d = JSON.parse(Native.reference_describe(handle))
    return Reference(handle, d["features"], d["observations"])
end

function fit(::Type{Reference}, x)
    y, _ = Native.host(told("reference", x))
    return Reference(Native.heard(Native.reference_new, face(), y, observations(x)))
end

function compare(r::Reference, current; options...)
    y, _ = Native.host(told("current", current))
    return Comparison(JSON.parse(Native.heard(Native.reference_compare, r.handle, compare_options(; options...), y, observations(current))))
end

nobs(r::Reference) = r.observations

save(path::AbstractString, r::Reference) = (Native.reference_save(r.handle, path_text(path)); nothing)
load(::Type{Reference}, path::AbstractString) = Reference(Native.reference_load(face(), path_text(path)))

Base.show(io::IO, r::Reference) =
    print(io, "Reference(", plural(r.features, "feature"), ", ", plural(r.observations, "observation"), ")")
