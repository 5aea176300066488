# Ghost clipping against its oracle: the gradient of every observation on its own, by Zygote, of the model as it is.
using Test, Flux, FluxGuard, Random
using Main.Support
using Flux: Bilinear, Scale

const Ext = Base.get_extension(FluxGuard, :FluxGuardFluxExt)

# The lot's norms and weighted sum by both paths. `loss` is a mean over the lot.
function both_paths(model, loss, batch)
    n = Flux.MLUtils.numobs(batch)
    recorder = Ext.Recorder(model)
    recorder.unfit === nothing || return (unfit = recorder.unfit,)
    value, squares = Ext.record!(recorder, loss, batch)
    weights = rand(SplitMix64(4), n, length(recorder.parameters))
    fast = Ext.sums!(IdDict{Any,Any}(), recorder, n .* weights)
    slow = IdDict{Any,Any}(p => zero(p) for p in recorder.parameters)
    oracle = zeros(n, length(recorder.parameters))
    total = 0.0
    Ext.each!([(model, loss)], recorder.parameters, batch) do i, values, squares, gradients
        total += only(values)
        oracle[i, :] = squares
        for (k, p) in enumerate(recorder.parameters)
            haskey(gradients, p) && (slow[p] .+= weights[i, k] .* gradients[p])
        end
    end
    return (norms = sqrt.(squares) .* n, oracle = sqrt.(oracle), value = value, mean = total / n,
        fast = fast, slow = slow, parameters = recorder.parameters, unfit = nothing)
end

# Relative to all of it: a bias before a norm layer has a gradient of rounding errors alone.
distance(a, b) = sqrt(sum(abs2, a .- b)) / sqrt(sum(abs2, b))
whole(sums, parameters) = reduce(vcat, [vec(get(sums, p, zero(p))) for p in parameters])

head(y) = y isa Tuple ? y[1] : y # attention gives its scores, too

function agree(model, x; loss = nothing, y = nothing)
    rng = SplitMix64(3)
    out = model(x)
    y === nothing && (y = randn(rng, Float32, size(head(out))))
    default(m, x, y) = Flux.mse(head(m(x)), y)
    r = both_paths(model, loss === nothing ? default : loss, (x, y))
    r.unfit === nothing || (@info "unfit" r.unfit; return false)
    isapprox(r.value, r.mean; rtol = 1e-4) || (@info "the values differ" r.value r.mean; return false)
    # norms get on top what rounding may have taken, in sums over positions; so they are never below, and in Float64 they are the norms
    double = eltype(first(r.parameters)) === Float64
    below, above = maximum(r.oracle .- r.norms) / sqrt(sum(abs2, r.oracle)), distance(r.norms, r.oracle)
    apart = distance(whole(r.fast, r.parameters), whole(r.slow, r.parameters))
    same = double ? max(below, above, apart) <= 1e-10 : max(below, apart) <= 1e-6 && above <= 3e-5
    same || @info "the paths differ" model below above apart
    return same
end

Random.seed!(20)
r(dims...) = randn(Float32, dims...)
# A chain whose type does not name its layers compiles faster.
stack(layers...) = Chain(Any[layers...])
# Norm layers begin at scale 1 and bias 0, where mistakes hide.
shaken(model) = (foreach(p -> p .+= 0.3f0 .* randn(Float32, size(p)), Flux.trainables(model)); model)

@testset "Dense" begin
    for (σ, bias) in ((identity, false), (relu, true), (gelu, false), (x -> x^2, true))
        @test agree(shaken(stack(Dense(5 => 7, σ; bias = bias), Dense(7 => 3))), r(5, 6))
    end
    for positions in ((2,), (30,), (3, 4))   # products kept, products, Gram
        @test agree(shaken(stack(Dense(5 => 7, tanh), Dense(7 => 3; bias = false))), r(5, positions..., 6))
        @test agree(shaken(stack(Dense(40 => 30, tanh), Dense(30 => 50))), r(40, positions..., 6))
    end
    @test agree(f64(shaken(stack(Dense(5 => 7, tanh), Dense(7 => 3)))), randn(5, 6))
    @test agree(f64(shaken(stack(Dense(5 => 7, tanh), Dense(7 => 3)))), randn(5, 30, 6))
    @test agree(f64(shaken(stack(Dense(40 => 30, tanh), Dense(30 => 50)))), randn(40, 3, 4, 6))
    @test agree(shaken(Dense(5 => 7)), rand(Bool, 5, 6))
    @test agree(shaken(Dense(5 => 7)), Flux.onehotbatch(rand(1:5, 6), 1:5))
    @test agree(shaken(stack(x -> 2 .* x, Dense(5 => 7, relu), x -> x .^ 2, Dense(7 => 2))), view(r(7, 9), 2:6, 1:6))
