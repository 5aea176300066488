using Test, FluxGuard
using Main.Support

@testset "which face, and why" begin
    @test binding() in (:c, :jlrs)
    v = versions()
    @test v.binding === binding() && isfile(v.library) && v.abi == 1 && v.julia == VERSION
    @test (v.jlrs === nothing) == (binding() === :jlrs)
end

@testset "the override" begin
    code, out, _ = run_julia("print(binding())"; env = Dict("FLUXGUARD_BINDING" => "c"))
    @test (code, out) == (0, "c")
    code, out, _ = run_julia("try binding() catch error print(nameof(typeof(error))) end"; env = Dict("FLUXGUARD_BINDING" => "rust"))
    @test (code, out) == (0, "InvalidArgument")
end

# What the calls of the other topics give, as text: the same on both faces.
const SAME = """
    using Test
    show_fault(call) = try call(); "none" catch error sprint(showerror, error) end
    y = logits(1, 200)
    bad = copy(y); bad[2, 5] = NaN
    Guard(baseline(); name = "g", window = 100, log = false) do guard
        for form in (y, Float16.(y), Float64.(y), view(y, :, 1:2:9), vec(y[:, 1]), reshape(y, 2, 2, 200))
            v = observe!(guard, form)
            println(v.observations, v.indices, v.detectors, v.thresholds, v.tails, v.scores, v.predicted, v.non_finite)
        end
        observe!(guard, y .+ 3)
        flush(guard)
        println(counters(guard))
        for a in alerts(guard)
            println(a.id, a.kind, a.severity, a.message, a.statistic, a.p_value, a.effect, a.window.index)
        end
        for call in (() -> observe!(guard, ones(3, 7)), () -> observe!(guard, zeros(4, 0)), () -> observe!(guard, [1 2; 3 4]),
            () -> observe!(guard, "text"), () -> (close(guard); observe!(guard, y)))
            println(show_fault(call))
        end
    end
    for call in (() -> fit(Profile, bad), () -> fit(Profile, [y, ones(3, 9)]), () -> Profile(output = :logit), () -> load("/no/such/file"),
        () -> Guard(baseline(); window = 1), () -> Guard(baseline(); tests = :coin), () -> Guard(baseline(); journal = "/no/such/folder/j"),
        () -> Native.panic(FluxGuard.face(), "on purpose"), () -> compare(y, ones(3, 9)))
        println(show_fault(call))
    end
    c = compare(y, logits(2, 300); tests = [:ks, :psi])
    println(c.drift, [(t.test, t.statistic, t.p_value, t.adjusted_p_value, t.effect, t.method) for column in c.columns for t in column.tests])
    println(Native.errors(FluxGuard.face()))
    """

@testset "both faces give the same" begin
    code, c, err = run_julia(SAME; env = Dict("FLUXGUARD_BINDING" => "c"))
    @test code == 0
    code == 0 || print(stderr, err)
    @test count(isequal('\n'), c) > 20
    missing_jlrs = jlrs_missing()
    if missing_jlrs === nothing
        code, jlrs, err = run_julia(SAME; env = Dict("FLUXGUARD_BINDING" => "jlrs"))
        @test code == 0
        code == 0 || print(stderr, err)
        @test jlrs == c
    else
        skip_topic("faces: both give the same", missing_jlrs)
    end
end
