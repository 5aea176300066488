# A lot's gradients as they cross the border, and the places that are written.

"""
The arrays of one call: `outs` and `slots` are where results go and where they are written first, the same array wherever Rust can
write it in place.
"""
struct Lot
    gradients::Vector{Any}
    outs::Vector{Any}
    slots::Vector{Any}
    examples::Int
end

"The parameters' arrays: one array, or a collection of them."
function parameters(argument, x)
    x isa AbstractArray{<:Number} && return Any[x]
    x isa Union{Tuple,NamedTuple,AbstractVector} && all(y -> y isa AbstractArray{<:Number}, x) && return Any[x...]
    throw(invalid(argument, "a $(typeof(x))", "an array of numbers, or a vector or tuple of such arrays"))
end

function element_type(argument, arrays)
    T = eltype(first(arrays))
    for x in arrays
        eltype(x) in (Float32, Float64) || throw(ElementTypeUnsupported(
            "$argument: element type $(eltype(x)) cannot be read, expected Float32 or Float64; convert the array first"))
        eltype(x) === T || throw(invalid(argument, "arrays of $T and of $(eltype(x))", "one element type"))
    end
    return T
end

function Lot(out, gradients)
    gs, outs = parameters("gradients", gradients), parameters("out", out)
    isempty(gs) && throw(EmptyTensor("gradients: got no parameters, expected an array for each parameter"))
    length(outs) == length(gs) ||
        throw(invalid("out", plural(length(outs), "array"), "$(length(gs)), one for each array of gradients"))
    T = element_type("gradients", gs)
    element_type("out", outs) === T || throw(invalid("out", "arrays of $(eltype(first(outs)))", "arrays of $T, as the gradients are"))
    examples = observations(first(gs))
    for (i, (g, o)) in enumerate(zip(gs, outs))
        ndims(g) == 0 && throw(invalid("gradients", "array $i without dimensions", "the example as last dimension"))
        observations(g) == examples ||
            throw(invalid("gradients", "$(observations(g)) examples in array $i", "$examples (last dimension), as in the first"))
        expected = Base.front(size(g))
        size(o) == expected || (isempty(expected) && length(o) == 1) ||
            throw(invalid("out", "size $(size(o)) for array $i", "$expected, the gradients' size without the last dimension"))
    end
    slots = Any[Native.contiguous(o) ? o : Array{T}(undef, size(o)) for o in outs]
    return Lot(gs, outs, slots, examples)
end

"Arrays that are changed in place."
function Lot(sums)
    outs = parameters("sums", sums)
    isempty(outs) && throw(EmptyTensor("sums: got no parameters, expected an array for each parameter"))
    element_type("sums", outs)
    return Lot(Any[], outs, Any[first(Native.host(o)) for o in outs], 0)
end

"The places that are written."
places(lot::Lot) = Native.Many([Native.Out(slot) for slot in lot.slots])

"Results go where they belong, where they are not there already."
function finish!(lot::Lot)
    for (out, slot) in zip(lot.outs, lot.slots)
        out === slot || copyto!(out, slot)
    end
end
