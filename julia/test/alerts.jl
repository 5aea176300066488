using Test, Logging, Dates, FluxGuard, FluxGuard.Outliers, FluxGuard.Drift, FluxGuard.Errors
using Main.Support

const LINE = """{"id":3,"time":"2026-11-20T12:00:00.250Z","guard":"g","model":"m","kind":"class-drift","severity":"warning","feature":null,"class":2,"test":"chi2","statistic":41.5,"p_value":1e-9,"adjusted_p_value":4e-9,"effect":0.4,"threshold":0.001,"false_alarm_rate":0.001,"false_alarms":"1 per week","window":{"index":2,"first":1000,"last":1999,"observations":1000,"seconds":1.5},"message":"the classes are others","features":[{"name":"y1","test":"ks","statistic":0.1,"p_value":null,"effect":0.1}]}"""

journal(text) = (path = scratch("alerts.jsonl"); write(path, text); path)

@testset "a line of a journal" begin
    a = only(read_alerts(journal(LINE * "\n")))
    @test a.id == 3
    @test a.time == DateTime(2026, 11, 20, 12, 0, 0, 250)
    @test (a.kind, a.severity) == (:class_drift, :warning)
    @test a.feature === nothing
    @test a.class == 3 # from 1
    @test (a.statistic, a.p_value, a.adjusted_p_value) == (41.5, 1e-9, 4e-9)
    @test (a.window.first, a.window.last) == (1001, 2000)
    @test isnan(only(a.features).p_value)
end

@testset "what is no journal is no journal without alerts" begin
    for junk in ("a,b\n1,2\n3,4\n", "\0\xff\xfe\n" ^ 20, "{\"format\":\"fluxguard\",\"kind\":\"profile\"}\n", "[1]\n{}\n\"x\"\n7\n", "{\"x\":1}")
        fault = try read_alerts(journal(junk)) catch e e end
        @test fault isa FileKind && occursin("expected a journal", fault.message)
    end
    # A first alert that was torn is that of a journal.
    for length_kept in (3, 6, 100)
        @test isempty(@test_logs (:warn, r"1 of 1 line") read_alerts(journal(LINE[1:length_kept])))
    end
    # Words of other types, one at a time.
    for (word, other) in ("\"id\":3" => "\"id\":1e30", "\"id\":3" => "\"id\":null", "\"class\":2" => "\"class\":\"x\"", "\"time\":\"2026" => "\"time\":\"x2026",
        "41.5" => "[]", "\"window\":{\"index\":2" => "\"window\":{\"index\":0.5", "\"features\":[" => "\"features\":[7,")
        bad = replace(LINE, word => other)
        @test bad != LINE
        kept = @test_logs (:warn, r"1 of 2 lines") read_alerts(journal(LINE * "\n" * bad))
        @test length(kept) == 1
    end
end

@testset "torn lines are passed over, and said" begin
    @test length(read_alerts(journal(LINE * "\n" * LINE))) == 2
    @test isempty(read_alerts(journal("")))
    for torn in (LINE * "\n" * LINE[1:40], LINE[1:40] * "\n" * LINE * "\n", LINE * "\n[]\n")
        path = journal(torn)
        kept = @test_logs (:warn, r"1 of 2 lines") read_alerts(path)
        @test [alert.id for alert in kept] == [3]
    end
    @test_throws PathUnusable read_alerts(scratch("none.jsonl"))
end

@testset "show" begin
    list = read_alerts(journal(LINE * "\n" * LINE * "\n"))
    @test occursin("the classes are others", sprint(show, list[1]))
    text = sprint(show, MIME("text/plain"), list)
    @test occursin("2 alerts", text) && occursin("class-drift", text) && occursin("41.5", text)
    one = sprint(show, MIME("text/plain"), list[1])
    @test occursin("class 3", one) && occursin("1 per week", one) && occursin("y1", one)
    @test sprint(show, MIME("text/plain"), FluxGuard.Alert[]) == "0 alerts\n"
end

@testset "the journal has what alerts(guard) has" begin
    path = scratch("alerts.jsonl")
    Guard(baseline(); window = 200, journal = path, log = false) do guard
        observe!(guard, logits(30, 200) .+ 3)
        flush(guard)
        @test !isempty(alerts(guard))
        @test sprint(show, read_alerts(path)) == sprint(show, alerts(guard))
    end
end

@testset "a second guard continues a journal" begin
    path = scratch("alerts.jsonl")
    for _ in 1:2
        Guard(guard -> observe!(guard, logits(30, 200) .+ 3), baseline(); window = 200, journal = path, log = false)
    end
    kinds = [alert.kind for alert in read_alerts(path)]
    @test iseven(length(kinds)) && kinds[1:end÷2] == kinds[end÷2+1:end]
end

@testset "numbers go on over restarts" begin
    path = scratch("alerts.jsonl")
    for _ in 1:3
        Guard(guard -> observe!(guard, logits(30, 200) .+ 3), baseline(); window = 200, journal = path, log = false)
    end
    @test [alert.id for alert in read_alerts(path)] == 1:length(read_alerts(path))
end

@testset "a journal that cannot be written costs the model nothing, and has all in the end" begin
    path = joinpath(mktempdir(), "folder", "alerts.jsonl")
    folder, away = dirname(path), dirname(path) * " away"
    mkdir(folder)
    guard = Guard(baseline(); window = 200, journal = path, log = false, repeat = true)
    model = guarded(identity, guard)
    model(logits(30, 200) .+ 3)
    flush(guard)
    mv(folder, away)
    for k in 1:3
        @test model(logits(k, 200) .+ 3) == logits(k, 200) .+ 3
        flush(guard)
    end
    @test count(alert -> alert.kind === :journal, alerts(guard)) == 1
    mv(away, folder)
    close(guard)
    @test [alert.id for alert in read_alerts(path)] == [alert.id for alert in alerts(guard)]
    @test count(alert -> alert.kind === :journal, read_alerts(path)) == 2
    @test counters(guard).observed == counters(guard).tested == 800
end

@testset "names steer no terminal and fake no line" begin
    evil = "x\e[2J\nError: disk on fire\u202e"
    path, log = scratch("alerts.jsonl"), IOBuffer()
    profile = fit(Profile, logits(1, 500); output = :values, names = [evil, "b", "c", "d"])
    shown = with_logger(SimpleLogger(log)) do
        Guard(profile; name = evil, model = evil, window = 200, journal = path) do guard
            observe!(guard, logits(30, 200) .+ [9, 0, 0, 0])
            flush(guard)
            list = alerts(guard)
            @test any(f -> f.name == evil, list[1].features) && list[1].guard == evil
            join([sprint(show, MIME("text/plain"), x) for x in Any[guard, profile, list, windows(guard), windows(guard)[1], list..., observe!(guard, logits(2, 9))]])
        end
    end
    for text in (shown, String(take!(log)), join(alert.message for alert in read_alerts(path)))
        @test !occursin(r"[\e\u202e]", text) && !occursin(r"^Error"m, text) && occursin("Error: disk on fire", text)
    end
end
