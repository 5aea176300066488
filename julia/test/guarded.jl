using Test, Logging, FluxGuard, FluxGuard.Errors
using Main.Support

# What compilers and dual numbers send through a model.
struct Tracer <: Real end

# A model of plain Julia, with what a Flux model may have: parameters, keyword arguments, several arguments.
struct Linear
    weight::Matrix{Float32}
end
(l::Linear)(x) = l.weight * x
(l::Linear)(x, scale; shift = 0) = l.weight * x .* scale .+ shift

struct Sequence{T}
    layers::T
end
(s::Sequence)(x) = foldl((x, layer) -> layer(x), Tuple(s.layers); init = x)

linear = Linear([1 0; 0 1; 1 1; 1 -1])
x = Float32.(values_like(3, 2, 16))

@testset "the model's output, unchanged" begin
    Guard(baseline(); log = false) do guard
        model = guarded(linear, guard)
        @test model(x) == linear(x)
        @test model(x, 2; shift = 1) == linear(x, 2; shift = 1)
        @test counters(guard).observed == 32
        @test verdict(guard).observations == 16
        @test verdict(guard).scores == FluxGuard.score(guard, linear(x, 2; shift = 1)).scores
    end
end

@testset "nothing of the model is hidden" begin
    Guard(baseline(); name = "out", log = false) do guard
        model = guarded(linear, guard)
        @test unguarded(model) === linear
        @test guards(model) == [() => guard]
        @test model.weight === linear.weight
        @test propertynames(model) == propertynames(linear)
        @test_throws Exception model.bias
        @test repr(model) == repr(linear) && repr(MIME("text/plain"), model) == repr(MIME("text/plain"), linear)

        own = guarded((model = 1, guards = 2, layers = 3), guard)
        @test (own.model, own.guards, own.layers) == (1, 2, 3)
        counter = guarded(Ref(1), guard)
        counter.x = 5
        @test counter.x == 5
    end
end

@testset "several guards, inner layers" begin
    profile = baseline()
    inner_profile = fit(Profile, values_like(1, 2, 500; T = Float32); output = :values)
    Guard(profile; log = false) do a
        Guard(profile; log = false) do b
            Guard(inner_profile; log = false) do inner
                model = guarded(Sequence((identity, linear)), a, b, 1 => inner)
                @test model(x) == linear(x)
                @test [counters(g).observed for g in (a, b, inner)] == [16, 16, 16]
                @test guards(guarded(guarded(linear, a), b)) == [() => a, () => b]
                @test guards(model) == [() => a, () => b, (1,) => inner]
                bare = unguarded(model)
                @test bare isa Sequence && guards(bare) == [] && bare.layers === (identity, linear)
                @test length(guarded(Sequence((identity, linear)), a).layers) == 2

                named = Sequence((first = identity, last = Sequence([identity, linear])))
                for place in ((:last, 1), (2, 1))
                    before = counters(inner).observed
                    model = guarded(named, place => inner)
                    @test model(x) == linear(x)
                    @test counters(inner).observed == before + 16
                    @test keys(model.layers) == (:first, :last)
                end
                missed = try guarded(named, (2, 5) => inner); "" catch error; sprint(showerror, error) end
                @test occursin("5 in a Sequence, expected one of 1", missed)
                deep = guarded(guarded(named, a), :first => (inner, inner))
                before = counters(inner).observed
                deep(x)
                @test counters(inner).observed == before + 32
            end
        end
    end
end

# The fields of a struct are places, too: an encoder and a decoder, a connection.
struct Pair2{A,B}
    encoder::A
    decoder::B
end
(p::Pair2)(x) = p.decoder(p.encoder(x))

struct Residual{L}
    layers::L
end
(r::Residual)(x) = r.layers(x)

struct Typed
    layer::Linear
end
(t::Typed)(x) = t.layer(x)

