# A guarded layer is to Flux what its model is: trained, moved, set to test mode, asked for its channels and printed as that.

Flux.@layer :ignore Guarded

Optimisers.trainable(m::Guarded) = Optimisers.trainable(bare(m))

Flux.testmode!(m::Guarded, mode) = (Flux.testmode!(bare(m), mode); m)
Flux.trainmode!(m::Guarded, mode) = (Flux.trainmode!(bare(m), mode); m)

Flux.hasaffine(m::Guarded) = Flux.hasaffine(bare(m))
Flux._channels_in(m::Guarded) = Flux._channels_in(bare(m))
Flux._channels_out(m::Guarded) = Flux._channels_out(bare(m))
Flux.initialstates(m::Guarded) = Flux.initialstates(bare(m))
Flux.WeightNorm(m::Guarded, which::Symbol = :weight) = rewrap(m, Flux.WeightNorm(bare(m), which))

Flux.striplazy(m::Guarded) = rewrap(m, Flux.striplazy(bare(m))) # of @autosize

function Flux.activations(m::Guarded, x)
    outputs = Flux.activations(bare(m), x)
    watch(watches(m), isempty(outputs) ? x : last(outputs), (x,)) # a Chain of nothing gives what it got
    return outputs
end

# A field of a layer's type, as in `struct S; chain::Chain; rnn::RNN; end`, holds no Guarded. It holds a container with the guard on that within
# it whose output is the container's; any other layer goes there without its guard.
for T in (:Chain, :Dense, :Bilinear, :Embedding, :EmbeddingBag, :Scale, :Conv, :ConvTranspose, :CrossCor, :Parallel, :SkipConnection, :Maxout,
    :BatchNorm, :LayerNorm, :InstanceNorm, :GroupNorm, :Dropout, :AlphaDropout, :MultiHeadAttention, :Recurrence, :RNN, :LSTM, :GRU, :GRUv3,
    :RNNCell, :LSTMCell, :GRUCell, :GRUv3Cell, :MaxPool, :MeanPool)
    isdefined(Flux, T) && @eval Base.convert(::Type{T}, m::Guarded) where {T<:Flux.$T} = fitted(T, m)
end

watched_within(m, watches) = nothing
watched_within(m::Chain, watches) = isempty(m.layers) ? nothing : replace_at(layer -> wrap(layer, watches), m, (last(keys(m.layers)),))
watched_within(m::Union{SkipConnection,Parallel}, watches) = replace_child(m, :connection, connection -> wrap(connection, watches))

function fitted(::Type{T}, m) where {T}
    # What is within has other arguments than a mask is made of.
    masked = any(w -> !(w.mask isa Union{Nothing,AbstractArray}), watches(m))
    within = masked ? nothing : watched_within(bare(m), watches(m))
    within isa T && return within
    @warn("FluxGuard: a field of type $(nameof(T)) holds no guarded layer: the layer in it is not watched; give the field a type parameter, " *
        "or guard the model that has it", maxlog = 1, _group = :fluxguard)
    return convert(T, bare(m))
end

# Printed as the model, inside of others, too.
Flux._big_show(io::IO, m::Guarded, indent::Int = 0, name = nothing) = Flux._big_show(io, bare(m), indent, name)
Flux._layer_show(io::IO, m::Guarded, indent::Int = 0, name = nothing) = Flux._layer_show(io, bare(m), indent, name)
Flux._show_leaflike(m::Guarded) = Flux._show_leaflike(bare(m))
Flux._show_children(m::Guarded) = Flux._show_children(bare(m))

# Zygote takes a gradient for what the fields of a struct say: of a guarded layer it is the model's.
Zygote.z2d(gradient::NamedTuple, m::Guarded) = Zygote.z2d(gradient, bare(m))
Zygote.z2d(gradient::NamedTuple{L,S}, m::Guarded) where {L,S<:Tuple{Vararg{Union{Number,Nothing}}}} = Zygote.z2d(gradient, bare(m))
Zygote.z2d(gradient::Tuple, m::Guarded) = Zygote.z2d(gradient, bare(m))
ChainRulesCore.ProjectTo(m::Guarded) = ChainRulesCore.ProjectTo(bare(m))

# In private training, too: its layer is recorded, checked and replaced.
with_taps(m::Guarded, taps, pass) = (new = with_taps(bare(m), taps, pass); new === bare(m) ? m : rewrap(m, new))
_gradient_tree(m::Guarded, sums) = _gradient_tree(bare(m), sums)
couples(m::Guarded) = couples(bare(m))
replacement(m::Guarded, groups) = rewrap(m, replacement(bare(m), groups))
