using Test, Logging, Flux, Functors, Optimisers, FluxGuard, FluxGuard.Errors, Serialization
using Zygote: Zygote
using Main.Support

small() = Chain(Dense(2 => 5, tanh), BatchNorm(5), Dropout(0.5), Dense(5 => 4))
x = Float32.(values_like(3, 2, 16))

with_guards(f) = Guard(baseline(); name = "out", log = false) do guard
    Guard(fit(Profile, values_like(1, 5, 500; T = Float32); output = :values); name = "hidden", log = false) do inner
        f(guard, inner)
    end
end

@testset "a layer like any other" begin
    with_guards() do guard, inner
        chain = Flux.testmode!(small())
        model = guarded(chain, guard, 1 => inner)
        @test model(x) == chain(x)
        @test (counters(guard).observed, counters(inner).observed) == (16, 16)
        @test Chain(model, softmax)(x) == softmax(chain(x))
        @test counters(guard).observed == 32
        @test model.layers[1] isa FluxGuard.Guarded && model[4] === chain[4] && length(model) == 4
        @test unguarded(model) isa Chain && unguarded(model)(x) == chain(x) && counters(guard).observed == 32
        @test verdict(guard).observations == 16
    end
end

@testset "what Flux finds in it is what it finds in the model" begin
    with_guards() do guard, inner
        chain = small()
        model = guarded(chain, guard, 1 => inner)
        @test all(a === b for (a, b) in zip(Flux.trainables(model), Flux.trainables(chain)))
        @test length(Flux.trainables(model)) == length(Flux.trainables(chain)) == 6
        @test Functors.children(guarded(chain, guard)) == Functors.children(chain)
        flat, rebuild = Flux.destructure(model)
        @test flat == first(Flux.destructure(chain))
        doubled = rebuild(2 .* flat)
        @test guards(doubled) == guards(model) == [() => guard, (1,) => inner]
        @test first(Flux.destructure(doubled)) == 2 .* flat
    end
end

@testset "converted, moved and copied: the same guards" begin
    with_guards() do guard, inner
        model = guarded(small(), guard, 1 => inner)
        for other in (f64(model), cpu(model), gpu(model), fmap(identity, model), deepcopy(model))
            @test other isa FluxGuard.Guarded && guards(other) == guards(model)
        end
        @test eltype(f64(model).layers[4].weight) == Float64
        @test Flux.testmode!(f64(model))(Float64.(x)) isa Matrix{Float64}
    end
end

@testset "test and train mode reach the model" begin
    with_guards() do guard, inner
        model = guarded(small(), guard)
        @test Flux.testmode!(model) === model
        @test model(x) == model(x)
        Flux.trainmode!(model)
        @test model.layers[3].active === true
    end
end

@testset "state is the model's, and goes both ways" begin
    with_guards() do guard, inner
        chain, model = small(), guarded(small(), guard, 1 => inner)
        @test Flux.state(guarded(chain, guard, 1 => inner)) == Flux.state(chain)
        Flux.loadmodel!(chain, Flux.state(model))
        @test Flux.testmode!(chain)(x) == Flux.testmode!(model)(x)
        another = guarded(small(), guard, 4 => inner)
        Flux.loadmodel!(another, Flux.state(chain))
        Flux.loadmodel!(another, chain)
        Flux.loadmodel!(small(), another)
        @test Flux.testmode!(another)(x) == chain(x)
    end
end

@testset "optimizer states and gradients are the model's, and go both ways" begin
    with_guards() do guard, inner
        chain = Flux.testmode!(small())
        model = guarded(deepcopy(chain), guard, 1 => inner)
        loss(m) = sum(abs2, m(x)) + sum(abs2, m.layers[1].weight) + sum(abs2, m[4].bias)
        of_chain, of_model = only(Flux.gradient(loss, chain)), only(Flux.gradient(loss, model))
        @test of_chain == of_model && keys(of_model) == (:layers,)
        @test of_model.layers[1].weight == of_chain.layers[1].weight
        a, b = Flux.setup(Adam(), chain), Flux.setup(Adam(), model)
        @test repr(a) == repr(b)
        Flux.freeze!(b.layers[1])
        Flux.freeze!(a.layers[1])
        # A state and a gradient of one for the other.
        Flux.update!(a, model, of_chain)
        Flux.update!(b, chain, of_model)
        @test first(Flux.destructure(model)) == first(Flux.destructure(chain))
        averaged = Functors.fmap((p, q) -> p isa AbstractArray{<:AbstractFloat} ? (p .+ q) ./ 2 : p, chain, model)
        @test first(Flux.destructure(averaged)) == first(Flux.destructure(chain))
        sameway = Functors.fmap((p, q) -> p isa AbstractArray{<:AbstractFloat} ? (p .+ q) ./ 2 : p, model, chain)
        @test guards(sameway) == guards(model)
    end
