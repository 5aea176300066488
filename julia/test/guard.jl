using Test, Dates, FluxGuard, FluxGuard.Outliers, FluxGuard.Privacy, FluxGuard.Errors
using FluxGuard: describe
using Main.Support

@testset "unchanged outputs raise no drift alert" begin
    Guard(baseline(); window = 500, log = false) do guard
        for seed in 10:19
            observe!(guard, logits(seed, 100))
        end
        flush(guard)
        @test isempty(filter(alert -> alert.kind === :drift, alerts(guard)))
        c = counters(guard)
        @test (c.observed, c.tested) == (1000, 1000)
        @test c.windows >= 2
    end
end

@testset "shifted outputs raise one" begin
    Guard(baseline(); name = "out", model = "toy", window = 500, log = false) do guard
        observe!(guard, logits(20, 500) .+ 2)
        flush(guard)
        drift = filter(alert -> alert.kind === :drift, alerts(guard))
        @test !isempty(drift)
        a = first(drift)
        @test (a.guard, a.model) == ("out", "toy")
        @test a.test === :ks
        @test 0 <= a.p_value < 1e-6
        @test 0.3 < a.effect <= 1
        @test a.statistic > 0
        @test a.severity in (:info, :warning, :critical)
        @test abs(a.time - now(UTC)) < Minute(1)
        @test (a.window.first, a.window.last, a.window.observations) == (1, 500, 500)
        @test a.false_alarms == "1 per week"
        @test 0 < a.threshold <= 0.05 && a.p_value <= a.adjusted_p_value <= a.threshold
        @test issorted(alert.id for alert in alerts(guard))
        @test alerts(guard; after = last(alerts(guard)).id) == []
        tested = windows(guard)
        @test tested[1].alarm && tested[1].window.observations == 500
        @test any(t -> t.drift && t.test === :ks, tested[1].tests)
        @test windows(guard; after = tested[end].window.index) == []
        @test occursin("alarm", sprint(show, MIME("text/plain"), tested))
        @test occursin("adjusted", sprint(show, MIME("text/plain"), tested[1]))
    end
end

@testset "flush tests an unfinished window; close does, too, and refuses what comes" begin
    guard = Guard(baseline(); window = 1000, log = false)
    observe!(guard, logits(21, 700))
    @test isopen(guard)
    flush(guard)
    @test counters(guard).tested == 700
    observe!(guard, logits(22, 30))
    close(guard)
    @test !isopen(guard)
    @test counters(guard).observed == counters(guard).tested == 730
    @test close(guard) === nothing
    @test flush(guard) === nothing
    @test verdict(guard).observations == 30
    @test_throws GuardClosed observe!(guard, logits(23, 1))
    @test FluxGuard.score(guard, logits(23, 7)).observations == 7
    @test length(windows(guard)) == counters(guard).windows
end

@testset "the do form closes, after an exception, too" begin
    kept = Ref{Any}()
    @test Guard(guard -> (kept[] = guard; 42), baseline(); log = false) == 42
    @test !isopen(kept[])
    @test_throws DivideError Guard(baseline(); log = false) do guard
        kept[] = guard
        observe!(guard, logits(24, 50))
        div(1, 0)
    end
    @test !isopen(kept[])
    @test counters(kept[]).tested == 50
end

@testset "arguments reach the engine" begin
    resolved(; kwargs...) = Guard(guard -> describe(guard)["options"], baseline(); log = false, kwargs...)
    o = resolved(false_alarms = FalseAlarms(2; per = Day(1)), anomaly_rate = 1//50, detectors = [:entropy, "energy"], tests = [:ks, :psi],
        window = 400, slide = 100, min_effect = (ks = 0.25, psi = 0.2), charts = [:ewma], model = "m", repeat = true)
    @test o["false_alarms"] == Dict("rate" => 2, "per" => "day")
    @test o["anomaly_rate"] == 0.02
    @test o["detectors"] == ["entropy", "energy"]
    @test o["tests"] == ["ks", "psi"]
    @test o["charts"] == ["ewma"]
    @test o["window"] == Dict("observations" => 400)
    @test o["slide"] == Dict("observations" => 100)
    @test o["min_effect"] == Dict("ks" => 0.25, "psi" => 0.2)
    @test o["model"] == "m" && o["repeat"] === true
    @test resolved(window = Minute(2))["window"] == Dict("seconds" => 120)
    @test resolved(window = Millisecond(1500))["window"] == Dict("seconds" => 1.5)
    @test resolved(detectors = :entropy)["detectors"] == ["entropy"]
    @test resolved(min_effect = ["ks" => 0.3])["min_effect"]["ks"] == 0.3
