using Test, FluxGuard, FluxGuard.Drift, FluxGuard.Privacy, FluxGuard.Errors
using FluxGuard: Phase
using Main.Support

const G = randn(4, 6)
mean(; clip = 1, noise_multiplier = 1, expected_lot_size = 6, options...) = private_mean!(zeros(4), G, PrivateRun();
    clip = clip, noise_multiplier = noise_multiplier, expected_lot_size = expected_lot_size, options...)
count_step(; options...) = step!(Accountant(); options...)
sum_of(out, g = G; clip = 1) = clip_sum!(out, g; clip = clip)
cost(; noise_multiplier = 1, sample_rate = 0.1, steps = 5, delta = 1e-5, options...) =
    epsilon(; noise_multiplier = noise_multiplier, sample_rate = sample_rate, steps = steps, delta = delta, options...)
calibrated(; target_epsilon = 1, sample_rate = 0.1, steps = 5, delta = 1e-5, options...) =
    noise_multiplier(; target_epsilon = target_epsilon, sample_rate = sample_rate, steps = steps, delta = delta, options...)
fixed(lot, n) = cost(sample_rate = nothing, sampler = :without_replacement, lot_size = lot, dataset_size = n)
overlap() = (x = randn(3, 4); clip_sum!(view(x, :, 1), x; clip = 1))