@testset "places in fields, and in containers" begin
    profile = fit(Profile, values_like(1, 2, 500; T = Float32); output = :values)
    Guard(profile; log = false) do inner
        seen() = counters(inner).observed
        for (model, place) in (
            (Pair2(identity, linear), :encoder), (Pair2(identity, linear), 1),
            (Residual(Pair2(identity, linear)), (:layers, :encoder)), (Pair2(Sequence((identity, identity)), linear), (:encoder, 2)),
            (Pair2(Sequence((identity, identity)), linear), (:encoder, :layers, 2)), (Sequence([identity, linear]), 1),
            (Residual(Sequence((identity, linear))), 1))
            before = seen()
            watched = guarded(model, place => inner)
            @test watched(x) == model(x)
            @test seen() == before + 16
            @test last(only(guards(watched))) === inner
            @test unguarded(watched)(x) == model(x) && seen() == before + 16
        end
    end
end

@testset "what a container does, a guarded one does" begin
    Guard(baseline(); log = false) do guard
        struct_of = guarded((identity, linear), guard) # a tuple of layers stands for any container
        @test length(struct_of) == 2 && keys(struct_of) == keys((identity, linear))
        @test collect(struct_of) == [identity, linear]
        @test first(struct_of) === identity && last(struct_of) === linear === struct_of[end] && struct_of[1] === identity
        @test guards(struct_of[1:2]) == [() => guard] && guards(struct_of[1:1]) == []
    end
end

@testset "places that are none" begin
    Guard(baseline(); log = false) do guard
        model = Sequence((identity, linear))
        @test_throws InvalidArgument guarded(model)
        @test_throws InvalidArgument guarded(model, 3 => guard)
        @test_throws InvalidArgument guarded(model, :head => guard)
        @test_throws InvalidArgument guarded(model, 2.5 => guard)
        @test_throws InvalidArgument guarded(linear, 2 => guard)
        error = try guarded(Pair2(identity, linear), :head => guard) catch e e end
        @test occursin(":encoder, :decoder", error.message)
        error = try guarded(Typed(linear), :layer => guard) catch e e end
        @test error isa InvalidArgument && occursin("type", error.message)
        @test_throws InvalidArgument guarded(model, 1 => "guard")
    end
end

quiet(f) = (log = Test.TestLogger(); (Logging.with_logger(f, log), log.logs))

@testset "a monitor's error does not stop the answer" begin
    guard = Guard(baseline(); log = false)
    model = guarded(linear, guard)
    model(x)
    close(guard)
    answer, logs = quiet(() -> (model(x); model(x)))
    @test answer == linear(x)
    @test counters(guard).unwatched == 2 && counters(guard).observed == 16
    # Once, and an alert of its own.
    @test length(logs) == 1 && occursin("not watched", first(logs).message)
    @test [a.kind for a in alerts(guard) if a.kind === :unwatched] == [:unwatched]
end

@testset "of outputs that cannot be seen: $name" for (name, f, told) in (
    ("another length", x -> x, true), ("whole numbers", x -> round.(Int, linear(x)), true), ("a tuple", x -> (x, x), true),
    ("a number", sum, true), ("nothing in it", x -> linear(x)[:, 1:0], false), ("tracers", x -> fill(Tracer(), 4, 3), false))
    Guard(baseline(); name = name, log = true) do guard
        model = guarded(f, guard)
        answer, logs = quiet(() -> (y = model(x); model(x); flush(guard); y))
        @test isequal(answer, f(x))
        @test counters(guard).observed == 0
        @test counters(guard).unwatched == (name == "nothing in it" ? 0 : 2)
        @test [a.kind for a in alerts(guard)] == (told ? [:unwatched] : [])
        model(x) # what comes after is told no more
        @test length(alerts(guard)) == told
    end
end

@testset "a verdict is never that of another batch" begin
    guard = Guard(baseline(); log = false)
    for unseen in (zeros(Float32, 4, 0), zeros(Float32, 3, 5), Any[1], zeros(ComplexF32, 4, 2), nothing)
        guarded(identity, guard)(logits(3, 7))
        @test verdict(guard).observations == 7
        guarded(_ -> unseen, guard)(x)
        @test verdict(guard).observations == 0 && isempty(verdict(guard).indices) && size(verdict(guard).scores, 2) == 0
    end
    guarded(identity, guard)(logits(3, 7))
    @test observe!(guard, zeros(Float32, 4, 0)).observations == verdict(guard).observations == 0
    guarded(identity, guard)(logits(3, 7))
    close(guard)
    guarded(identity, guard)(logits(4, 9))
    @test verdict(guard).observations == 0
