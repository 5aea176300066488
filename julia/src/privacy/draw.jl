# How a lot was drawn is a fact of the lot: the arrays that a sampler hands out are known again where they are released.

"""
A lot that a sampler drew: the `number`-th draw of a pass (`sampler` in this process, kept alive by `pass`), how it was drawn,
and whether by private randomness. `parts` and `of` say which arrays it is.
"""
struct Draw
    pass::Native.SamplerHandle
    sampler::Int
    number::Int
    sampling::NamedTuple
    private::Bool
    released::Base.RefValue{Int} # the pass's last draw that was
end

# An array that was seen before, while it lives: what it held then, and the draw that it is; `nothing` for one that is
# a worker's part.
struct Known
    array::WeakRef
    content::UInt32
    draw::Union{Nothing,Draw}
end

const KNOWN = Dict{UInt,Known}()
const KNOWN_LOCK = ReentrantLock()
const KNOWN_SWEEP = Ref(256) # how many there may be before the dead are swept out

"A checksum of what an array holds, and of its size."
function content(x::Array{T,N}) where {T,N}
    sum = UInt32(hash(size(x)) & 0xffffffff)
    isbitstype(T) || return UInt32(foldl((h, y) -> deep(y, h, 0), x; init = UInt(sum)) & 0xffffffff)
    bytes = sizeof(x)
    return GC.@preserve x Base.unsafe_crc32c(convert(Ptr{UInt8}, pointer(x)), Csize_t(bytes), sum)
end
content(x::BitArray) = content(x.chunks) ⊻ UInt32(length(x) & 0xffffffff)
content(x) = UInt32(hash(size(x)) & 0xffffffff)

"What is in a value, by content however deep it lies: not by what object it is."
deep(x::Union{Number,Char,Symbol,AbstractString,Nothing,Missing}, h, depth) = hash(x, h)
deep(x::Union{Array,BitArray}, h, depth) = hash(content(x), h)
deep(x::AbstractArray, h, depth) = foldl((h, y) -> deep(y, h, depth + 1), x; init = hash(size(x), h))
deep(x::Union{Tuple,NamedTuple}, h, depth) = foldl((h, y) -> deep(y, h, depth + 1), values(x); init = h)
function deep(x, h, depth)
    names = fieldnames(typeof(x))
    (isempty(names) || depth > 16) && return hash(x, h)
    return foldl((h, name) -> isdefined(x, name) ? deep(getfield(x, name), h, depth + 1) : h, names; init = hash(typeof(x), h))
end

"""
The arrays in memory that a batch is made of, each with what it is seen through: a view of a lot is not the lot, for it may
show one example many times, or some alone. `nothing` stands for a part in which no array is seen, a range or a view of
data by numbers: nobody knows what is in that.
"""
anchors(batch) = anchors!(Tuple{Any,UInt32}[], batch, UInt32(0))

function anchors!(found, x::AbstractArray, through)
    x isa Union{Array,BitArray} && return push!(found, (x, through))
    through = UInt32(hash((typeof(x), size(x)), UInt(through)) & 0xffffffff)
    inner = parent(x)
    return inner === x ? anchors_of_fields!(found, x, through) : anchors!(found, inner, through)
end
anchors!(found, x::Union{Tuple,NamedTuple}, through) = (foreach(part -> anchors!(found, part, through), values(x)); found)
anchors!(found, x::Union{Number,Char,Symbol,AbstractString,Nothing,Missing}, through) = found
anchors!(found, x, through) = anchors_of_fields!(found, x, through)

function anchors_of_fields!(found, x, through)
    before = length(found)
    for name in fieldnames(typeof(x))
        isdefined(x, name) && anchors!(found, getfield(x, name), through)
    end
    length(found) == before && push!(found, (nothing, through))
    return found
end

known((x, _)) = x === nothing ? nothing : get(KNOWN, objectid(x), nothing)
content((x, through)::Tuple) = content(x) ⊻ through
is_known(k, anchor) = k !== nothing && k.array.value === anchor[1] && k.content == content(anchor)

function remember!(anchor, draw)
    anchor[1] === nothing && return
    if length(KNOWN) >= KNOWN_SWEEP[]
        filter!(pair -> pair.second.array.value !== nothing, KNOWN)
        KNOWN_SWEEP[] = max(256, 2 * length(KNOWN))
    end
    KNOWN[objectid(anchor[1])] = Known(WeakRef(anchor[1]), content(anchor), draw)
end

"Note that a lot is what a sampler drew; gives the lot."
function note!(lot, draw::Draw)
    lock(KNOWN_LOCK) do
        foreach(x -> remember!(x, draw), anchors(lot))
    end
    return lot
end

"""
The draw that all arrays of a batch are, unchanged since; `nothing` where none of them is one. Throws
[`InvalidArgument`](@ref) for a batch that is a lot in part.
"""
function draw_of(batch)
    found = anchors(batch)
    draws = lock(KNOWN_LOCK) do
        map(found) do x
            k = known(x)
            k === nothing || k.array.value !== x[1] || k.draw === nothing ? nothing :
                k.content == content(x) ? k.draw :
                throw(invalid("batch", "an array of the lot that was changed since it was drawn, or a view of it",
                    "the lot as the sampler gave it: prepare the data before, or inside the loss, where each example is looked at alone"))
        end
    end
    (isempty(draws) || all(isnothing, draws)) && return nothing
    all(draw -> draw === first(draws), draws) && return first(draws)
    some = any(isnothing, draws) ? "arrays of a sampler's lot beside others" : "arrays of several lots"
    throw(invalid("batch", some, "one lot as the sampler gave it: give the sampler all arrays, prepare data before or inside the loss"))
end

"""
Note that a batch that no sampler drew is in a worker's part. Whether the same arrays, with the same content, were before.
"""
function claim!(batch)
    found = anchors(batch)
    isempty(found) && return false
    return lock(KNOWN_LOCK) do
        again = all(x -> is_known(known(x), x), found)
        foreach(x -> remember!(x, nothing), found)
        again
    end
end

"A lot as a release is told of it."
crossing_lot(draw::Draw) = (drawn = (sampler = draw.sampler, number = draw.number),)
"That a draw was released, for the sampler to know what was left out."
released!(draw::Draw) = (draw.released[] = max(draw.released[], draw.number); nothing)
released!(lot) = nothing

crossing_lot(::Nothing) = :unknown # charged whole
crossing_lot(lot::NamedTuple) = (workers = (sampling = crossing(lot.workers), private = lot.private),)

"The draw that the `lot` of a release is; `nothing` where none is given."
function told_lot(lot)
    lot === nothing && return nothing
    draw = lot isa Draw ? lot : draw_of(lot)
    draw === nothing && throw(invalid("lot", "a $(typeof(lot)) that no sampler drew, or a copy of one",
        "what iterating a PoissonSampler gave; or leave it out: no amplification then"))
    return draw
end

"What a draw costs that is released by a worker's part: asked once, and spent."
spent_sampling(draw::Draw) = Phase(merge(Native.ask(draw.pass, "sampler.spend", (draw = draw.number,)),
    Dict{String,Any}("noise_multiplier" => 1.0, "steps" => 1))) |> sampling_of
sampling_of(p::Phase) = (sampler = p.sampler, sample_rate = p.sample_rate, lot_size = p.lot_size, max_lot = p.max_lot, dataset_size = p.dataset_size)
