using Test, FluxGuard, FluxGuard.Outliers, FluxGuard.Drift, FluxGuard.Performance, FluxGuard.Errors
using FluxGuard: describe
using Main.Support

usual = vec(values_like(61, 1, 2000))
later = vec(values_like(62, 1, 4000))

@testset "$(nameof(typeof(make(usual))))" for make in (u -> Spot(u; rate = 0.01), u -> Spot(u; rate = 0.01, depth = 50),
    u -> Feedback(u; rate = 0.01))
    t = make(usual)
    # The first alarm is the first score above the threshold of its time.
    at = findfirst(i -> (above = later[i] > threshold(t); only(update!(t, later[i])) && above), eachindex(later))
    @test at !== nothing
    alarms = update!(t, later[at+1:end])
    @test alarms isa BitVector && 5 < count(alarms) < 160        # about 40 of 4000 are expected
    @test nobs(t) == 4000 && counts(t).alarms == count(alarms) + 1
    before = threshold(t)
    @test update!(t, [1e6, NaN]) == [true, true] && threshold(t) == before
    # All alarms were none: 2.33 is what one usual score in a hundred exceeds.
    none = later[at+1:end][alarms]
    dismiss!(t, none)
    @test before <= threshold(t) < 2.8 && isequal(counts(t).precision, 0.0)
    confirm!(t, length(none))
    @test counts(t) == (scores = 4002, alarms = length(none) + 3, dismissed = length(none), confirmed = length(none), precision = 0.5)
    path = scratch("threshold.fg")
    FluxGuard.save(path, t)
    again = FluxGuard.load(LiveThreshold, path)
    @test typeof(again) === typeof(t) && threshold(again) == threshold(t)
    @test update!(again, later) == update!(t, later) && describe(again) == describe(t)
    @test occursin("$(nobs(t)) scores", sprint(show, t))
    @test_throws Incompatible FluxGuard.load(t isa Spot ? Feedback : Spot, path)
    @test update!(t, Float32[]) == Bool[]
    for bad in (() -> dismiss!(t, NaN), () -> confirm!(t, -1), () -> make([1.0, NaN]))
        @test_throws InvalidArgument bad()
    end
    write(path, "no threshold")
    @test_throws FileDamaged FluxGuard.load(LiveThreshold, path)
end

@testset "bad options" begin
    @test_throws InvalidArgument Spot(usual; rate = 0)
    @test_throws InvalidArgument Spot(usual; depth = 5000)
    @test_throws InvalidArgument Spot(usual; no_such = 1)
    @test_throws InvalidArgument Feedback(usual; rate = 1)
    @test_throws BaselineTooSmall Feedback([1.0, 2.0])
    @test_throws BaselineTooSmall Spot([1.0, 2.0])
    @test isnan(counts(Spot(usual)).precision)
end
