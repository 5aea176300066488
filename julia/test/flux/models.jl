# Models as people write them (the ideas are those of Flux's docs and tests, of model-zoo and Metalhead), bare beside guarded: the same
# outputs, gradients, training, state and random numbers, to the bit.

using Test, Random, Serialization, Flux, Functors, Optimisers, FluxGuard, FluxGuard.Performance, FluxGuard.Privacy
using Flux: flatten, onehotbatch, logitcrossentropy, mse
using Zygote: Zygote
using Main.Support

const B = 6 # observations in a batch
vectors(p = 6) = randn(Float32, p, B)
images(c = 1, side = 12) = randn(Float32, side, side, c, B)
series(p = 5, time = 7) = randn(Float32, p, time, B)
tokens(vocabulary = 9, time = 7) = rand(1:vocabulary, time, B)

# ---- Layers of one's own -------------------------------------------------------------------------------------------

struct VAE{E,D}
    encoder::E
    decoder::D
end
Flux.@layer VAE
function (m::VAE)(x)
    h = m.encoder(x)
    μ, logσ = h[1:2, :], h[3:4, :]
    return (m.decoder(μ .+ exp.(logσ) .* 0.1f0), μ, logσ)
end

struct UNet{A,B,C}
    down::A
    middle::B
    up::C
end
Flux.@layer UNet
function (m::UNet)(x)
    a = m.down(x)
    return m.up(cat(a, m.middle(a); dims = 3))
end

struct Recurring{C,H}
    cell::C
    head::H
end
Flux.@layer Recurring
function (m::Recurring)(x)
    state = Flux.initialstates(m.cell)
    out = nothing
    for t in axes(x, 2)
        out, state = m.cell(x[:, t, :], state)
    end
    return m.head(out)
end

struct BiDirectional{A,B,H}
    forward::A
    backward::B
    head::H
end
Flux.@layer BiDirectional
(m::BiDirectional)(x) = m.head(vcat(m.forward(x)[:, end, :], m.backward(reverse(x; dims = 2))[:, end, :]))

struct Block{N,A,M,F}
    norm1::N
    attention::A
    norm2::M
    mlp::F
end
Flux.@layer Block
function (m::Block)(x)
    x = x .+ first(m.attention(m.norm1(x)))
    return x .+ m.mlp(m.norm2(x))
end
Block(width, heads) = Block(LayerNorm(width), MultiHeadAttention(width; nheads = heads), LayerNorm(width), Chain(Dense(width => 2width, gelu), Dense(2width => width)))

struct Tied{E,B}
    embedding::E
    body::B
