# Whether a private run sees that examples are coupled, and proves its fast path. A model and loss is either refused, or no example
# moves the released sum by more than the clip norm.
using Test, Flux, FluxGuard, FluxGuard.Performance, FluxGuard.Errors, Random
using Flux: ChainRulesCore
using Flux.Statistics: mean, std

const Ext = Base.get_extension(FluxGuard, :FluxGuardFluxExt)

Random.seed!(31)
r(dims...) = randn(Float32, dims...)
const CLIP = 0.05
# The release is the sum itself, with a thousandth of the clip norm of noise in each number.
silent(; options...) = AutoDP(AutoZygote(); merge((clip = CLIP, noise_multiplier = 1e-3, lot_size = 1, lots = :any, relation = :replace_one, noise = :fast), values(options))...)
flat(tree) = reduce(vcat, [vec(g) for g in Flux.trainables(tree)])
said(f) = try f(); "" catch error; error isa FluxGuardError ? error.message : rethrow() end
released(dp, loss, model, batch) = flat(private_gradient(dp, loss, model, batch...).gradient)
without(batch, i) = map(x -> x[ntuple(_ -> :, ndims(x) - 1)..., setdiff(axes(x, ndims(x)), i)], batch)
norm(x) = sqrt(sum(abs2, x))
part(dp) = last(dp.parts)

replaced(batch, i) = map(batch) do x
    y = copy(x)
    eltype(x) <: AbstractFloat ? (selectdim(y, ndims(y), i) .*= -30) : (selectdim(y, ndims(y), i) .= selectdim(x, ndims(x), 1 + i % size(x, ndims(x))))
    y
end

"The path that was taken; what was said where it was refused. Says so where one example counts for more than the clip norm."
function outcome(loss, model, batch; random = false, options...)
    dp = silent(; options...)
    try
        released(dp, loss, model, batch)
    catch error
        error isa InvalidArgument || rethrow()
        return error.message
    end
    taken = Ext.path(part(dp))
    at(lot) = (Random.seed!(5); released(dp, loss, model, lot))
    whole = at(batch)
    for i in (1, size(last(batch), ndims(last(batch))))
        # without one, the random numbers of the others would not be the same
        moved = [random ? 0.0 : norm(whole .- at(without(batch, i))), norm(whole .- at(replaced(batch, i))) / 2] ./ CLIP
        maximum(moved) <= 1.1 || return "SENSITIVITY $moved by $taken"
    end
    return taken
end

mse(m, x, y) = Flux.mse(m(x), y)
xy(n = 12) = (r(5, n), r(2, n))

# ---- layers that couple examples --------------------------------------------------------------------------------

mutable struct Moded{F,S}      # f in train mode only, then a scale where there is one
    f::F
    scale::S
    active::Union{Bool,Nothing}
end
Flux.@layer Moded trainable = (scale,)
(l::Moded)(x) = l.active === false ? x : l.scale === nothing ? l.f(x) : l.scale .* l.f(x)
Flux.testmode!(l::Moded, mode = true) = (l.active = (mode === nothing || mode === :auto) ? nothing : !mode; l)

centered(x) = x .- mean(x; dims = 2)
normed(x) = centered(x) ./ (std(x; dims = 2) .+ 1f-3)
softly(x) = x .+ 0.05f0 .* mean(x; dims = 2)

@testset "layers that couple examples, always or only while training" begin
    for f in (centered, normed, softly, x -> x .+ maximum(x), x -> reverse(x; dims = 2), x -> cumsum(x; dims = 2))
        @test occursin(f === normed ? "finite gradient" : "neither mean nor sum", outcome(mse, Chain(Dense(5 => 4, tanh), f, Dense(4 => 2)), xy()))
        for scale in (nothing, ones(Float32, 4)), active in (nothing, true, false)
            text = outcome(mse, Chain(Dense(5 => 4, tanh), Moded(f, scale, active), Dense(4 => 2)), xy())
            @test text isa String && !startswith(text, "SENS")
            f === centered && @test occursin("train mode", text) && occursin("layers[2] (Moded)", text) && occursin("GroupNorm", text)
            f === normed && scale !== nothing && @test occursin("finite gradient", text)
        end
    end
    # FAULTS 38: no parameters behind it but the head's
    x = r(5, 12); x[:, 12] .= 1f5
    @test occursin("model", outcome((m, x) -> mean(m(x)), Chain(Moded(normed, nothing, nothing), Dense(5 => 1)), (x,)))
