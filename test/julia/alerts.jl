using Test, Dates, FluxGuard
using Main.Support

const LINE = """{"id":3,"time":"2026-11-20T12:00:00.250Z","guard":"g","model":"m","kind":"class-drift","severity":"warning","feature":null,"class":2,"test":"chi2","statistic":41.5,"p_value":1e-9,"adjusted_p_value":4e-9,"effect":0.4,"threshold":0.001,"false_alarm_rate":0.001,"false_alarms":"1 per week","window":{"index":2,"first":1000,"last":1999,"observations":1000,"seconds":1.5},"message":"the classes are others","features":[{"name":"y1","test":"ks","statistic":0.1,"p_value":null,"effect":0.1}]}"""

journal(text) = (path = scratch("alerts.jsonl"); write(path, text); path)

@testset "a line of a journal" begin
    a = only(read_alerts(journal(LINE * "\n")))
    @test a.id == 3
    @test a.time == DateTime(2026, 11, 20, 12, 0, 0, 250)
    @test (a.kind, a.severity) == (Symbol("class-drift"), :warning)
    @test a.feature === nothing
    @test a.class == 3 # from 1
    @test (a.statistic, a.p_value, a.adjusted_p_value) == (41.5, 1e-9, 4e-9)
    @test (a.window.first, a.window.last) == (1001, 2000)
    @test isnan(only(a.features).p_value)
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
