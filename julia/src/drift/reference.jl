# A reference sample that is compared with again and again.

"""
    fit(Reference, x) -> Reference

Prepare a reference sample, features × observations, for many comparisons: each feature is sorted and cut into bins once.
[`compare`](@ref)`(r, current; ...)` then takes all that `compare(x, current; ...)` takes and gives the same, to the bit.

    r = fit(Reference, x)
    compare(r, monday); compare(r, tuesday; tests = [:ks, :psi])
    nobs(r); FluxGuard.save("reference.fg", r); r = FluxGuard.load(Reference, "reference.fg")

Memory: 16 bytes a number. Tasks may share one. Throws [`ElementTypeUnsupported`](@ref), [`EmptyTensor`](@ref),
[`InvalidArgument`](@ref) for NaN and Inf.
"""
struct Reference
    handle::Native.ReferenceHandle
    features::Int
    observations::Int
end

function Reference(handle::Native.ReferenceHandle)
    d = Native.ask(handle, "reference.describe")
    return Reference(handle, d["features"], d["observations"])
end

function fit(::Type{Reference}, x)
    return Reference(Native.make(:reference, face(), "reference.new"; reference = sample("reference", x)))
end

function compare(r::Reference, current; options...)
    return Comparison(Native.ask(r.handle, "reference.compare", compare_options(; options...); current = sample("current", current)))
end

compare(::Reference, ::Table; options...) =
    throw(invalid("current", "a table", "an array, as the reference was; compare(reference, current) takes two tables"))

nobs(r::Reference) = r.observations

save(path::AbstractString, r::Reference) = Native.run(r.handle, "reference.save", (path = path_text(path),))
load(::Type{Reference}, path::AbstractString) = Reference(Native.make(:reference, face(), "reference.load", (path = path_text(path),)))

Base.show(io::IO, r::Reference) =
    print(io, "Reference(", plural(r.features, "feature"), ", ", plural(r.observations, "observation"), ")")