end

@testset "Conv" begin
    options = [(), (stride = 2,), (pad = 1,), (dilation = 2,), (pad = SamePad(), stride = 2), (bias = false,)]
    for o in options
        @test agree(shaken(stack(Conv((3,), 2 => 4, tanh; o...), Conv((2,), 4 => 3, tanh; o...))), r(12, 2, 5))
        @test agree(shaken(stack(Conv((3, 2), 2 => 4, tanh; o...), Conv((2, 3), 4 => 3, tanh; o...))), r(11, 12, 2, 5))
        @test agree(shaken(stack(Conv((2, 3, 2), 2 => 4, tanh; o...), Conv((2, 1, 2), 4 => 3, tanh; o...))), r(7, 8, 7, 2, 3))
    end
    @test agree(shaken(Conv((3, 3), 2 => 4; pad = (1, 0, 2, 1))), r(6, 7, 2, 5))
    @test agree(f64(shaken(stack(Conv((3, 3), 2 => 4, tanh), Conv((2, 3), 4 => 3)))), randn(11, 12, 2, 5))
    @test agree(shaken(stack(Conv((3,), 4 => 6, tanh; groups = 2), Conv((3,), 6 => 6; groups = 6))), r(12, 4, 5))
    @test agree(shaken(stack(Conv((3, 3), 4 => 6; groups = 2, stride = 2), DepthwiseConv((2, 2), 6 => 12))), r(9, 9, 4, 5))
    @test agree(shaken(Conv((2, 2, 2), 4 => 6; groups = 2)), r(4, 5, 4, 4, 3))
    # few positions and many channels: the Gram formula
    @test agree(shaken(stack(Conv((3, 3), 24 => 32, relu), Conv((2, 2), 32 => 40))), r(4, 4, 24, 5))
    @test agree(shaken(Conv((3, 3), 24 => 32; groups = 2)), r(4, 4, 24, 5))
    # neither kept nor Gram
    @test agree(shaken(Conv((5, 5), 3 => 8)), r(9, 9, 3, 4))
    @test agree(shaken(stack(Conv((3, 3), 1 => 4, relu), MaxPool((2, 2)), Flux.flatten, Dense(36 => 3))), r(8, 8, 1, 6))
end

@testset "Embedding" begin
    @test agree(shaken(stack(Embedding(9 => 4), Dense(4 => 3))), rand(1:9, 6))
    @test agree(shaken(stack(Embedding(3 => 4), Dense(4 => 3))), rand(1:3, 8, 6))
    @test agree(f64(shaken(stack(Embedding(3 => 4), Dense(4 => 3)))), rand(1:3, 8, 6))
    @test agree(shaken(stack(Embedding(4 => 5), x -> sum(x; dims = 2), Dense(5 => 2))), rand(1:4, 7, 2, 6))
    @test agree(shaken(stack(Embedding(9 => 4), Dense(4 => 3))), Flux.onehotbatch(rand(1:9, 6), 1:9))
    @test agree(shaken(stack(Embedding(4 => 3))), Flux.onehotbatch(rand(1:4, 5, 6), 1:4))
end

