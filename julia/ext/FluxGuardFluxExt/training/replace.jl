# Trial lots: small ones out of the lot at hand, and the same ones with some of their examples replaced.

# Sizes to choose from, in order of preference on the first lot. A lot must not be as long as an axis that could be taken for it.
const TRIAL_SIZES = (4, 3, 5, 6, 7, 2, 9, 8)

"""
Two sizes of trial lots out of `n` examples, the larger first; one, or none, where there are too few. They differ, so no axis of a
fixed length passes for both, and where it can be had neither is the length of an axis in `taken`.
"""
function trial_sizes(n, taken, order = TRIAL_SIZES)
    fitting = filter(<=(n), collect(order))
    free = filter(!in(taken), fitting)
    return sort!(first([free; filter(in(taken), fitting)], 2); rev = true)
end

"Lengths of the axes of a batch and of parameters, but for those that count examples."
function axes_taken(batch, parameters)
    taken = Set{Int}()
    foreach(x -> union!(taken, Base.front(size(x))), (x for x in arrays(batch) if ndims(x) > 0))
    foreach(p -> union!(taken, size(p)), parameters)
    return taken
end

"""
    swaps(batch, lot, chosen, draw) -> vector of (what, one, rest, all)

Lots in which other examples stand: in `one` at the first place, in `rest` at all but the first, in `all` at every place. `what` says by
what they were replaced: `:examples`, each by its neighbor; `:numbers`, floating point numbers scaled by factors between 1/2 and 2
and truth values (also 0 and 1) flipped, which shows weights and masks that do not vary in this lot; both `kinds` at once, and each
alone, for a loss that takes only one.
"""
function swaps(batch, lot, chosen, draw)
    m = length(chosen)
    at(places) = Flux.MLUtils.getobs(batch, places)
    shifted = circshift(chosen, 1)
    found = Any[(what = :examples, kinds = (), one = at([shifted[1]; chosen[2:end]]), rest = at([chosen[1]; shifted[2:end]]), all = at(shifted))]
    for kinds in ((:scale, :flip), (:scale,), (:flip,))
        other = changed(lot, kinds, draw)
        other === nothing && continue
        push!(found, (what = :numbers, kinds = kinds, one = mixed(lot, other, 1:1), rest = mixed(lot, other, 2:m), all = other))
    end
    return found
end

"The lot with every example's numbers changed; `nothing` where there is nothing to change."
function changed(lot, kinds, draw)
    some = Ref(false)
    new = each_array(lot) do x
        ndims(x) == 0 && return x
        if :scale in kinds && eltype(x) <: AbstractFloat
            some[] = true
            return x .* exp2.(2 .* rand(draw, eltype(x), size(x)) .- 1)
        elseif :flip in kinds && isflag(x)
            some[] = true
            return flipped(x, draw)
        end
        return x
    end
    return some[] ? new : nothing
end

isflag(x) = x isa Union{Array{Bool},BitArray} || x isa Array{<:Integer} && all(v -> v == 0 || v == 1, x)

"About half of the flags of every other example turned over, at least one of each: a mask is not turned off for all."
function flipped(x, draw)
    y = copy(x)
    by_example = reshape(y, :, size(y, ndims(y)))
    for k in 1:2:size(by_example, 2)
        column = view(by_example, :, k)
        isempty(column) && continue
        turn = rand(draw, Bool, length(column))
        turn[rand(draw, 1:length(turn))] = true
        column[turn] .= one(eltype(y)) .- column[turn]
    end
    return y
end

"`a` with the examples at `places` from `b`."
mixed(a::Union{Tuple,NamedTuple}, b, places) = map((x, y) -> mixed(x, y, places), a, b)
function mixed(a::AbstractArray, b, places)
    (a === b || ndims(a) == 0) && return a
    new = copy(a)
    selectdim(new, ndims(new), places) .= selectdim(b, ndims(b), places)
    return new
end
mixed(a, b, places) = a

"`f` of every array of a batch, in the batch's form."
each_array(f, x::AbstractArray) = f(x)
each_array(f, x::Union{Tuple,NamedTuple}) = map(y -> each_array(f, y), x)
each_array(f, x) = x
