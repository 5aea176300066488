using Test, FluxGuard, FluxGuard.Drift, FluxGuard.Errors
using FluxGuard: JSON
using Main.Support

@testset "adjusted p-values are statsmodels'" begin
    cases = JSON.parse(read(checkout_file("test", "reference", "stats.json"), String))["multiple"]
    @test length(cases) >= 2
    for case in cases
        p = Float64.(case["p"])
        for correction in (:bonferroni, :holm, :benjamini_hochberg, :benjamini_yekutieli)
            @test adjust(p; correction = correction) ≈ Float64.(case[replace(string(correction), '_' => '-')]) rtol = 1e-12
        end
        @test adjust(p) == adjust(p; correction = :bh) == adjust(reshape(p, 1, :); correction = "benjamini-hochberg")
    end
    @test adjust(Float64[]) == Float64[] && adjust([1, 0]) == [1, 0]
    for bad in ([0.1, NaN], [0.1, 1.5])
        fault = try adjust(bad) catch error; sprint(showerror, error) end
        @test occursin("p_values", fault) && occursin("index 2 (from 1)", fault)
    end
    fault = try adjust([0.1]; correction = :none) catch error; sprint(showerror, error) end
    @test occursin("benjamini_yekutieli", fault)
    @test_throws ElementTypeUnsupported adjust(["a"])
end

@testset "e-BH" begin
    @test e_bh([10, 50, 0, 20]; alpha = 0.1) == [2, 4]
    @test e_bh([10.0, Inf, 0.0, 50.0]) == [2, 4]
    @test e_bh(Float64[]) == Int[]
    # It is Benjamini and Hochberg's procedure of the reciprocals.
    e = [exp(4 * sin(k)) for k in 1:50]
    @test e_bh(e; alpha = 0.2) == findall(adjust(min.(1, 1 ./ e)) .<= 0.2)
    for call in (() -> e_bh([1.0, -1.0]), () -> e_bh([NaN]), () -> e_bh([1.0]; alpha = 1))
        @test_throws InvalidArgument call()
    end
end