@testset "norms and scales" begin
    @test agree(shaken(stack(Dense(5 => 8), LayerNorm(8, tanh), Dense(8 => 2))), r(5, 6))
    @test agree(shaken(stack(Dense(5 => 8), LayerNorm(8))), r(5, 7, 6))
    @test agree(shaken(LayerNorm(5, 7)), r(5, 7, 3, 6))
    @test agree(shaken(stack(Dense(5 => 8), LayerNorm(8; affine = false), Dense(8 => 2))), r(5, 6))
    @test agree(shaken(stack(Dense(5 => 8), GroupNorm(8, 2, relu), Dense(8 => 2))), r(5, 6))
    @test agree(shaken(stack(Conv((3,), 2 => 6), GroupNorm(6, 3))), r(9, 2, 5))
    @test agree(shaken(stack(Conv((3, 3), 2 => 6), GroupNorm(6, 3, tanh), Conv((2, 2), 6 => 2))), r(7, 7, 2, 5))
    @test agree(shaken(stack(Conv((2, 2, 2), 2 => 6), GroupNorm(6, 2))), r(4, 5, 4, 2, 5))
    @test agree(shaken(stack(Conv((3,), 2 => 6), InstanceNorm(6; affine = true))), r(9, 2, 5))
    @test agree(shaken(stack(Conv((3, 3), 2 => 6), InstanceNorm(6, relu; affine = true), Conv((2, 2), 6 => 2))), r(7, 7, 2, 5))
    @test agree(shaken(stack(Conv((3, 3), 2 => 6), InstanceNorm(6))), r(7, 7, 2, 5))
    @test agree(shaken(stack(Dense(5 => 8), Scale(8, tanh), Dense(8 => 2))), r(5, 6))
    @test agree(shaken(stack(Scale(8; bias = false), Dense(8 => 2))), r(8, 4, 6))
    @test agree(shaken(Scale(3, 4)), r(3, 4, 2, 6))
    @test agree(shaken(stack(Dense(5 => 1), Scale(4, 3))), r(5, 3, 6))   # stretched by its scale
    @test agree(shaken(Scale(1, 4)), r(3, 4, 6))
end

@testset "Bilinear" begin
    @test agree(shaken(Bilinear((5, 5) => 3, tanh)), r(5, 6))
    @test agree(shaken(stack(Parallel(Bilinear((4, 3) => 2; bias = false), Dense(5 => 4, relu), Dense(5 => 3)), Dense(2 => 2))), r(5, 6))
end

@testset "attention" begin
    @test agree(shaken(MultiHeadAttention(8; nheads = 2)), r(8, 5, 6))
    @test agree(shaken(stack(Dense(5 => 8), MultiHeadAttention(8 => 12 => 6; nheads = 3), first)), r(5, 4, 6))
    causal(m, x, y) = Flux.mse(m(x, x, x; mask = NNlib.make_causal_mask(x))[1], y)
    @test agree(shaken(MultiHeadAttention(8; nheads = 2)), r(8, 5, 6); loss = causal)
    cross(m, x, y) = Flux.mse(m(x.q, x.kv)[1], y)
    x = (q = r(8, 5, 6), kv = r(8, 3, 6))
    model = shaken(MultiHeadAttention(8; nheads = 2))
    res = both_paths(model, cross, (x, r(8, 5, 6)))
    @test distance(res.norms, res.oracle) < 1e-5
end

struct Residual{A,B}
    inner::A
    gate::B
end
Flux.@layer Residual
(m::Residual)(x) = x .+ m.gate(m.inner(x))

@testset "containers" begin
    @test agree(shaken(SkipConnection(Dense(5 => 5, tanh), +)), r(5, 6))
    @test agree(shaken(stack(SkipConnection(Chain(Dense(5 => 4, relu), Dense(4 => 5)), vcat), Dense(10 => 2))), r(5, 6))
    @test agree(shaken(Parallel(+, Dense(5 => 3), Dense(5 => 3))), r(5, 6))     # one cotangent for both
    @test agree(shaken(Parallel(vcat; a = Dense(5 => 3), b = Chain(Dense(5 => 2), LayerNorm(2)))), r(5, 6))
    @test agree(shaken(Chain(; first = Dense(5 => 4), second = Dense(4 => 2))), r(5, 6))
    @test agree(shaken(Chain([Dense(5 => 4, tanh), Dense(4 => 2)])), r(5, 6))
    @test agree(shaken(stack(Maxout(() -> Dense(5 => 4), 3), Dense(4 => 2))), r(5, 6))
    @test agree(shaken(stack(Residual(Dense(5 => 5, relu), Scale(5)), Dense(5 => 2))), r(5, 6))
    @test agree(shaken(stack(PairwiseFusion(+, Dense(5 => 5), Dense(5 => 5)), last)), r(5, 6))
    shared = Dense(5 => 5, tanh)
    @test agree(shaken(stack(shared, Dense(5 => 5), shared)), r(5, 6))          # one layer, two calls
    @test agree(shaken(stack(shared, shared, x -> sum(x; dims = 2), shared)), r(5, 3, 6))
    conv = Conv((3, 3), 2 => 2; pad = 1)
    @test agree(shaken(stack(conv, relu, conv)), r(5, 5, 2, 4))
    norm = LayerNorm(5)
    @test agree(shaken(stack(norm, Dense(5 => 5), norm)), r(5, 6))
    embedding = Embedding(4 => 3)
    @test agree(shaken(Parallel(vcat, embedding, embedding)), rand(1:4, 3, 6))
    unused = Parallel((a, b) -> a, Dense(5 => 3), Dense(5 => 3))
    @test agree(shaken(unused), r(5, 6))
