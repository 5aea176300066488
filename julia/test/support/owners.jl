# An object or more for every kind of handle, and how it is used: what copies.jl copies, sends and saves.

module Owners

using FluxGuard, FluxGuard.Outliers, FluxGuard.Drift, FluxGuard.Performance, FluxGuard.Sketches, FluxGuard.Privacy, Random
using FluxGuard: Native
using Main.Support

export KEPT, REFUSED, GUARD, kept_objects, guard_of

const X = values_like(3, 3, 200)
const CLASSES = (labels = mod1.(1:200, 2), weights = [1.0 0.5 -1; -0.5 1 1], bias = [0.0, 0.1])
const SCORES = vec(values_like(6, 1, 1000))
const TEXTS = [join(rand(SplitMix64(i), ["red", "green", "blue"], 6), ' ') for i in 1:40]

"What one can hold: `make()` gives the object; `use` asks it, and has it go on where it can; the answer can be compared."
struct Owner
    kind::Type
    name::String
    make::Any
    use::Any
end

function fitted_detector(type)
    try
        return fit(type, X)
    catch error
        error isa FluxGuardError || rethrow()
        return fit(type, abs.(X); CLASSES...) # a classifier's
    end
end

const SKETCHES = [(:kll, s -> (fit!(s, 1:9); quantiles(s, 0:0.25:1))), (:tdigest, s -> (fit!(s, 1:9); quantiles(s, [0, 1]))),
    (:hll, s -> (fit!(s, 5:9); distinct(s))), (:theta, s -> (fit!(s, 5:9); distinct(s))),
    (:frequent_items, s -> (fit!(s, ["b", "c", "b"]); frequent(s)))]
first_items(kind) = kind === :frequent_items ? ["a", "b"] : 1.0:8

stream_of(name) = StreamDetector(name)
stream_values(name) = name === :two_sample ? values_like(7, 2, 50) : abs.(vec(values_like(7, 1, 50))) ./ 9
stream_values(name, ::Val{:bits}) = Float64.(stream_values(name) .> 0.05)
values_for(name) = name in (:ddm, :eddm) ? stream_values(name, Val(:bits)) : clamp.(stream_values(name), 0, 1)

use_stream(d, name) = (update!(d, values_for(name)), statistic(d), nobs(d))
use_late(l) = (n = nobs(l) + 1; record!(l, n:n+9, ones(10)); label!(l, n:n+9, [0.0; ones(9)]); (counts(l), statistic(l)))

function late_labels()
    l = LateLabels()
    record!(l, 1:9, ones(9))
    label!(l, 1:9, ones(9))
    return l
end

function store()
    s = NeighborStore(3; max_points = 150)
    add!(s, X; time = 1)
    return s
end

"What is kept whole wherever it goes."
const KEPT = Owner[
    Owner(Native.ProfileHandle, "Profile", () -> fit(Profile, X; output = :values), p -> (fit!(p, X[:, 1:7] .+ 1); sprint(show, "text/plain", p)));
    [Owner(Native.StreamHandle, "StreamDetector $name", () -> fit!(stream_of(name), values_for(name)), d -> use_stream(d, name))
        for (name, _) in FluxGuard.STREAM_TYPES];
    [Owner(Native.SketchHandle, "Sketch $kind", () -> fit!(Sketch(kind), first_items(kind)), use) for (kind, use) in SKETCHES];
    Owner(Native.ThresholdHandle, "Spot", () -> Spot(SCORES; rate = 0.01), t -> (update!(t, 1.2 .* reverse(SCORES)), threshold(t)));
    Owner(Native.ThresholdHandle, "Feedback", () -> Feedback(SCORES), t -> (update!(t, SCORES), threshold(dismiss!(t, 4.0))));
    Owner(Native.LateHandle, "LateLabels", late_labels, use_late);
    Owner(Native.NeighborsHandle, "NeighborStore", store, s -> (add!(s, X[:, 1:9] .* 2), search(s, X[:, 1:5]), points(s)));
    Owner(Native.ReferenceHandle, "Reference", () -> fit(Reference, X), r -> repr(compare(r, X .+ 0.1; tests = [:ks, :psi]).columns));
    Owner(Native.PerformanceHandle, "PerformanceEstimator",
        () -> fit(PerformanceEstimator, repeat([0.2, 0.7, 0.9, 0.4], 100), repeat([0, 1, 1, 0], 100); chunk_size = 50),
        e -> repr(estimate_performance(e, repeat([0.2, 0.7, 0.9, 0.6], 50)).chunks));
    [Owner(Native.DetectorHandle, string(nameof(type)), () -> fitted_detector(type), d -> (score(d, X[:, 1:5]), pvalue(d, X[:, 1:5])))
        for (_, type) in sort!(collect(FluxGuard.DETECTORS); by = first)];
    [Owner(Native.SequenceHandle, string(nameof(type)), () -> fit(type, TEXTS), d -> score(d, TEXTS[1:3]))
        for (_, type) in sort!(collect(FluxGuard.SEQUENCE_DETECTORS); by = first)]]

"What is refused: what it is, how it is called in the refusal, and a word of the way out."
const REFUSED = [
    (kind = Native.RunHandle, make = () -> PrivateRun(), called = "PrivateRun", way = "make a new PrivateRun"),
    (kind = Native.SamplerHandle, make = () -> PoissonSampler(100; rate = 0.1), called = "PoissonSampler", way = "make a new PoissonSampler"),
    (kind = Native.SamplerHandle, make = () -> PoissonSampler(X; rate = 0.1), called = "PoissonSampler", way = "make a new PoissonSampler"),
    (kind = Native.CorrelatedHandle, make = () -> TreeNoise(3; steps = 4, clip_norm = 1, noise_multiplier = 1), called = "TreeNoise", way = "begin a new one"),
    (kind = Native.CorrelatedHandle, make = () -> BandedNoise(3; bands = 2, clip_norm = 1, noise_multiplier = 1), called = "BandedNoise", way = "begin a new one"),
    (kind = Native.RunHandle, make = () -> FluxGuard.TrainingRun(clip = 1, noise_multiplier = 1, lot_size = 9), called = "private run", way = "FluxGuard.save(path, dp)")]

guard_of(profile = fit(Profile, X; output = :values)) = Guard(profile; name = "door", log = false)
const GUARD = (kind = Native.GuardHandle, make = guard_of)

kept_objects() = Dict(owner.name => owner.make() for owner in KEPT)

end
