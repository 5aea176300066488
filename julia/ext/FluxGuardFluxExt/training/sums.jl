# The clipped sum of a lot.

# Norms of ghost clipping are Float32 products; the weights aim this far below the clip norm, so that rounding does not
# take a contribution above it.
const MARGIN = 1 - 2.0^-14

"""
Weights (observations × parameters) that clip, from squared norms: one for all parameters, or one for each. Those of
observations that are not finite are zero.
"""
function clip_weights(squares, clip::Real)
    norms = [norm_of(view(squares, i, :)) for i in axes(squares, 1)]
    weight(norm) = isfinite(norm) ? min(1.0, MARGIN * clip / norm) : 0.0
    return repeat(weight.(norms), 1, size(squares, 2)), norms
end

function clip_weights(squares, clips)
    norms = [norm_of(view(squares, i, :)) for i in axes(squares, 1)]
    weight(i, k) = isfinite(norms[i]) ? min(1.0, MARGIN * clips[k] / sqrt(squares[i, k])) : 0.0
    return [weight(i, k) for i in axes(squares, 1), k in axes(squares, 2)], norms
end

norm_of(squares) = sqrt(sum(squares))

"""
    clipped_sums(parts, parameters, settings, batch, n, most) -> loss, sums, report

`sums` maps each of `parameters` to its clipped sum over the expected lot size. Lots beyond `most` observations are worked off in pieces.
"""
function clipped_sums(parts, parameters, settings, batch, n, most)
    clip, lot = settings.clip, settings.lot_size
    sums = IdDict{Any,Any}()
    norms, clipped, losses = fill(NaN, n), 0, zeros(length(parts))
    for range in Iterators.partition(1:n, most)
        piece = length(range) == n ? batch : Flux.MLUtils.getobs(batch, range)
        clipped += add_piece!(sums, losses, view(norms, range), parts, parameters, clip, lot, piece, length(range))
    end
    for p in parameters
        haskey(sums, p) || (sums[p] = zero(p))
    end
    bad = findall(!isfinite, norms)
    good = n - length(bad)
    for (k, part) in enumerate(parts)
        part.reduction === :mean && (losses[k] /= good)
    end
    value = good == 0 ? missing : length(parts) == 1 ? losses[1] : Tuple(losses)
    return value, sums, ClipReport(n, clipped, bad, norms, total_clip(clip), path_taken(parts), nothing)
end

path_taken(parts) = all(part -> path(part) === :ghost, parts) ? :ghost : :each

"Adds a piece's clipped sum to `sums`, its losses (as sums over examples) to `losses`, writes `norms`, gives how many were clipped."
function add_piece!(sums, losses, norms, parts, parameters, clip, lot, piece, n)
    fast = all(part -> ghost(part) && part.reduction !== nothing, parts)
    if fast
        clipped = ghost_piece!(sums, losses, norms, parts, clip, lot, piece, n)
        clipped === nothing || return clipped
    end
    return each_piece!(sums, losses, norms, parts, parameters, clip, lot, piece)
end

"By recording; `nothing` where the model turned out not to allow it."
function ghost_piece!(sums, losses, norms, parts, clip, lot, piece, n)
    values, squares = Float64[], Matrix{Float64}[]
    for part in parts
        try
            value, own = record!(part.recorder, part.loss, piece)
            scale = part.reduction === :mean ? n : 1
            push!(values, value * (part.reduction === :mean ? n : 1))
            push!(squares, own .* scale^2)
        catch error
            error isa Unfit || rethrow()
            part.recorder.unfit = error.reason
            return nothing
        end
    end
    all_squares = length(squares) == 1 ? squares[1] : reduce(hcat, squares)
    bad = [i for i in 1:n if !isfinite(sum(view(all_squares, i, :)))]
    if !isempty(bad)
        # a NaN may have spread: who is bad is seen alone, and the others are recorded again without them
        foreach(part -> foreach(reset!, part.recorder.taps), parts)
        return without_bad!(sums, losses, norms, parts, clip, lot, piece, n, bad)
    end
    weights, norms[:] = clip_weights(all_squares, clip)
    at = 0
    for part in parts
        columns = at+1:at+length(part.recorder.parameters)
        scale = part.reduction === :mean ? n : 1
        sums!(sums, part.recorder, view(weights, :, columns) .* (scale / lot))
        at = last(columns)
    end
    losses .+= values
    return count(i -> any(<(1), view(weights, i, :)), 1:n)
end

function without_bad!(sums, losses, norms, parts, clip, lot, piece, n, suspects)
    bad = filter(suspects) do i
        one = observation_of(piece, i)
        any(parts) do part
            _, gradients = ordinary(part.model, part.recorder.index, part.loss, one)
            !all(g -> isfinite(square(g)), values(gradients))
        end
    end
    good = setdiff(1:n, bad)
    length(good) == n && return nothing # one by one, then
    isempty(good) && return 0
    own = view(norms, good)
    return ghost_piece!(sums, losses, own, parts, clip, lot, Flux.MLUtils.getobs(piece, good), length(good))
end

"By the gradient of every observation on its own."
function each_piece!(sums, losses, norms, parts, parameters, clip, lot, piece)
    clipped = 0
    each!([(part.model, part.loss) for part in parts], parameters, piece) do i, values, squares, gradients
        weights, norm = clip_weights(permutedims(squares), clip)
        norms[i] = only(norm)
        isfinite(norms[i]) || return
        losses .+= values
        clipped += any(<(1), weights)
        for (k, p) in enumerate(parameters)
            haskey(gradients, p) || continue
            g = settled(gradients[p], eltype(p))
            w = convert(eltype(p), weights[k] / lot)
            haskey(sums, p) ? (sums[p] .+= w .* g) : (sums[p] = w .* g)
        end
    end
    return clipped
end