end

@testset "what cannot be recorded is said" begin
    unfit(model) = Ext.Recorder(model).unfit
    @test occursin("no layer", unfit(Chain(Dense(3 => 4), LSTM(4 => 2))))
    embedding = Embedding(9 => 4)
    @test occursin("another one's", unfit(Chain(embedding, Dense(embedding.weight'))))   # tied
    weight = r(4, 4)
    @test occursin("two layers", unfit(Chain(Dense(weight), Dense(weight))))
    penalty(m, x, y) = Flux.mse(m(x), y) + sum(abs2, m.weight)
    @test_throws Ext.Unfit Ext.record!(Ext.Recorder(Dense(5 => 3)), penalty, (r(5, 6), r(3, 6)))
    swapped = Chain(x -> permutedims(x, (1, 3, 2)), Dense(5 => 3))               # the lot is not last
    @test_throws Ext.Unfit Ext.record!(Ext.Recorder(swapped), (m, x) -> sum(abs2, m(x)), (r(5, 7, 6),))
    twice = Bilinear((5, 5) => 5)
    @test_throws Ext.Unfit Ext.record!(Ext.Recorder(Chain(twice, twice)), (m, x) -> sum(abs2, m(x)), (r(5, 6),))
end

@testset "frozen parameters count in no norm" begin
    model = Chain(Dense(5 => 7, tanh), Dense(7 => 3))
    frozen = IdDict{Any,Any}(model[1].weight => true, model[2].bias => true)
    recorder = Ext.Recorder(model; frozen = frozen)
    @test recorder.parameters == [model[1].bias, model[2].weight]
    _, squares = Ext.record!(recorder, (m, x) -> sum(abs2, m(x)) / 6, (r(5, 6),))
    @test size(squares) == (6, 2) && all(>(0), squares)
    sums = Ext.sums!(IdDict{Any,Any}(), recorder, ones(6, 2))
    @test length(sums) == 2 && haskey(sums, model[1].bias)
    tree = Ext.gradient_tree(model, sums)
    @test tree.layers[1].weight === nothing && tree.layers[1].bias isa Vector
end

@testset "the gradient has Zygote's form, and without weights it is Zygote's" begin
    shared = Dense(5 => 5, tanh)
    model = Chain(shared, SkipConnection(Dense(5 => 5), +), shared, (; a = 1), Flux.Dropout(0.0))[1:3]
    x, y = r(5, 6), r(5, 6)
    loss(m, x, y) = Flux.mse(m(x), y)
    recorder = Ext.Recorder(model)
    Ext.record!(recorder, loss, (x, y))
    tree = Ext.gradient_tree(model, Ext.sums!(IdDict{Any,Any}(), recorder, ones(6, 4)))
    a, b = deepcopy(model), deepcopy(model)
    Flux.update!(Flux.setup(Descent(0.1), a), a, tree)
    Flux.update!(Flux.setup(Descent(0.1), b), b, Flux.gradient(loss, b, x, y)[1])
    @test first(Flux.destructure(a)) ≈ first(Flux.destructure(b))
    @test a.layers[1].weight === a.layers[3].weight
end