# Each case: what is wrong, the exception, words that the message must have, and the call.
const CASES = [
    ("sigma zero", InvalidArgument, ["noise_multiplier", "0"], () -> cost(noise_multiplier = 0)),
    ("sigma negative", InvalidArgument, ["noise_multiplier", "-1"], () -> cost(noise_multiplier = -1)),
    ("sigma NaN", InvalidArgument, ["noise_multiplier", "NaN"], () -> cost(noise_multiplier = NaN)),
    ("sigma zero in a mean", InvalidArgument, ["noise_multiplier", "0"], () -> mean(noise_multiplier = 0)),
    ("sigma negative in noise", InvalidArgument, ["noise_multiplier", "-2"], () -> add_noise!(zeros(3), PrivateRun(); sensitivity = 1, noise_multiplier = -2)),
    ("sensitivity zero", InvalidArgument, ["sensitivity", "0"], () -> add_noise!(zeros(3), PrivateRun(); sensitivity = 0, noise_multiplier = 1)),
    ("clip zero", InvalidArgument, ["clip", "0"], () -> sum_of(zeros(4); clip = 0)),
    ("clip negative", InvalidArgument, ["clip", "-1"], () -> mean(clip = -1)),
    ("clip NaN", InvalidArgument, ["clip", "NaN"], () -> mean(clip = NaN)),
    ("clip of no kind", InvalidArgument, ["clip", "flat"], () -> mean(clip = "flat")),
    ("norms for other parameters", InvalidArgument, ["clip", "2 norms", "1"], () -> mean(clip = [1, 2])),
    ("lot size zero", InvalidArgument, ["expected_lot_size", "0"], () -> mean(expected_lot_size = 0)),
    ("lot size negative", InvalidArgument, ["expected_lot_size", "-6"], () -> mean(expected_lot_size = -6)),
    ("lot size Inf", InvalidArgument, ["expected_lot_size", "Inf"], () -> mean(expected_lot_size = Inf)),
    ("unknown noise", InvalidArgument, ["noise", "laplace", "discrete"], () -> mean(noise = :laplace)),
    ("rate zero", InvalidArgument, ["sample_rate", "0"], () -> cost(sample_rate = 0)),
    ("rate above one", InvalidArgument, ["sample_rate", "1.5"], () -> cost(sample_rate = 1.5)),
    ("rate negative", InvalidArgument, ["sample_rate", "-0.1"], () -> calibrated(sample_rate = -0.1)),
    ("a sampler's rate", InvalidArgument, ["sample_rate", "2"], () -> PoissonSampler(10; rate = 2)),
    ("delta zero", InvalidArgument, ["delta", "0"], () -> cost(delta = 0)),
    ("delta one", InvalidArgument, ["delta", "1"], () -> cost(delta = 1)),
    ("delta negative", InvalidArgument, ["delta", "-1"], () -> calibrated(delta = -1)),
    ("delta NaN", InvalidArgument, ["delta", "NaN"], () -> cost(delta = NaN)),
    ("steps negative", InvalidArgument, ["steps", "-1"], () -> cost(steps = -1)),
    ("steps not whole", InvalidArgument, ["steps", "1.5"], () -> cost(steps = 1.5)),
    ("steps beyond 10^9", InvalidArgument, ["steps", "1000000001"], () -> cost(steps = 10^9 + 1)),
    ("steps beyond 10^9 in all", InvalidArgument, ["steps"], () -> step!(count_step(noise_multiplier = 1, sample_rate = 0.1, steps = 10^9); noise_multiplier = 1, sample_rate = 0.1)),
    ("no steps to calibrate for", InvalidArgument, ["steps", "0"], () -> calibrated(steps = 0)),
    ("a lot larger than the data", InvalidArgument, ["lot_size", "11", "10"], () -> fixed(11, 10)),
    ("a lot of none", InvalidArgument, ["lot_size", "0"], () -> fixed(0, 10)),
    ("a truncated lot larger than the data", InvalidArgument, ["max_lot", "11", "10"], () -> PoissonSampler(10; rate = 0.5, max_lot = 11)),
    ("a truncated lot of none", InvalidArgument, ["max_lot", "0"], () -> PoissonSampler(10; rate = 0.5, max_lot = 0)),
    ("no data to sample", InvalidArgument, ["examples", "0"], () -> PoissonSampler(0; rate = 0.5)),
    ("no sampler", InvalidArgument, ["sampler", "sample_rate"], () -> count_step(noise_multiplier = 1)),
    ("unknown sampler", InvalidArgument, ["sampler", "bernoulli", "poisson"], () -> count_step(noise_multiplier = 1, sampler = :bernoulli)),
    ("a sampler without its fields", InvalidArgument, ["dataset_size", "nothing"], () -> count_step(noise_multiplier = 1, sampler = :without_replacement, lot_size = 3)),
    ("a sampler with another's field", InvalidArgument, ["lot_size", "full_batch"], () -> count_step(noise_multiplier = 1, sampler = :full_batch, lot_size = 3)),
    ("shuffled lots and add/remove", InvalidArgument, ["relation", "replace_one"], () -> count_step(noise_multiplier = 1, sampler = :shuffled, lot_size = 3, dataset_size = 9)),
    ("unknown accountant", InvalidArgument, ["accountant", "moments", "pld"], () -> Accountant(accountant = :moments)),
    ("unknown relation", InvalidArgument, ["relation", "cousins"], () -> Accountant(relation = :cousins)),
    ("units of none", InvalidArgument, ["unit_size", "0"], () -> Accountant(unit_size = 0)),
    ("epsilon negative", InvalidArgument, ["epsilon", "-1"], () -> delta(Accountant(); epsilon = -1)),
    ("a target of zero", InvalidArgument, ["target_epsilon", "0"], () -> calibrated(target_epsilon = 0)),
    ("a target out of reach", InvalidArgument, ["target_epsilon"], () -> calibrated(target_epsilon = 1e-9, delta = 1e-15, sample_rate = 1, steps = 10^9)),
    ("a false positive rate of one", InvalidArgument, ["fpr", "1"], () -> tpr_at_fpr(Accountant(); fpr = 1)),
    ("an order of one", InvalidArgument, ["orders", "1"], () -> rdp(Accountant(); orders = [1])),
    ("a seed below zero", InvalidArgument, ["seed", "-1"], () -> PrivateRun(seed = -1)),
    ("out of another shape", InvalidArgument, ["out", "(3,)", "(4,)"], () -> sum_of(zeros(3))),
    ("out with the example", InvalidArgument, ["out", "(4, 6)", "(4,)"], () -> sum_of(zeros(4, 6))),
    ("out for fewer parameters", InvalidArgument, ["out", "1 array", "2"], () -> sum_of([zeros(4)], [G, G])),
    ("out of another type", InvalidArgument, ["out", "Float32", "Float64"], () -> sum_of(zeros(Float32, 4))),
    ("parameters of two types", InvalidArgument, ["gradients", "one element type"], () -> sum_of((zeros(4), zeros(Float32, 4)), (G, Float32.(G)))),
    ("other examples in a parameter", InvalidArgument, ["gradients", "5 examples", "6"], () -> sum_of([zeros(4), zeros(4)], [G, G[:, 1:5]])),
    ("out in the gradients' memory", InvalidArgument, ["out", "share memory"], overlap),
    ("one out for two parameters", InvalidArgument, ["out", "share memory"], () -> (o = zeros(4); sum_of([o, o], [G, G]))),
    ("half precision", ElementTypeUnsupported, ["gradients", "Float16", "Float32"], () -> sum_of(zeros(Float16, 4), Float16.(G))),
    ("whole numbers", ElementTypeUnsupported, ["Int"], () -> sum_of(zeros(Int, 1), [1 2; 3 4][1:1, :])),
    ("no parameters", EmptyTensor, ["gradients"], () -> sum_of([], [])),
    ("no feature", EmptyTensor, ["gradients", "0 x 3"], () -> sum_of(zeros(0), zeros(0, 3))),
    ("no array", InvalidArgument, ["gradients", "String"], () -> sum_of(zeros(3), "text")),
    ("a quantile of one", InvalidArgument, ["quantile", "1"], () -> AdaptiveClip(1; count_noise = 1, quantile = 1)),
    ("an initial norm out of bounds", InvalidArgument, ["initial", "bounds"], () -> AdaptiveClip(5; count_noise = 1, bounds = (1, 2))),
    ("a count without noise", InvalidArgument, ["count_noise", "0"], () -> AdaptiveClip(1; count_noise = 0)),
    ("a tree without steps", InvalidArgument, ["steps", "0"], () -> TreeNoise(3; steps = 0, clip_norm = 1, noise_multiplier = 1)),
    ("a tree of no number", InvalidArgument, ["dimension", "0"], () -> TreeNoise(0; steps = 2, clip_norm = 1, noise_multiplier = 1)),
    ("a sum of another dimension", InvalidArgument, ["sum", "4", "3"], () -> add_noise!(zeros(4), TreeNoise(3; steps = 2, clip_norm = 1, noise_multiplier = 1))),
    ("a band that begins with zero", InvalidArgument, ["coefficients"], () -> BandedNoise(3; coefficients = [0, 1], clip_norm = 1, noise_multiplier = 1)),
    ("a state with a norm of zero", InvalidArgument, ["clip", "0"], () -> FluxGuard.save(scratch("x"), PrivacyState(Accountant(); clip = 0))),
]

test_faults(CASES)

@testset "what is refused changes nothing" begin
    a = step!(Accountant(); noise_multiplier = 1, sample_rate = 0.1)
    before = copy(a)
    @test_throws InvalidArgument step!(a; noise_multiplier = 0, sample_rate = 0.1)
    @test a == before
end

@testset "sums that are not finite are not released" begin
    for value in (NaN, Inf, -Inf), T in (Float32, Float64)
        run, sums = PrivateRun(seed = 1), T[1, value, 3]
        for noise in (:discrete, :fast)
            @test_throws InvalidArgument add_noise!(sums, run; sensitivity = 1, noise_multiplier = 2, noise = noise)
        end
        tree = TreeNoise(3, run; steps = 4, clip_norm = 1, noise_multiplier = 2)
        banded = BandedNoise(3, run; bands = 2, clip_norm = 1, noise_multiplier = 2)
        before = epsilon(run; delta = 1e-5)
        for mechanism in (tree, banded)
            @test_throws InvalidArgument add_noise!(sums, mechanism)
        end
        @test isequal(sums, T[1, value, 3]) && epsilon(run; delta = 1e-5) == before
    end
end
