using Test, FluxGuard, FluxGuard.Privacy, FluxGuard.Errors
using FluxGuard: JSON, Phase
using Main.Support

const REFERENCE = JSON.parse(read(checkout_file("test", "reference", "privacy_accounting.json"), String))

@testset "epsilon is dp-accounting's, on a grid ten times finer than its default" begin
    for row in REFERENCE["pld"]
        a = Accountant(relation = row["relation"])
        for (sigma, rate, count) in row["phases"]
            step!(a; noise_multiplier = sigma, sample_rate = rate, steps = Int(count))
        end
        deltas = [delta for (delta, _) in row["epsilon"]]
        expected = [epsilon for (_, epsilon) in row["epsilon"]]
        @test all(abs.(epsilon(a; delta = deltas) .- expected) .<= max.(1e-4, 1e-3 .* expected))
    end
end

@testset "the examples of the field" begin
    a = Accountant()
    @test epsilon(a; delta = 1e-5) == 0
    @test step!(a; noise_multiplier = 1.0, sample_rate = 0.01, steps = 1000) === a
    step!(a; noise_multiplier = 2.0, sample_rate = 0.02, steps = 500)
    @test abs(epsilon(a; delta = 1e-5) - 2.0677) < 2.1e-3
    @test steps(a) == 1500
    small = (noise_multiplier = 0.5, sample_rate = 1e-4, steps = 1000, delta = 1e-5)
    @test epsilon(; small...) < 0.543
    @test 2.49 < epsilon(; small..., accountant = :rdp) < 2.51
    @test epsilon(; noise_multiplier = 1, sample_rate = 0.1, steps = 0, delta = 1e-5) == 0
end

@testset "steps one by one are steps at once; phases that differ are kept apart" begin
    one_by_one, at_once = Accountant(), Accountant()
    foreach(_ -> step!(one_by_one; noise_multiplier = 1, sample_rate = 0.01), 1:50)
    @test one_by_one == step!(at_once; noise_multiplier = 1, sample_rate = 0.01, steps = 50)
    @test hash(one_by_one) == hash(at_once) && copy(at_once) == at_once && copy(at_once) !== at_once
    step!(one_by_one; noise_multiplier = 1, sampler = :without_replacement, lot_size = 10, dataset_size = 1000)
    @test [p.sampler for p in one_by_one.phases] == [:poisson, :without_replacement]
    both = step!(copy(at_once), one_by_one)
    @test steps(both) == 101
    @test_throws Incompatible step!(Accountant(relation = :replace_one), at_once)
    @test_throws Incompatible step!(Accountant(unit_size = 2), at_once)
end

@testset "samplers" begin
    cost(; options...) = epsilon(; noise_multiplier = 2, steps = 500, delta = 1e-6, options...)
    poisson = cost(sample_rate = 0.02)
    @test cost(sample_rate = 0.02, max_lot = 400, dataset_size = 10_000) ≈ poisson rtol = 1e-3
    @test cost(sample_rate = 0.02, max_lot = 200, dataset_size = 10_000) > 1.1poisson
    @test cost(sampler = :without_replacement, lot_size = 200, dataset_size = 10_000) > poisson
    @test cost(sampler = "full-batch") > poisson
    @test cost(sample_rate = 0.02, relation = :replace_one) > poisson
    @test cost(sample_rate = 0.02, unit_size = 4) > 2poisson
    lower = FluxGuard.shuffled_lower_bound(noise_multiplier = 0.8, lots = 100, delta = 1e-5)
    upper = epsilon(; noise_multiplier = 0.8, steps = 100, delta = 1e-5, sampler = :shuffled, lot_size = 100, dataset_size = 10_000,
        relation = :replace_one)
    @test 0.3upper < lower < upper
end