end

@testset "what a Chain does" begin
    with_guards() do guard, inner
        chain = Flux.testmode!(small())
        model = guarded(chain, guard, 1 => inner)
        @test [layer for layer in model][2:4] == [chain.layers[2:4]...] && keys(model) == keys(chain) && eachindex(model) == eachindex(chain)
        @test first(model) isa FluxGuard.Guarded && last(model) === last(chain) && model[end] === chain[end]
        @test Chain(model...)(x) == chain(x) == model[1:4](x)
        @test guards(model[1:2]) == [(1,) => inner] && guards(model[1:4]) == guards(model) && guards(model[2:4]) == [() => guard]
        before = counters(guard).observed
        @test Flux.activations(model, x) == Flux.activations(chain, x)
        @test counters(guard).observed == before + 16
        @test length(Flux.modules(model)) == length(Flux.modules(chain))
        @test model == guarded(chain, guard, 1 => inner)
        @test all(((a, b),) -> size(a(x)) == size(b(x)), zip((model,), (chain,)))
        # A Chain of nothing gives what it got; a Parallel has no last layer.
        @test Flux.activations(guarded(Chain(), guard), x) == ()
        parallel = Parallel(hcat; one = Dense(4 => 4), two = identity)
        both = guarded(parallel, guard)
        @test both[1:2] == both && guards(both[1:2]) == [() => guard] && guards(both[1:1]) == []
        h = guarded(Ref(1), guard)
        h.x = 3
        @test h[] == 3
    end
end

@testset "sizes, duals and other numbers pass through" begin
    with_guards() do guard, inner
        model = guarded(Chain(Dense(2 => 5, tanh), Dense(5 => 4)), guard, 1 => inner)
        @test Flux.outputsize(model, (2, 7)) == (4, 7)
        hessian = Zygote.hessian(v -> sum(abs2, model(reshape(v, 2, 1))), [0.3, -0.2])
        @test hessian ≈ Zygote.hessian(v -> sum(abs2, unguarded(model)(reshape(v, 2, 1))), [0.3, -0.2])
        @test only(Zygote.jacobian(model, x[:, 1])) ≈ only(Zygote.jacobian(unguarded(model), x[:, 1]))
        @test counters(guard).unwatched > 0 && isempty(alerts(guard))
        @test size(guarded(ComplexF32.(x) |> y -> _ -> y, guard)(x)) == size(x)
        @test guarded(sum, guard)(x) == sum(x)
        made = Flux.@autosize (2, 1) Chain(guarded(Dense(_ => 4), guard), Dense(_ => 3))
        @test size(made(x)) == (3, 16)
    end
end

@testset "a checkpointed layer is counted once" begin
    with_guards() do guard, inner
        dense = Dense(2 => 4)
        model = guarded(dense, guard)
        loss(m) = sum(abs2, Zygote.checkpointed(m, x))
        for i in 1:3
            @test only(Flux.gradient(loss, model)) == only(Flux.gradient(loss, dense))
            @test counters(guard).observed == 16 * i
        end
        Flux.gradient(m -> sum(m(x)), model)
        model(x)
        Flux.gradient(m -> sum(m(x)), model)
        @test counters(guard).observed == 16 * 6
        deep = Chain(Dense(2 => 2), model)
        Flux.gradient(m -> sum(Zygote.checkpointed(m, x)), deep)
        @test counters(guard).observed == 16 * 7
    end
end

struct Res{L}
    layers::L
