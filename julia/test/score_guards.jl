using Test, FluxGuard, FluxGuard.Outliers, FluxGuard.Sequences, FluxGuard.Errors
using Main.Support

# Sessions: a chain that turns clockwise, and, for the changed ones, counterclockwise now and then. A multiplicative generator
# (Lehmer's), so that every Julia draws the same.
mutable struct Draw
    state::UInt64
end
uniform(d::Draw) = (d.state = d.state * 48271 % 2147483647; d.state / 2147483647)
function session(draw, astray)
    at = 0
    return [(at = mod(at + (uniform(draw) < astray ? -1 : 1), 5); string("s", at)) for _ in 1:20]
end
sessions(seed, n, astray) = (draw = Draw(seed); [session(draw, astray) for _ in 1:n])

const FITTED, UNSEEN = sessions(11, 500, 0.05), sessions(12, 2000, 0.05)

@testset "a guard of a sequence detector's scores" begin
    d = fit(MarkovChain, FITTED)
    profile = fit(Profile, d, UNSEEN)
    guard = Guard(profile; window = 500, anomaly_rate = 0.01, log = false)
    usual = observe!(guard, d, sessions(13, 2000, 0.05))
    @test usual.detectors == [:score] && usual.predicted === nothing
    # Expected 20; the binomial's 1e-6 bound, with the reference's own error.
    @test usual.anomalous <= 50
    flush(guard)
    @test isempty(alerts(guard))
    changed = observe!(guard, d, sessions(14, 500, 0.5))
    @test changed.anomalous > 250
    flush(guard)
    @test any(a -> a.kind === :drift, alerts(guard)) && any(a -> a.kind === :anomaly, alerts(guard))
    # Only high scores are anomalous: sessions that never go astray are more than usual.
    @test observe!(guard, d, sessions(15, 100, 0.0)).anomalous == 0
    # One without symbols has no score.
    @test observe!(guard, d, [String[]]).non_finite == 1
    close(guard)
    c = counters(guard)
    @test c.observed == c.tested == 2000 + 500 + 100 + 1
end

@testset "several detectors, of arrays" begin
    draw = Draw(16)
    array(n) = [sum(uniform(draw) for _ in 1:12) - 6 for _ in 1:3, _ in 1:n]
    seen, unseen = array(300), array(1000)
    ds = (fit(KNN, seen), fit(KNN, seen; neighbors = 1), fit!(Encoded(x -> x[1:2, :], Mahalanobis()), seen))
    profile = fit(Profile, ds, unseen)
    guard = Guard(profile; anomaly_rate = 0.01, window = 200, log = false)
    batch = array(50)
    batch[:, 7] .= 9
    v = observe!(guard, ds, batch)
    @test 7 in v.indices && v.anomalous <= 6
    @test occursin("KNN 2", sprint(show, MIME("text/plain"), profile)) || nobs(profile) == 1000
    close(guard)
    @test_throws FeatureMismatch observe!(Guard(profile; log = false), ds[1:2], batch)
    @test_throws InvalidArgument fit(Profile, (), unseen)
    @test_throws InvalidArgument Guard(profile; detectors = [:distance], log = false)
end