@testset "other faces of the same curve" begin
    a = step!(Accountant(); noise_multiplier = 1, sampler = :full_batch)
    for (fpr, tpr) in ((0.01, 0.0923623), (0.1, 0.3891429), (0.5, 0.8413447)) # Φ(Φ⁻¹(fpr) + 1)
        @test tpr - 1e-6 <= tpr_at_fpr(a; fpr = fpr) <= 1.002tpr
        @test trade_off(a; fpr = fpr) ≈ 1 - tpr_at_fpr(a; fpr = fpr)
    end
    @test trade_off(a; fpr = [0.01, 0.1]) == [trade_off(a; fpr = 0.01), trade_off(a; fpr = 0.1)]
    curve = privacy_curve(a; delta = [1e-3, 1e-6])
    @test curve[1].epsilon == epsilon(a; delta = 1e-3) < curve[2].epsilon
    @test delta(a; epsilon = curve[2].epsilon) ≈ 1e-6 rtol = 1e-6
    @test length(privacy_curve(a)) == 10
    @test rdp(a; orders = [2, 8]) ≈ [1.0, 4.0] # α / 2σ²
end

@testset "calibration never overshoots" begin
    for (target, rate, count, kind) in ((1.0, 0.01, 1000, :pld), (8.0, 256 / 60_000, 14_000, :pld), (0.5, 0.01, 100, :rdp))
        sigma = noise_multiplier(; target_epsilon = target, delta = 1e-5, sample_rate = rate, steps = count, accountant = kind)
        spent = epsilon(; noise_multiplier = sigma, sample_rate = rate, steps = count, delta = 1e-5, accountant = kind)
        @test 0.997target < spent <= target
    end
    fixed = (sampler = :without_replacement, lot_size = 100, dataset_size = 10_000, steps = 200, delta = 1e-6, relation = :replace_one)
    sigma = noise_multiplier(; target_epsilon = 2, fixed...)
    @test 1.99 < epsilon(; noise_multiplier = sigma, fixed...) <= 2
end

@testset "the budget" begin
    a = step!(Accountant(); noise_multiplier = 1, sample_rate = 0.01, steps = 1000)
    budget = 1.01epsilon(a; delta = 1e-5)
    next = (noise_multiplier = 1, sample_rate = 0.01)
    @test check_budget(a; epsilon = budget, delta = 1e-5, next...) === nothing
    @test_throws BudgetExhausted check_budget(a; epsilon = budget, delta = 1e-5, steps = 500, next...)
    @test steps(a) == 1000
end

@testset "the noise that is drawn is paid for" begin
    ideal = step!(Accountant(); noise_multiplier = 1, sample_rate = 0.01, steps = 1000)
    real = step!(Accountant(); noise_multiplier = 1, sample_rate = 0.01, steps = 1000, dimension = 235_146)
    @test epsilon(ideal; delta = 1e-5) < epsilon(real; delta = 1e-5) < 1.001epsilon(ideal; delta = 1e-5)
end

@testset "the report, and what is shown" begin
    a = step!(Accountant(); noise_multiplier = 1, sample_rate = 0.01, steps = 1000)
    r = report(a; delta = 1e-5, unit = "patient", tuning_runs = 3)
    @test (r.unit, r.relation, r.samplers, r.accountant, r.steps) == ("patient", :add_remove, [:poisson], :pld, 1000)
    @test r.epsilon == epsilon(a; delta = 1e-5) < r.epsilon_with_tuning
    @test r.epsilon_with_tuning == epsilon(step!(copy(a); noise_multiplier = 1, sample_rate = 0.01, steps = 3000); delta = 1e-5)
    text = sprint(show, MIME("text/plain"), r)
    for word in ("epsilon", "1e-05", "patient", "add_remove", "poisson (sample_rate 0.01)", "pld", "1000", "tuning runs")
        @test occursin(word, text)
    end
    seeded = report(a; delta = 1e-5, private = false)
    @test seeded.epsilon === nothing && occursin("NOT PRIVATE", sprint(show, MIME("text/plain"), seeded))
    @test report(Accountant(unit_size = 8); delta = 1e-5, unit = "user").unit == "user of up to 8 examples"
    @test sprint(show, a) == "Accountant(pld, add_remove, 1000 steps)"
    @test occursin("noise multiplier", sprint(show, MIME("text/plain"), a))
    @test occursin("sample_rate 0.01", sprint(show, a.phases[1]))
end