end
Flux.@layer Res
(m::Res)(x) = m.layers(x)

struct Coder{A,B}
    encoder::A
    decoder::B
    scale::Float32
end
Flux.@layer Coder trainable = (encoder, decoder)
(m::Coder)(x) = m.scale .* m.decoder(m.encoder(x))

struct TypedLayer
    layer::Dense
end
Flux.@layer TypedLayer
(m::TypedLayer)(x) = m.layer(x)

struct TypedChain
    chain::Chain
    skip::SkipConnection
    parallel::Parallel
end
Flux.@layer TypedChain
(m::TypedChain)(x) = m.parallel(m.skip(m.chain(x)))

@testset "places: $(nameof(typeof(model))) $place" for (model, place) in (
    (Chain(a = Dense(2 => 5), b = Dense(5 => 4)), :a), (Chain([Dense(2 => 5), Dense(5 => 4)]), 1),
    (Chain(SkipConnection(Dense(2 => 5), (a, b) -> a), Dense(5 => 4)), (1, 1)),
    (Chain(SkipConnection(Chain(Dense(2 => 5), Dense(5 => 5)), (a, b) -> a), Dense(5 => 4)), (1, 2)),
    (Chain(Parallel(+, Dense(2 => 5), Dense(2 => 5)), Dense(5 => 4)), (1, 2)), (Chain(Parallel(+; a = Dense(2 => 5), b = Dense(2 => 5)), Dense(5 => 4)), (1, :b)),
    (Chain(Maxout(() -> Dense(2 => 5), 3), Dense(5 => 4)), (1, 2)), (Res(Chain(Chain(Dense(2 => 2), Dense(2 => 5)), Dense(5 => 4))), (1, 2)),
    (Coder(Dense(2 => 5), Dense(5 => 4), 2f0), :encoder), (Coder(Chain(Dense(2 => 5)), Dense(5 => 4), 2f0), (:encoder, 1)),
    (Coder(Dense(2 => 5), Dense(5 => 4), 2f0), KeyPath(:encoder)))
    with_guards() do guard, inner
        watched = guarded(model, guard, place => inner)
        @test watched(x) == model(x)
        @test (counters(guard).observed, counters(inner).observed) == (16, 16)
        @test Flux.state(watched) == Flux.state(model)
        @test only(Flux.gradient(m -> sum(m(x)), watched)) == only(Flux.gradient(m -> sum(m(x)), model))
        @test unguarded(watched)(x) == model(x) && counters(guard).observed == 32
        @test_throws InvalidArgument guarded(model, :nowhere => inner)
    end
end

@testset "a field of a layer's type" begin
    with_guards() do guard, inner
        @test_throws InvalidArgument guarded(TypedLayer(Dense(2 => 4)), :layer => guard)
        made = with_logger(() -> TypedLayer(guarded(Dense(2 => 4), guard)), Test.TestLogger())
        @test made(x) isa Matrix && counters(guard).observed == 0
    end
    # A container's output is that of something in it, which can hold the guard.
    for chain in (Chain(Dense(2 => 3), Dense(3 => 4)), Chain(a = Dense(2 => 3), b = Dense(3 => 4)), Chain([Dense(2 => 3), Dense(3 => 4)]))
        bare = TypedChain(chain, SkipConnection(Dense(4 => 4), +), Parallel(vcat, Dense(4 => 2), Dense(4 => 2)))
        for place in (:chain, :skip, :parallel, (:chain, 2))
            with_guards() do guard, inner
                watched = guarded(bare, place => guard)
                @test watched isa TypedChain && watched(x) == bare(x) && counters(guard).observed == 16
                @test Flux.state(watched) == Flux.state(bare) && last(only(guards(watched))) === guard
                @test Flux.gradient(m -> sum(m(x)), watched) == Flux.gradient(m -> sum(m(x)), bare)
                @test counters(guard).observed == 32
                @test unguarded(watched)(x) == bare(x) && isempty(guards(unguarded(watched))) && counters(guard).observed == 32
                @test guarded(watched, place => inner) isa TypedChain
            end
        end
        with_guards() do guard, inner
            made = TypedChain(guarded(bare.chain, guard), bare.skip, bare.parallel)
            @test made(x) == bare(x) && counters(guard).observed == 16
            @test_throws InvalidArgument guarded(bare, :chain => guard; mask = x -> trues(16))
        end
    end