end

@testset "online detectors as monitors" begin
    for monitor in (:adwin, :page_hinkley, :hddm_a, :hddm_w, :kswin, :cusum, :gma, :mmd, :betting)
        Guard(baseline(); window = 200, tests = [], monitors = [monitor], log = false) do guard
            foreach(seed -> observe!(guard, logits(seed, 5000)), 30:34)
            flush(guard)
            @test isempty(filter(alert -> alert.kind === :drift, alerts(guard)))
            observe!(guard, logits(35, 12_000) .+ 1)
            flush(guard)
            drift = filter(alert -> alert.kind === :drift, alerts(guard))
            @test !isempty(drift)
            @test all(a -> a.test === monitor, drift)
            @test all(a -> a.threshold == 1 && a.effect > 0.1 && a.p_value < 1e-3, drift)
            fired = filter(w -> !isempty(w.detections), windows(guard))
            @test any(d -> d.drift && d.monitor === monitor, fired[end].detections)
            @test occursin(string(replace(string(monitor), '_' => '-')), sprint(show, MIME("text/plain"), fired; context = :limit => false))
        end
    end
    error = try Guard(baseline(); monitors = [:ddm], log = false) catch e; e end
    @test error isa InvalidArgument && occursin("page_hinkley", sprint(showerror, error))
    error = try Guard(baseline(); tests = [:cvm], log = false) catch e; e end
    @test error isa InvalidArgument && occursin("cannot be run on a window", sprint(showerror, error))
end

@testset "options of monitors" begin
    tested(monitors) = Guard(baseline(); window = 200, tests = [], monitors = monitors, log = false) do guard
        foreach(seed -> observe!(guard, logits(seed, 4000)), 30:31)
        observe!(guard, logits(35, 4000) .+ 1)
        flush(guard)
        told = describe(guard)["options"]["monitors"]
        return told, length(filter(alert -> alert.kind === :drift, alerts(guard)))
    end
    told, found = tested([:page_hinkley => (threshold = 1e6,)])
    @test told == [Dict("page-hinkley" => Dict("threshold" => 1e6))] && found == 0
    told, found = tested([:martingale, :page_hinkley => Dict(:threshold => 5), :cusum => (mode = :up, min_instances = 10)])
    @test told == ["martingale", Dict("page-hinkley" => Dict("threshold" => 5)), Dict("cusum" => Dict("mode" => "up", "min_instances" => 10))]
    @test found > 0
    @test tested(:adwin)[1] == ["adwin"] && tested([])[1] == []
    for (monitors, words) in (([:adwin => (deltas = 1,)], "adwin with deltas: an option that there is not, expected one of delta"),
        ([:adwin => (delta = 2,)], "adwin with delta: 2"), ([:martingale => (alpha = 0.1,)], "expected no options"),
        ([:two_sample], "two streams side by side"), ([:adwin => 3], "options by name"), ([:adwin, :adwin => (delta = 0.1,)], "twice"))
        error = try Guard(baseline(); monitors = monitors, log = false) catch e; e end
        @test error isa InvalidArgument && occursin(words, sprint(showerror, error))
    end
end

@testset "a window of time" begin
    Guard(baseline(); window = Millisecond(200), log = false) do guard
        observe!(guard, logits(25, 300))
        @test eventually(() -> counters(guard).tested == 300)
        @test windows(guard)[1].window.observations == 300
    end
end

@testset "a profile fitted further does not change its guards" begin
    profile = baseline()
    Guard(profile; log = false) do guard
        before = describe(guard)["thresholds"]
        fit!(profile, logits(26, 500) .* 5)
        @test describe(guard)["thresholds"] == before
    end
end

@testset "show" begin
    Guard(baseline(); name = "out", model = "toy", log = false) do guard
        observe!(guard, logits(27, 5))
        @test sprint(show, guard) == "Guard(\"out\", logits, 4 features)"
        text = sprint(show, MIME("text/plain"), guard)
        for word in ("\"out\"", "open", "toy", "observed     5", "msp", "threshold")
            @test occursin(word, text)
        end
    end
end