end
Flux.@layer Tied
(m::Tied)(x) = (h = m.body(m.embedding(x)); m.embedding.weight' * reshape(h, size(h, 1), :))

struct Heads{T,A,S}
    trunk::T
    mean::A
    std::S
end
Flux.@layer Heads
(m::Heads)(x) = (h = m.trunk(x); (mean = m.mean(h), std = softplus.(m.std(h))))

struct Wrapper{M}
    model::M
    guards::Float32
end
Flux.@layer Wrapper trainable = (model,)
(m::Wrapper)(x) = m.guards .* m.model(x)

struct Residual{L}
    layers::L
end
Flux.@layer Residual
(m::Residual)(x) = x .+ m.layers(x)

struct Checkpoint{C}
    chain::C
end
Flux.@layer Checkpoint
(m::Checkpoint)(x) = Zygote.checkpointed(m.chain, x)

struct Split{T<:Tuple}
    paths::T
end
Flux.@layer Split
(m::Split)(x) = map(path -> path(x), m.paths)

struct Fourier{F,W}
    frequencies::F
    dense::W
end
Flux.@layer Fourier trainable = (dense,)
(m::Fourier)(x) = m.dense(vcat(sin.(m.frequencies * x), cos.(m.frequencies * x)))

struct Ensembled{V}
    members::V
end
Flux.@layer Ensembled
(m::Ensembled)(x) = sum(member(x) for member in m.members) ./ length(m.members)

tied = Dense(6 => 6, tanh)

# ---- name, model, input, which part of the output is watched, a place of an inner guard and the features there ------

MODELS = [
    ("mlp", Chain(Dense(6 => 8, relu), Dense(8 => 4)), vectors(), identity, 1 => 8),
    ("softmax at the end", Chain(Dense(6 => 8, relu), Dense(8 => 4), softmax), vectors(), identity, 2 => 4),
    ("vector of layers", Chain([Dense(6 => 8, relu), Dense(8 => 4)]), vectors(), identity, 1 => 8),
    ("named layers", Chain(encoder = Dense(6 => 8, relu), head = Dense(8 => 4)), vectors(), identity, :encoder => 8),
    ("lenet", Chain(Conv((3, 3), 1 => 3, relu), MaxPool((2, 2)), flatten, Dense(75 => 8, relu), Dense(8 => 4)), images(), identity, 4 => 8),
    ("batch norm", Chain(Conv((3, 3), 1 => 3), BatchNorm(3, relu), GlobalMeanPool(), flatten, Dense(3 => 4)), images(), identity, 4 => 3),
    ("group norm", Chain(Conv((3, 3), 1 => 4), GroupNorm(4, 2), GlobalMeanPool(), flatten, Dense(4 => 4)), images(), identity, 4 => 4),
    ("resnet", Chain(Conv((3, 3), 1 => 3; pad = 1), SkipConnection(Chain(Conv((3, 3), 3 => 3; pad = 1), x -> relu.(x)), +), GlobalMeanPool(), flatten, Dense(3 => 4)),
        images(), identity, 4 => 3),
    ("inception", Chain(Parallel((a, b) -> cat(a, b; dims = 3), Conv((1, 1), 1 => 2), Conv((3, 3), 1 => 2; pad = 1)), GlobalMeanPool(), flatten, Dense(4 => 4)),
        images(), identity, 3 => 4),
    ("struct with layers", Chain(Residual(Chain(Dense(6 => 6, tanh), Dense(6 => 6))), Dense(6 => 4)), vectors(), identity, (1, 1) => 6),
    ("autoencoder", Chain(Chain(Dense(6 => 2, tanh)), Chain(Dense(2 => 6))), vectors(), identity, (1, 1) => 2),
    ("vae", VAE(Dense(6 => 4), Dense(2 => 6)), vectors(), first, :encoder => 4),
    ("unet", UNet(Conv((3, 3), 1 => 2; pad = 1), Conv((3, 3), 2 => 2; pad = 1), Conv((3, 3), 4 => 1; pad = 1)), images(1, 6), identity, nothing),
    ("deconvolution", Chain(Dense(6 => 16, relu), x -> reshape(x, 4, 4, 1, :), ConvTranspose((2, 2), 1 => 1; stride = 2)), vectors(), identity, 1 => 16),
    ("depthwise", Chain(DepthwiseConv((3, 3), 2 => 4), GlobalMaxPool(), flatten, Dense(4 => 4)), images(2), identity, 3 => 4),
    ("conv of series", Chain(Conv((3,), 7 => 4, relu), x -> dropdims(maximum(x; dims = 1); dims = 1), Dense(4 => 4)), series(), identity, 2 => 4),
    ("rnn", Chain(RNN(5 => 6), x -> x[:, end, :], Dense(6 => 4)), series(), identity, 2 => 6),
    ("lstm", Chain(LSTM(5 => 6), x -> x[:, end, :], Dense(6 => 4)), series(), identity, 2 => 6),
    ("gru of tokens", Chain(Embedding(9 => 5), GRU(5 => 6), x -> x[:, end, :], Dense(6 => 4)), tokens(), identity, 3 => 6),
    ("cell in a loop", Recurring(LSTMCell(5 => 6), Dense(6 => 4)), series(), identity, :head => 4),
    ("recurrence", Chain(Recurrence(GRUCell(5 => 6)), x -> x[:, end, :], Dense(6 => 4)), series(), identity, 2 => 6),
    ("both directions", BiDirectional(LSTM(5 => 3), LSTM(5 => 3), Dense(6 => 4)), series(), identity, :head => 4),
    ("transformer", Chain(Embedding(9 => 8), Block(8, 2), x -> x[:, end, :], Dense(8 => 4)), tokens(), identity, 3 => 8),
    ("bag of words", Chain(Embedding(9 => 5), x -> dropdims(sum(x; dims = 2); dims = 2), Dense(5 => 4)), tokens(), identity, 2 => 5),
    ("bag", Chain(EmbeddingBag(9 => 5), Dense(5 => 4)), [rand(1:9, 4) for _ in 1:B], identity, 1 => 5),
    ("one-hot", Chain(Dense(9 => 8, relu), Dense(8 => 4)), onehotbatch(rand(1:9, B), 1:9), identity, 1 => 8),
    ("tied layer", Chain(Dense(6 => 6, relu), tied, tied, Dense(6 => 4)), vectors(), identity, 2 => 6),
    ("tied weight", Tied(Embedding(9 => 5), Dense(5 => 5, tanh)), rand(1:9, B), identity, :body => 5),
    ("two heads", Heads(Dense(6 => 8, relu), Dense(8 => 2), Dense(8 => 2)), vectors(), y -> y.mean, :trunk => 8),
    ("mixture density", Split((Dense(6 => 3), Dense(6 => 3), Dense(6 => 3))), vectors(), 2, (:paths, 1) => 3),
    ("fields called model and guards", Wrapper(Dense(6 => 4), 2f0), vectors(), identity, :model => 4),
    ("maxout and scale", Chain(Maxout(() -> Dense(6 => 8), 2), Flux.Scale(8), Dense(8 => 4)), vectors(), identity, 2 => 8),
    ("dropout", Chain(Dense(6 => 8, relu), Dropout(0.5), Dense(8 => 4)), vectors(), identity, 1 => 8),
    ("alpha dropout", Chain(Dense(6 => 8, selu), AlphaDropout(0.2), Dense(8 => 4)), vectors(), identity, 1 => 8),
    ("layer norm", Chain(Dense(6 => 8), LayerNorm(8), Dense(8 => 4)), vectors(), identity, 2 => 8),
    ("double precision", f64(Chain(Dense(6 => 8, relu), Dense(8 => 4))), Float64.(vectors()), identity, 1 => 8),
    ("half precision", f16(Chain(Dense(6 => 8, relu), Dense(8 => 4))), Float16.(vectors()), identity, 1 => 8),
    ("checkpointed", Checkpoint(Chain(Dense(6 => 8, relu), Dense(8 => 4))), vectors(), identity, (:chain, 1) => 8),
    ("fourier features", Fourier(randn(Float32, 4, 6), Dense(8 => 4)), vectors(), identity, :dense => 4),
    ("ensemble", Ensembled([Chain(Dense(6 => 5, tanh), Dense(5 => 4)) for _ in 1:3]), vectors(), identity, (:members, 2, 1) => 5),
    ("bilinear", Chain(Parallel(tuple, Dense(6 => 3), Dense(6 => 2)), Flux.Bilinear((3, 2) => 4)), vectors(), identity, (1, 1) => 3),
    ("one output", Chain(Dense(6 => 8, tanh), Dense(8 => 1, sigmoid)), vectors(), identity, 1 => 8),
]

# ---- What holds of each --------------------------------------------------------------------------------------------

numbers(y::AbstractArray) = sum(abs2, y)
numbers(y::Union{Tuple,NamedTuple}) = sum(numbers, values(y))

"Parameters, losses and the state of the random numbers after some steps of training."
function trained(model, x; steps = 3)
    Random.seed!(7)
    state = Flux.setup(Adam(0.01), model)
    losses = map(1:steps) do _
        loss, gradient = Flux.withgradient(m -> numbers(m(x)), model)
        Flux.update!(state, model, gradient[1])
        loss
    end
    return (losses, Flux.state(model), rand())
end

watched_part(part::Integer, y) = y[part]
watched_part(part, y) = part(y)
features(y) = length(y) ÷ size(y, ndims(y))
guard_for(p) = Guard(fit(Profile, values_like(1, p, 200; T = Float32); output = :values); log = false, monitors = nothing, tests = ())

@testset "$name" for (name, model, x, part, inside) in MODELS
    Random.seed!(1)
    y = Flux.testmode!(deepcopy(model))(x)
    seen = watched_part(part, y)
    # A batch's last dimension counts; of one output, each number is an observation.
    guard = guard_for(features(seen))
    inner = inside === nothing ? nothing : guard_for(last(inside))
    watch(m) = inner === nothing ? guarded(m, guard; output = part) : guarded(guarded(m, first(inside) => inner), guard; output = part)

    bare, watched = deepcopy(model), watch(deepcopy(model))
    @test isequal(Flux.testmode!(watched)(x), Flux.testmode!(bare)(x))
    Flux.trainmode!(watched)
    Flux.trainmode!(bare)
    @test isequal(trained(watched, x), trained(bare, x))
    before = counters(guard)
    @test before.observed == 4 * size(seen, ndims(seen)) && before.unwatched == 0
    inner === nothing || @test counters(inner).observed > 0 && counters(inner).unwatched == 0

    # State and parameters, both ways.
    @test isequal(Flux.state(watched), Flux.state(bare))
    fresh = deepcopy(model)
    Flux.loadmodel!(fresh, Flux.state(watched))
    @test isequal(Flux.state(fresh), Flux.state(bare))
    Flux.loadmodel!(watch(deepcopy(model)), Flux.state(bare))
    @test first(Flux.destructure(watched)) == first(Flux.destructure(bare))
    rebuilt = last(Flux.destructure(watched))(first(Flux.destructure(bare)))
    @test length(guards(rebuilt)) == length(guards(watched))
    @test length(Flux.trainables(watched)) == length(Flux.trainables(bare))
    @test length(guards(fmap(identity, watched))) == length(guards(watched))
    @test isempty(guards(unguarded(watched))) && isequal(Flux.state(unguarded(watched)), Flux.state(bare))
    close(guard)
    inner === nothing || close(inner)
    @test isequal(Flux.testmode!(watched)(x), Flux.testmode!(bare)(x)) # a closed guard is in nobody's way
end

@testset "checkpointed counts once" begin
    name, model, x, part, inside = only(m for m in MODELS if m[1] == "checkpointed")
    inner = guard_for(8)
    watched = guarded(model, first(inside) => inner)
    for step in 1:3
        Flux.gradient(m -> numbers(m(x)), watched)
        @test counters(inner).observed == step * B
    end
    close(inner)
end