end

@testset "guarded within a loss" begin
    with_guards() do guard, inner
        chain = small()
        loss(m) = sum(abs2, guarded(m, guard, 1 => inner)(x))
        Flux.testmode!(chain)
        @test Flux.gradient(loss, chain) == Flux.gradient(m -> sum(abs2, m(x)), chain)
        @test Flux.gradient(x -> sum(abs2, guarded(chain, guard)(x)), x) == Flux.gradient(x -> sum(abs2, chain(x)), x)
        @test counters(guard).observed == 32
    end
end

@testset "it trains as the model does, step by step" begin
    with_guards() do guard, inner
        chain = Chain(Dense(2 => 5, tanh), Dense(5 => 4))
        model = guarded(deepcopy(chain), guard, 1 => inner)
        labels = Flux.onehotbatch(rand(1:4, 16), 1:4)
        loss(m, x, y) = Flux.logitcrossentropy(m(x), y)
        for rule in (Descent(0.1), Adam(0.01))
            for m in (chain, model)
                Flux.train!(loss, m, [(x, labels) for _ in 1:5], Flux.setup(rule, m))
            end
            @test first(Flux.destructure(model)) == first(Flux.destructure(chain))
        end
        @test counters(guard).observed == 2 * 5 * 16
    end
end

@testset "printed as the model" begin
    with_guards() do guard, inner
        chain = small()
        model = guarded(chain, guard, 1 => inner)
        for mime in (MIME("text/plain"), nothing)
            text(m) = mime === nothing ? repr(m) : repr(mime, m)
            # But for its size in memory.
            same(a, b) = replace(text(a), r"[\d.]+ (bytes|KiB)" => "") == replace(text(b), r"[\d.]+ (bytes|KiB)" => "")
            @test same(model, chain)
            @test same(Chain(model, softmax), Chain(chain, softmax))
            @test same(guarded(Dense(2 => 4), guard), Dense(2 => 4))
        end
    end
end

@testset "recurrent layers, with and without states" begin
    profile = fit(Profile, reshape(logits(1, 600), 4, 20, 30); observation = (2, 3))
    Guard(profile; log = false) do guard
        sequence = randn(Float32, 3, 7, 5)
        for layer in (RNN(3 => 4), LSTM(3 => 4), GRU(3 => 4))
            before = counters(guard).observed
            watched = guarded(layer, guard)
            @test watched(sequence) == layer(sequence)
            @test watched(sequence[:, :, 1]) == layer(sequence[:, :, 1]) # one sequence of seven positions
            @test counters(guard).observed == before + 35 + 7
            @test Flux.state(watched) == Flux.state(layer)
            @test only(Flux.gradient(m -> sum(m(sequence)), watched)) == only(Flux.gradient(m -> sum(m(sequence)), layer))
        end
        before = counters(guard).observed
        both = guarded(RNN(3 => 4; return_state = true), guard; output = first)
        @test both(sequence) isa Tuple && counters(guard).observed == before + 35
        cell = LSTMCell(3 => 4)
        watched = guarded(cell, guard; output = first)
        state = Flux.initialstates(watched)
        @test watched(sequence[:, 1, :], state) == cell(sequence[:, 1, :], state)
        @test counters(guard).observed == before + 40
        inside = Recurrence(guarded(RNNCell(3 => 4), guard; output = first))
        @test size(inside(sequence)) == (4, 7, 5)
        @test counters(guard).observed == before + 75
        @test counters(guard).unwatched == 0
    end
end

@testset "written and read" begin
    with_guards() do guard, inner
        model = Flux.testmode!(guarded(small(), guard, 1 => inner))
        io = IOBuffer()
        serialize(io, model)
        seekstart(io)
        read = with_logger(() -> deserialize(io), Test.TestLogger())
        @test read(x) == model(x)
        @test Flux.state(read) == Flux.state(model)
        @test unguarded(read) isa Chain
    end
end
