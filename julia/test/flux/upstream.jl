# Flux's own tests of layers, where the sources of Flux that are installed have them: each file bare, and with every layer that it makes guarded.
# What passes bare has to pass guarded. It takes an hour or more, so only where FLUXGUARD_UPSTREAM names a file for what does not.

using Test, FluxGuard, FluxGuard.Performance, Flux, Zygote, Optimisers, Functors
using Main.Support

# The short ones first.
const FILES = ["layers/show.jl", "layers/attention.jl", "outputsize.jl", "loading.jl", "layers/recurrent.jl", "layers/conv.jl", "layers/normalisation.jl",
    "utils.jl", "layers/basic.jl"]
const FOLDER = joinpath(pkgdir(Flux), "test")

# Of a type that they make, or of a function that makes a layer.
const LAYERS = Set([:Chain, :Dense, :Conv, :ConvTranspose, :CrossCor, :DepthwiseConv, :Maxout, :SkipConnection, :Parallel, :PairwiseFusion, :Bilinear,
    :Embedding, :EmbeddingBag, :RNN, :LSTM, :GRU, :GRUv3, :RNNCell, :LSTMCell, :GRUCell, :GRUv3Cell, :Recurrence, :MultiHeadAttention, :BatchNorm, :LayerNorm,
    :InstanceNorm, :GroupNorm, :Dropout, :AlphaDropout, :Scale, :Upsample, :PixelShuffle, :MaxPool, :MeanPool, :AdaptiveMaxPool, :AdaptiveMeanPool,
    :GlobalMaxPool, :GlobalMeanPool])

# Takes eight minutes bare.
const LEFT_OUT = Set(["second derivatives"])

"What a file is evaluated with: a guard whose features hardly any layer has, so that it counts what it cannot see; and what Flux's own runner loads."
const GUARD = Guard(fit(Profile, values_like(1, 3, 100); output = :values); name = "upstream")
watched(layer) = guarded(layer, GUARD)

is_layer(f) = f isa Symbol ? f in LAYERS : f isa Expr && f.head === :. && length(f.args) == 2 && f.args[2] isa QuoteNode && f.args[2].value in LAYERS

wrapped(x) = x
function wrapped(e::Expr)
    left_out(e) && return nothing
    e.head in (:struct, :quote, :macro) && return e
    # A definition of a method, and a call that a test expects to throw, stay what they are.
    if e.head in (:(=), :function) && e.args[1] isa Expr && e.args[1].head in (:call, :where)
        return Expr(e.head, e.args[1], map(wrapped, e.args[2:end])...)
    end
    made = Expr(e.head, map(wrapped, e.args)...)
    return e.head === :call && is_layer(e.args[1]) ? :($watched($made)) : made
end
left_out(e) = e.head === :macrocall && e.args[1] === Symbol("@testset") && any(a -> a in LEFT_OUT, e.args)

"Counts, and keeps the places of what fails, in sets within sets, and ends nothing."
mutable struct Counted <: Test.AbstractTestSet
    description::String
    passed::Vector{LineNumberNode}
    failed::Vector{Pair{LineNumberNode,String}}
end
Counted(description::AbstractString; _...) = Counted(description, [], [])
Test.record(set::Counted, r::Test.Pass) = (push!(set.passed, place(r.source)); r)
Test.record(set::Counted, r::Union{Test.Fail,Test.Error}) = (push!(set.failed, place(r.source) => sprint(show, r)); r)
Test.record(set::Counted, r) = r
Test.record(set::Counted, r::Counted) = (append!(set.passed, r.passed); append!(set.failed, r.failed); r)
function Test.finish(set::Counted)
    Test.get_testset_depth() > 0 && Test.record(Test.get_testset(), set)
    return set
end
place(source) = source === nothing ? LineNumberNode(0, :none) : source

const PRELUDE = quote
    using Flux, Zygote, ForwardDiff, Functors, LinearAlgebra, MLUtils, Optimisers, Random, SparseArrays, Statistics, Test
    using Flux: OneHotArray, OneHotMatrix, OneHotVector, onehotbatch, withgradient, gradient, pullback, outputsize
    using Flux.Losses
    using Flux.Losses: xlogx, xlogy
    using Functors: fmapstructure_with_path, fmap
    using MLUtils: batch, unstack, unsqueeze, unbatch, getobs, numobs, flatten, DataLoader
    const FLUX_TEST_ENZYME = false
    # Theirs compares with finite differences, of a package that need not be here: of a guarded layer, its gradient is the bare one's.
    function test_gradients(f, xs...; loss = (f, xs...) -> mean(f(xs...)), test_mode = false, _...)
        test_mode ? Flux.testmode!(f) : Flux.trainmode!(f)
        bare = FluxGuard.unguarded(f)
        of(f) = (Random.seed!(1); Zygote.withgradient(loss, f, xs...))
        (y, gs), (y2, gs2) = of(f), of(bare)
        @test isequal(y, y2)
        @test isequal(first(Optimisers.destructure(gs)), first(Optimisers.destructure(gs2)))
        return true
    end
end

function counted(file, change)
    scope = Module(:Upstream)
    Core.eval(scope, :(using FluxGuard: FluxGuard))
    foreach(e -> Core.eval(scope, e), PRELUDE.args)
    Core.eval(scope, :(using BSON: BSON; const TEST_MODELS = []))
    Core.eval(scope, :(Random.seed!(0)))
    set = @testset Counted "$file" begin
        try
            Base.include(change, scope, joinpath(FOLDER, file))
        catch error
            # What a file begins with cannot be run here, or one of its sets was cut off.
            @test sprint(showerror, error) == ""
        end
    end
    return set
end

key((source, _)) = (String(source.file), source.line)

const UPSTREAM = get(ENV, "FLUXGUARD_UPSTREAM", "")
if isempty(UPSTREAM)
    skip_topic("flux/upstream", "Flux's own tests, an hour or more: FLUXGUARD_UPSTREAM=failures.txt")
elseif !isdir(joinpath(FOLDER, "layers"))
    skip_topic("flux/upstream", "the Flux that is installed has no tests with it")
else
    passed, failures = 0, String[]
    for file in FILES
        bare, watched_too = redirect_stdio(() -> (counted(file, identity), counted(file, wrapped)); stdout = devnull, stderr = devnull)
        known = Set(key.(bare.failed))
        ours = filter(failure -> !(key(failure) in known), watched_too.failed)
        # A set that is cut off runs fewer.
        println("  $(rpad(file, 24)) bare $(length(bare.passed)) passed, $(length(bare.failed)) failed; guarded $(length(watched_too.passed)) passed, $(length(ours)) failed")
        flush(stdout)
        global passed += length(watched_too.passed)
        append!(failures, ["$(s.file):$(s.line)\n$text" for (s, text) in ours])
    end
    write(UPSTREAM, join(failures, "\n----\n"))
    println("  $passed assertions of Flux's own pass with every layer guarded, $(length(failures)) do not; the hook has seen $(counters(GUARD).observed), and could not see $(counters(GUARD).unwatched)")
    @test passed > 1000
    # What is left asks for the type of a layer, or for its fields past what it says of them.
    of_the_type = (r"isa Dense", r"getfield\(m3\[4\], k\)", r"Tried to load .* the structures do not match", r"\(rec\(x\)\)\[2\] ≈ \(rnn\(x\)\)\[2\]")
    @test filter(text -> !any(pattern -> occursin(pattern, text), of_the_type), failures) == []
end
close(GUARD)