end

@testset "losses that couple examples" begin
    ce(m, x, y) = vec(sum(abs2, m(x) .- y; dims = 1))
    contrast(m, x, y) = (s = m(x)' * m(x); Flux.logitcrossentropy(s, Flux.onehotbatch(axes(s, 1), axes(s, 1))))
    mixup(m, x, y) = (k = ChainRulesCore.ignore_derivatives(() -> randperm(size(x, 2))); λ = 0.7f0; Flux.mse(m(λ .* x .+ (1 - λ) .* x[:, k]), λ .* y .+ (1 - λ) .* y[:, k]))
    neighbors(m, x, y) = mean(ce(m, x, y) .+ 0.1f0 .* circshift(ce(m, x, y), 1) .* ce(m, x, y))
    batch_variance(m, x, y) = mean(ce(m, x, y)) + 0.1f0 * sum(abs2, std(m(x); dims = 2))
    for loss in (contrast, neighbors, batch_variance, (m, x, y) -> maximum(ce(m, x, y)), (m, x, y) -> log(sum(ce(m, x, y))))
        text = outcome(loss, Dense(5 => 2), xy())
        @test occursin("loss", text) && !startswith(text, "SENS")
        @test occursin("loss", outcome(loss, Dense(5 => 2), xy(); reduction = :mean))
    end
    @test occursin("random", outcome(mixup, Dense(5 => 2), xy()))
    @test occursin("coupled", outcome(mixup, Dense(5 => 2), xy(); reduction = :mean))
    # each of these is a mean or a sum of its own kind
    for loss in ((m, x, y) -> sum(ce(m, x, y)), (m, x, y) -> sum(ce(m, x, y)) / size(x, 2), (m, x, y) -> sum(ce(m, x, y)) / 256)
        @test outcome(loss, Dense(5 => 2), xy()) === :ghost
    end
    @test occursin("reduction", outcome((m, x, y) -> sum(ce(m, x, y)), Dense(5 => 2), xy(); reduction = :mean))
    @test occursin("reduction", outcome(mse, Dense(5 => 2), xy(); reduction = :sum))
end

@testset "weights and masks, equal in the first lot" begin
    ce(m, x, y) = vec(sum(abs2, m(x) .- y; dims = 1))
    weighted(m, x, y, w) = sum(w .* ce(m, x, y)) / sum(w)
    fixed(m, x, y, w) = mean(w .* ce(m, x, y))
    masked(m, x, y, k) = (l = dropdims(sum(abs2, m(x) .- y; dims = 1); dims = 1); sum(k .* l) / sum(k))
    by_example(m, x, y, k) = (l = dropdims(sum(abs2, m(x) .- y; dims = 1); dims = 1); mean(sum(k .* l; dims = 1) ./ (sum(k; dims = 1) .+ 1f-6)))
    for w in (ones(Float32, 12), fill(0.5f0, 12), trues(12), fill(true, 12), ones(Int, 12))
        text = outcome(weighted, Dense(5 => 2), (xy()..., w))
        @test occursin("weights", text) && occursin("constant", text)
        @test occursin("weights", outcome(weighted, Dense(5 => 2), (xy()..., w); reduction = :mean))
        @test outcome(fixed, Dense(5 => 2), (xy()..., w)) === :ghost
    end
    batch = (r(5, 7, 12), r(2, 7, 12))
    for k in (ones(Float32, 7, 12), trues(7, 12))
        @test occursin("weights", outcome(masked, Dense(5 => 2), (batch..., k)))
        @test outcome(by_example, Dense(5 => 2), (batch..., k)) === :ghost
    end
    # a loss that takes no scaled labels is examined without them
    picky(m, x, y) = (all(v -> v == 0 || v == 1, y) || error("labels"); Flux.mse(m(x), y))
    check = check_private(Dense(5 => 2), picky, r(5, 12), Float32.(rand(Bool, 2, 12)))
    @test isempty(check) && check.path === :ghost
end

# ---- the fast path -----------------------------------------------------------------------------------------------

struct Perm{D,E}; d::D; o::E; end       # mixes over time: the lot is not last inside
Flux.@layer Perm
(m::Perm)(x) = (h = permutedims(m.d(permutedims(x, (1, 3, 2))), (1, 3, 2)); m.o(dropdims(mean(h; dims = 2); dims = 2)))

@testset "a time axis as long as the lot is not taken for it" begin
    for T in (2, 3, 4, 5, 12), reduction in (:check, :mean)
        @test outcome(mse, Perm(Dense(5 => 4, tanh), Dense(4 => 2)), (r(5, T, 12), r(2, 12)); reduction = reduction) === :each
    end
    dp = silent(reduction = :mean, max_physical_batch_size = 6)
    released(dp, mse, Perm(Dense(5 => 4), Dense(4 => 2)), (r(5, 6, 12), r(2, 12)))
    @test Ext.path(part(dp)) === :each && occursin("last dimension", part(dp).recorder.unfit)
    # without a layer that sees the lot elsewhere there is nothing to take for it
    @test outcome(mse, Chain(Dense(5 => 4, tanh), x -> dropdims(mean(x; dims = 2); dims = 2), Dense(4 => 2)), (r(5, 12, 12), r(2, 12))) === :ghost
end

struct Vae{E,D}; e::E; d::D; end
Flux.@layer Vae
function elbo(m::Vae, x)
    h = m.e(x)
    μ, s = h[1:2, :], h[3:4, :]
    z = μ .+ exp.(s) .* randn(Float32, size(μ))
    return (sum(abs2, m.d(z) .- x) + sum(exp.(2 .* s) .+ μ .^ 2 .- 2 .* s) / 2) / size(x, 2)
end
struct OwnNoise{R}; rng::R; end
(l::OwnNoise)(x) = x .+ 0.1f0 .* randn(l.rng, Float32, size(x))
const HIDDEN = Xoshiro(3)

@testset "random losses" begin
    vae() = Vae(Dense(5 => 4), Dense(2 => 5))
    @test occursin("reduction = :mean", outcome(elbo, vae(), (r(5, 12),)))
    @test outcome(elbo, vae(), (r(5, 12),); reduction = :mean, random = true) === :ghost
    @test occursin("doubles", outcome((m, x) -> elbo(m, x) * size(x, 2), vae(), (r(5, 12),); reduction = :mean, random = true))
    @test occursin("leaves", outcome(elbo, vae(), (r(5, 12),); reduction = :sum, random = true))
    wild(m, x) = mean(m(x)) * exp(4randn(Float32))               # nobody could tell
    @test outcome(wild, Dense(5 => 2), (r(5, 12),); reduction = :mean, random = true) === :each
    coupled = Vae(Chain(Dense(5 => 4), softly), Dense(2 => 5))
    @test occursin("coupled", outcome(elbo, coupled, (r(5, 12),); reduction = :mean, random = true))
    # generators of the model's or the loss's own are held still, too
    own = Xoshiro(9)
    state = copy(own)
    @test outcome(mse, Chain(Dense(5 => 4), OwnNoise(Xoshiro(1)), Dense(4 => 2)), xy(); reduction = :mean, random = true) === :ghost
    noisy(m, x, y) = Flux.mse(m(x .+ randn(own, Float32, size(x))), y)
    check = check_private(Dense(5 => 2), noisy, xy()...; reduction = :mean)
    @test isempty(check) && check.path === :ghost && own == state
    # but not one that cannot be found
    hidden(m, x, y) = Flux.mse(m(x .+ randn(HIDDEN, Float32, size(x))), y)
    check = check_private(Dense(5 => 2), hidden, xy()...; reduction = :mean)
    @test isempty(check) && check.path === :each && occursin("random", check.reason)
    @test occursin("random", only(check_private(Dense(5 => 2), hidden, xy()...)))
    # dropout is no coupling
    @test outcome(mse, Chain(Dense(5 => 4, tanh), Dropout(0.5), Dense(4 => 2)), xy(); random = true) === :ghost
    @test outcome(mse, Chain(Dense(5 => 4, selu), Flux.AlphaDropout(0.2), Dense(4 => 2)), xy(); random = true) === :ghost
end

@testset "training sees the same random numbers as without an examination" begin
    model = Chain(Dense(5 => 4, tanh), OwnNoise(Xoshiro(1)), Dropout(0.5), Dense(4 => 2))
    vae, x = Vae(Dense(5 => 4), Dense(2 => 5)), r(5, 12)
    next() = (rand(UInt64, 3), randn(), fetch(Threads.@spawn rand(UInt64)))
    for loss in (elbo, (m, x) -> (rand(); error("no")), (m, x) -> sum(abs2, randn(Float32, 4) .+ m.e(x)) - rand())
        Random.seed!(8)
        expected = next()
        Random.seed!(8)
        try
            check_private(vae, loss, x; reduction = :mean)
        catch error
            error isa ErrorException || rethrow()
        end
        @test next() == expected
    end
    check_private(model, mse, xy()...; reduction = :mean)
    @test model[2].rng == Xoshiro(1) && model[3].active === nothing
end

@testset "models of all kinds take the path they should" begin
    shared = Dense(4 => 4, tanh)
    embedding = Embedding(9 => 4)
    x, y = xy()
    images = r(8, 8, 1, 12)
    rows = [
        (:ghost, Chain(Dense(5 => 4), shared, shared, Dense(4 => 2)), (x, y)),
        (:ghost, f64(Chain(Dense(5 => 4, tanh), Dense(4 => 2))), (Float64.(x), Float64.(y))),
        (:ghost, Chain(Conv((3, 3), 1 => 3, tanh), MaxPool((2, 2)), Flux.flatten, Dense(27 => 2)), (images, y)),
        (:ghost, Chain(Dense(5 => 4), LayerNorm(4), Dense(4 => 2)), (x, y)),
        (:ghost, Chain(Conv((3, 3), 1 => 4), GroupNorm(4, 2), Flux.flatten, Dense(144 => 2)), (images, y)),
        (:ghost, Chain(Embedding(9 => 4), x -> dropdims(sum(x; dims = 2); dims = 2), Dense(4 => 2)), (rand(1:9, 6, 12), y)),
        (:ghost, Chain(SkipConnection(Dense(5 => 5, tanh), +), Dense(5 => 2)), (x, y)),
        (:each, Chain(x -> reshape(x, 5, 1, :), LSTM(5 => 4), x -> x[:, end, :], Dense(4 => 2)), (x, y)),
        (:each, Chain(embedding, Dense(embedding.weight')), (rand(1:9, 12), r(9, 12))),
    ]
    for (path, model, batch) in rows
        @test outcome(mse, model, batch) === path
        check = check_private(model, mse, batch...)
        @test isempty(check) && check.path === path && (path === :ghost) == isempty(check.reason)
        @test outcome(mse, model, batch; reduction = :mean) === path
    end
end

@testset "a lot that proves nothing is not taken as proof" begin
    dp = silent()
    model = Dense(5 => 2)
    for n in (1, 2)
        released(dp, mse, model, xy(n))
        @test !Ext.ghost(part(dp)) && part(dp).recorder.unfit === nothing
    end
    zero_gradients(m, x, y) = Flux.mse(relu.(m(x) .- 1f6), 0 .* y)
    released(dp, zero_gradients, model, xy())
    @test part(dp).reduction === nothing && !Ext.ghost(part(dp))
    released(dp, mse, model, xy(3))
    @test Ext.path(part(dp)) === :ghost
    # NaN among them
    x, y = xy(9)
    x[1, [1, 4, 5]] .= NaN32
    @test Ext.path((dp = silent(); released(dp, mse, Dense(5 => 2), (x, y)); part(dp))) === :ghost
end

# ---- what changes ------------------------------------------------------------------------------------------------

mutable struct Running; μ::Vector{Float32}; seen::Int; end
Flux.@layer Running trainable = ()
keep!(l, x) = (l.μ .= 0.9f0 .* l.μ .+ 0.1f0 .* vec(mean(x; dims = 2)); l.seen += 1)
ChainRulesCore.@non_differentiable keep!(::Any, ::Any)
(l::Running)(x) = (keep!(l, x); x)

mutable struct Counter; calls::Int; table::Any; end
Flux.@layer Counter trainable = ()
count!(l) = (l.calls += 1; l.table === nothing && (l.table = Float32[1, 2, 3, 4]); l.table)
ChainRulesCore.@non_differentiable count!(::Any)
(l::Counter)(x) = x .* count!(l)

@testset "models that keep what they saw" begin
    text = outcome(mse, Chain(Dense(5 => 4), Running(zeros(Float32, 4), 0), Dense(4 => 2)), xy())
    @test occursin("layers[2].μ", text) && occursin("noise", text)
    # counts and tables do not depend on the data, and an examination leaves them alone
    model = Chain(Dense(5 => 4), Counter(0, nothing), Dense(4 => 2))
    check = check_private(model, mse, xy()...)
    @test isempty(check) && check.path === :ghost && model[2].calls == 0 && model[2].table === nothing
end

struct Redefined; end
(::Redefined)(x) = x

@testset "what was found out is found out anew when something changes" begin
    batch = xy()
    dp = silent()
    model = Chain(Any[Dense(5 => 5, tanh), Dense(5 => 2)])
    released(dp, mse, model, batch)
    released(dp, mse, model, batch)
    @test length(dp.parts) == 1 && Ext.path(part(dp)) === :ghost
    insert!(model.layers, 2, Dense(5 => 5))                     # grown in place
    released(dp, mse, model, batch)
    @test length(dp.parts) == 2 && length(part(dp).recorder.parameters) == 6
    insert!(model.layers, 2, centered)
    @test occursin("loss", said(() -> released(dp, mse, model, batch)))
    deleteat!(model.layers, 2)
    dropping = Chain(Dense(5 => 4), Dropout(0.2), Dense(4 => 2))
    dp = silent()
    released(dp, mse, dropping, batch)
    dropping[2].p = 0.3
    Flux.testmode!(dropping)
    released(dp, mse, dropping, batch)
    @test length(dp.parts) == 1
    # thawed and frozen
    dp = silent()
    released(dp, mse, dropping, batch)
    private_gradient(dp, mse, dropping, batch...; frozen = (dropping[1],))
    @test length(dp.parts) == 2 && length(part(dp).recorder.parameters) == 2
    # what a loss captured: a switch at once, a coefficient when it leaves zero or doubles
    lossof(λ, kind) = (m, x, y) -> Flux.mse(m(x), y) + λ * (kind === :var ? sum(abs2, std(m(x); dims = 2)) : zero(λ))
    dp = silent()
    model = Dense(5 => 2)
    foreach(λ -> released(dp, lossof(λ, :none), model, batch), (0f0, 0f0))
    @test length(dp.parts) == 1
    foreach(λ -> released(dp, lossof(λ, :none), model, batch), 1f0:0.1f0:1.9f0)
    @test length(dp.parts) == 2
    @test occursin("loss", said(() -> released(dp, lossof(1f0, :var), model, batch)))
    @test occursin("loss", said(() -> (released(dp, lossof(0f0, :var), model, batch); released(dp, lossof(0.1f0, :var), model, batch))))
    # a redefined method
    dp = silent()
    model = Chain(Dense(5 => 5), Redefined(), Dense(5 => 2))
    released(dp, mse, model, batch)
    @test Ext.path(part(dp)) === :ghost
    @eval (::Redefined)(x) = x .- mean(x; dims = 2)
    @test occursin("loss", said(() -> Base.invokelatest(released, dp, mse, model, batch)))
end

@testset "later lots are looked at" begin
    switch = Ref(0)
    hidden(m, x, y) = x[1] > 100 ? Flux.mse(centered(m(x)), y) : Flux.mse(m(x), y)
    dp = silent()
    model = Dense(5 => 2)
    x, y = xy()
    released(dp, hidden, model, (x, y))
    bad = copy(x)
    bad[1, :] .= 200
    part(dp).watch.trained = 1e15
    text = said(() -> released(dp, hidden, model, (bad, y)))
    @test occursin("step 2", text) && dp.steps == 1
    # a later lot that recording does not fit is not refused; the path changes, and it is said once
    moved(m, x, y) = x[1] > 100 ? Flux.mse(permutedims(m(permutedims(x, (1, 3, 2))), (1, 3, 2)), y) : Flux.mse(m(x), y)
    x, y = r(5, 9, 12), r(2, 9, 12)
    dp = silent()
    released(dp, moved, model, (x, y))
    @test Ext.path(part(dp)) === :ghost
    x[1, :, :] .= 200
    part(dp).watch.trained = 1e15
    @test_logs (:info, r"every example.*last dimension") (released(dp, moved, model, (x, y)); released(dp, moved, model, (x, y)))
    @test Ext.path(part(dp)) === :each
    # and they cost less than a hundredth of the time
    dp = silent()
    model = Chain(Dense(50 => 100, tanh), Dense(100 => 10))
    batch = (r(50, 64), r(10, 64))
    released(dp, mse, model, batch)
    spent, began = 0, time()
    while time() - began < 2
        before = part(dp).watch.trained
        released(dp, mse, model, batch)
        part(dp).watch.trained < before && (spent += part(dp).watch.cost / 1e9)
    end
    @test spent < 0.05 * 2
end

@testset "a guard in the model hears of no trial" begin
    batch = xy(10)
    model = Chain(Dense(5 => 4, tanh), Dense(4 => 2))
    guard = Guard(fit(Profile, model(r(5, 200)); output = :values))
    inner = Guard(fit(Profile, model[1](r(5, 200)); output = :values))
    watched = guarded(model, guard, 1 => inner)
    check_private(watched, mse, batch...)
    @test counters(guard).observed == 0 && counters(inner).observed == 0
    dp = silent()
    released(dp, mse, watched, batch)
    @test Ext.path(part(dp)) === :ghost
    @test counters(guard).observed == 10 && counters(inner).observed == 10
    close(guard); close(inner)
end

@testset "parameters that cannot be noised are refused before anything is counted" begin
    mixed = Chain(Dense(5 => 4), f64(Dense(4 => 2)))
    for model in (f16(Dense(5 => 2)), mixed, Chain(f16(Dense(5 => 4)), Dense(4 => 2)))
        @test occursin("Float", only(check_private(model)))
        dp = silent()
        @test occursin("f32", said(() -> private_gradient(dp, mse, model, xy()...)))
        @test dp.steps == 0
    end
    text(check) = repr(MIME("text/plain"), check)
    @test occursin("first lot", text(check_private(Dense(5 => 2)))) && occursin("No coupling", text(check_private(Dense(5 => 2), mse, xy()...)))
    @test occursin("layers[2]", only(check_private(Chain(Dense(5 => 4), BatchNorm(4), Dense(4 => 2)), mse, xy()...)))
end