end

@testset "a guard sees an output once" begin
    Guard(baseline(); name = "one", log = false) do guard
        Guard(baseline(); log = false) do other
            model = guarded(linear, guard)
            for twice in (() -> guarded(model, guard), () -> guarded(linear, guard, guard), () -> guarded(linear, guard, other, guard))
                told = try twice() catch error sprint(showerror, error) end
                @test occursin("guard \"one\" on an output that it watches already", told) && occursin("unguarded(model)", told)
            end
            @test length(guards(guarded(model, other))) == 2
            @test length(guards(guarded(x -> (x, x), guard, guard; output = (1, 2)))) == 2
        end
    end
end

@testset "on_error = :throw, for tests" begin
    guard = Guard(baseline(); log = false, on_error = :throw)
    @test_throws FeatureMismatch guarded(identity, guard)(x)
    @test_throws ElementTypeUnsupported guarded(x -> round.(Int, x), guard)(x)
    @test_throws InvalidArgument guarded(x -> (x, x), guard)(x)
    @test guarded(x -> fill(Tracer(), 4, 3), guard)(x) == fill(Tracer(), 4, 3)
    @test size(guarded(x -> zeros(Float32, 4, 0), guard)(x)) == (4, 0)
    close(guard)
    @test_throws GuardClosed guarded(linear, guard)(x)
    @test_throws InvalidArgument Guard(baseline(); on_error = :explode)
end

@testset "parts of an output" begin
    profile = fit(Profile, values_like(1, 2, 500; T = Float32); output = :values)
    Guard(baseline(); log = false) do logits
        Guard(profile; log = false) do hidden
            heads(x) = (logits = linear(x), hidden = x)
            for (model, parts) in ((heads, (:logits, :hidden)), (heads, (1, 2)), (heads, (y -> y.logits, y -> y.hidden)),
                (x -> Tuple(heads(x)), (first, last)))
                before = (counters(logits).observed, counters(hidden).observed)
                watched = guarded(model, logits, hidden; output = parts)
                @test watched(x) == model(x)
                @test (counters(logits).observed, counters(hidden).observed) == before .+ 16
            end
            both = guarded(guarded(heads, logits; output = :logits), hidden; output = :hidden)
            both(x)
            @test counters(logits).unwatched == counters(hidden).unwatched == 0
            _, logs = quiet(() -> guarded(heads, logits; output = :none)(x))
            @test counters(logits).unwatched == 1
            @test_throws InvalidArgument guarded(heads, logits; output = (1, 2))
        end
        # What is wrong with a part or a mask is said by its name.
        Guard(profile; log = false, on_error = :throw) do strict
            for (output, words) in (3 => ["output: got 3", "2 parts", "1 to 2"], :logit => ["output: got :logit", ":logits, :hidden"],
                (y -> y.none) => ["output: got a function that throws", "none"])
                text = try guarded(x -> (logits = x, hidden = x), strict; output = output)(x); "" catch error; sprint(showerror, error) end
                @test all(word -> occursin(word, text), words)
            end
            @test_throws InvalidArgument guarded(linear, strict; output = 2)(x)
            masked = guarded(linear, strict; mask = x -> error("no mask"))
            text = try masked(x); "" catch error; sprint(showerror, error) end
            @test occursin("mask: got a function that throws: no mask", text)
        end
    end
end

@testset "a copy of the model has the same guard" begin
    Guard(baseline(); log = false) do guard
        model = deepcopy(guarded(linear, guard))
        @test guards(model) == [() => guard]
        @test model.weight !== linear.weight
        model(x)
        @test counters(guard).observed == 16
    end
end
