# How a lot was drawn is a fact of the lot: what is known again, what is refused, what is charged.
using Test, FluxGuard, FluxGuard.Outliers, FluxGuard.Performance, FluxGuard.Privacy, FluxGuard.Errors
using Main.Support

const X = reshape(collect(1.0f0:40), 4, 10)
charged(run) = [(r.record["sampler"], get(r.record, "sample_rate", nothing), r.times) for r in releases(run)]
add!(run, lot; options...) = add_noise!(zeros(3), run; sensitivity = 1, noise_multiplier = 1, lot = lot, options...)

@testset "a lot is known through whatever passes it on" begin
    passes = (identity, lots -> Iterators.take(lots, 5), collect, lots -> (l for (l, _) in zip(lots, 1:9)), lots -> (l for (_, l) in enumerate(lots)),
        lots -> Channel(c -> foreach(l -> put!(c, l), lots), ctype = Any, csize = 3))
    for pass in passes, data in (X, (X, X[1:2, :]), (a = X, b = view(X, 1:2, :)))
        run = PrivateRun()
        foreach(lot -> add!(run, lot), pass(PoissonSampler(data; rate = 0.4, steps = 5)))
        @test charged(run) == [("poisson", 0.4, 5)]
    end
    run = PrivateRun()
    foreach(lot -> add!(run, lot), PoissonSampler(50; rate = t -> t < 3 ? 0.1 : 0.2, steps = 4)) # indices, and a schedule
    @test charged(run) == [("poisson", 0.1, 2), ("poisson", 0.2, 2)]
end

# A lot with something in it.
function full_lot(data = X; options...)
    for lot in PoissonSampler(data; rate = 0.9, steps = 1, options...)
        return lot
    end
end

@testset "what is not the lot is refused, and counts nothing" begin
    lot() = full_lot((X, X))
    changed(l) = (l[1][1] += 1; l)
    repeated(l) = (view(l[1], :, fill(1, 20)), l[2])
    for other in (l -> map(copy, l), changed, repeated, l -> (view(l[1], :, 1:1), view(l[2], :, 1:1)), l -> (l[1], copy(l[2])), l -> (l[1], lot()[2]),
        l -> map(x -> reshape(x, 2, :), l), l -> map(x -> reinterpret(Int32, x), l), l -> map(transpose, l), l -> (l..., X))
        run = PrivateRun()
        @test_throws InvalidArgument add!(run, other(lot()))
        @test steps(run) == 0 && isempty(charged(run))
    end
    # by content, whatever the elements are
    struct_of(x) = Ref(x)
    for data in ([[1.0, 2.0], [3.0], [4.0]], ["a", "bc", "d"], [struct_of([1.0]), struct_of([2.0]), struct_of([3.0])])
        lot = PoissonSampler((data,); rate = 1.0, steps = 1)
        run = PrivateRun()
        same = first(lot)
        add!(run, same)
        changed = first(lot)
        changed[1][1] isa AbstractString ? (changed[1][1] = "zz") : changed[1][1] isa Ref ? (changed[1][1][][1] = 9.0) : (changed[1][1][1] = 9.0)
        @test_throws InvalidArgument add!(run, changed)
    end
    # what is no array hides data
    other = full_lot((X, X))
    for hidden in (1:3, Base.Iterators.take(1:3, 2), Ref(3))
        @test_throws InvalidArgument add!(PrivateRun(), (other[1], hidden))
    end
    # as many gradients as the lot has examples
    lot9 = full_lot()
    @test_throws InvalidArgument private_mean!(zeros(Float32, 4), X[:, 1:1], PrivateRun(); clip = 1.0, noise_multiplier = 1, expected_lot_size = 9, lot = lot9)
    lots = collect(PoissonSampler(X; rate = 0.5, steps = 4))
    run = PrivateRun()
    add!(run, lots[1])
    @test_throws InvalidArgument add!(run, lots[3]) # one was left out
    add!(run, lots[2])
    @test charged(run) == [("poisson", 0.5, 2)]
