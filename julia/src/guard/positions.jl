# What an observation is: each place of the last dimension, or each position of given dimensions, as the tokens of a sequence or the
# pixels of an image.

"The dimensions that count observations, from what a user says: `nothing` for the last one."
positions_of(word::Union{Symbol,AbstractString}) =
    Symbol(word) === :last ? nothing : throw(invalid("observation", repr(word), ":last, or the dimensions whose positions are observations, such as (2, 3)"))
positions_of(dimension::Integer) = positions_of((dimension,))
function positions_of(dimensions)
    valid = dimensions isa Union{Tuple,AbstractVector,AbstractRange} && !isempty(dimensions) &&
        all(d -> d isa Integer && 1 <= d <= 32, dimensions) && allunique(dimensions)
    valid || throw(invalid("observation", repr(dimensions), ":last, or the dimensions whose positions are observations, such as (2, 3)"))
    return sort!(Int[d for d in dimensions])
end

"""
    arranged(positions, y) -> (matrix of features × positions, whether it had to be moved)

The dimensions that are no positions together are the features, in their order. A dimension that `y` does not have is of length 1, so that a
sequence without a batch is one sequence.
"""
function arranged(positions::Vector{Int}, y::AbstractArray)
    counting = filter(d -> d <= ndims(y), positions)
    features = setdiff(1:ndims(y), counting)
    count = prod(Int[size(y, d) for d in features])
    # Where positions come last, columns are in their place already.
    moved = !isempty(features) && !isempty(counting) && maximum(features) > minimum(counting)
    columns = moved ? permutedims(y, [features; counting]) : y
    return reshape(columns, count, count == 0 ? 0 : length(y) ÷ count), moved
end

"The columns of real positions: all of them without a mask."
unmasked(columns, positions, y, ::Nothing) = columns, false
function unmasked(columns, positions, y, mask)
    expected = Tuple(size(y, d) for d in positions if d <= ndims(y))
    mask isa AbstractArray{Bool} || throw(invalid("mask", "a $(typeof(mask))", "an array of Bool, of size $expected"))
    trimmed = Tuple(n for (i, n) in enumerate(size(mask)) if i <= length(expected) || n != 1)
    trimmed == expected || throw(invalid("mask", "size $(size(mask))", "$expected: that of the positions"))
    # Here, for not every array of a device can be asked for some of its columns.
    return first(Native.host(columns))[:, vec(Array(mask))], true
end

"""
    arrange(of, y, mask) -> (features × observations, whether it had to be moved)

As the profile or guard `of` counts observations.
"""
function arrange(of, y, mask)
    if of.positions === nothing
        mask === nothing || throw(invalid("mask", "a mask", "none where observations are the last dimension; " *
            "say fit(Profile, outputs; observation = (2, 3)), say, where each position is one"))
        return y, false
    end
    columns, moved = arranged(of.positions, y)
    columns, copied = unmasked(columns, of.positions, y, mask)
    return columns, moved || copied
end

"The hook's way, off the path that is counted in nanoseconds."
@noinline function watch_positions(guard, y::AbstractArray{<:Native.Element}, mask)
    columns, moved = arrange(guard, y, mask)
    isempty(columns) && return forget(guard)
    seen, copied = Native.host(columns)
    return watch(guard, seen, moved || copied)
end
watch_positions(guard, y, mask) = missed(guard, y)