end

@testset "a lot that is released again is charged without amplification, by whichever run" begin
    run, other, lot = PrivateRun(), PrivateRun(), full_lot()
    foreach(r -> add!(r, lot), (run, run, other))
    @test charged(run) == [("poisson", 0.9, 1), ("full_batch", nothing, 1)] && charged(other) == [("full_batch", nothing, 1)]
    # in a truncated lot another takes an example's place: a whole batch would be half of what it costs
    run, lot = PrivateRun(), full_lot(X; max_lot = 3)
    foreach(_ -> add!(run, lot), 1:2)
    @test charged(run) == [("truncated_poisson", 0.9, 1), ("truncated_poisson", 1.0, 1)]
    # the adaptive count of a lot that was released is another release on it
    run, lot, clip = PrivateRun(), full_lot(), AdaptiveClip(1.0; count_noise = 2)
    report = private_mean!(zeros(Float32, 4), lot, run; clip = clip, noise_multiplier = 1, expected_lot_size = 9, lot = lot)
    adapt!(clip, report, run; expected_lot_size = 9, lot = lot)
    @test [first(c) for c in charged(run)] == ["poisson", "full_batch"]
end

@testset "a seed anywhere is known everywhere after" begin
    path = scratch("run.fgdp")
    run = PrivateRun(keep = path)
    add!(run, full_lot())
    @test isprivate(run) && FluxGuard.load(PrivacyState, path).private
    add!(run, full_lot(X; seed = 1))
    @test !isprivate(run) && report(run; delta = 1e-5).epsilon === nothing && !FluxGuard.load(PrivacyState, path).private
    @test !isprivate(PrivateRun(spent = FluxGuard.load(PrivacyState, path))) && !isprivate(PrivateRun(spent = run))
    @test_throws InvalidArgument PrivateRun(spent = Accountant(run)) # would forget the seed
    @test_throws InvalidArgument PrivateRun(keep = path)             # would write over what was spent
end

@testset "many lots that are left out are pointed out" begin
    lots, run = PoissonSampler(X; rate = 0.5, steps = 3), PrivateRun()
    chosen() = (lot = first(lots); size(lot, 2) > 5 && add!(run, lot))
    foreach(_ -> add!(run, first(lots)), 1:30)
    @test_logs foreach(_ -> first(lots), 1:8)
    @test_logs (:warn, r"drawn and not released") foreach(_ -> first(lots), 1:8)
    @test_logs foreach(_ -> first(lots), 1:8) # once
    fresh = PoissonSampler(X; rate = 0.5, steps = 3)
    @test_logs foreach(_ -> first(fresh), 1:40) # nothing is released: somebody looks
end

@testset "nobody's word is taken for how a lot was drawn" begin
    training(; options...) = FluxGuard.TrainingRun(; clip = 1.0, noise_multiplier = 1.0, lot_size = 4, options...)
    batch = (X[:, 1:4],)
    @test_throws InvalidArgument FluxGuard.lot_of(training(), batch)
    @test_throws InvalidArgument training(lots = :any) # with one example more, such lots may differ in two
    @test_throws InvalidArgument training(lots = :poisson, relation = :replace_one)
    run = training(lots = :any, relation = :replace_one)
    lots = PoissonSampler((X,); rate = 0.4, steps = 2)
    for lot in (batch, batch, first(lots))
        FluxGuard.release_sums!(run.door, [zeros(3)], (clip_norm = 1.0, noise_multiplier = 1.0), FluxGuard.crossing_lot(FluxGuard.lot_of(run, lot)))
    end
    @test charged(run.door) == [("full_batch", nothing, 2), ("poisson", 0.4, 1)]
    @test_throws MethodError add!(run.door, nothing; sample_rate = 0.1)
    # a vector of norms is the run's own
    norms = [1.0, 2.0]
    run = training(clip = norms)
    norms .= 50
    @test FluxGuard.StepSettings(run).clip == [1.0, 2.0]
end
