using Test, FluxGuard
using Main.Support

@testset "a process that ends has tested all that it observed, and says so" begin
    path = scratch("alerts.jsonl")
    code, _, err = run_julia("""
        guard = Guard(baseline(); window = 100_000, journal = $(repr(path)), on_alert = alert -> println(stderr, "called ", alert.id))
        observe!(guard, logits(50, 300) .+ 3)
        """)
    @test code == 0
    written = read_alerts(path)
    @test !isempty(written)
    @test all(alert -> alert.window.observations == 300 || alert.kind !== :drift, written)
    @test count("called ", err) == length(written)
    @test occursin("Warning", err)
end

@testset "a process that ends with an error, too" begin
    path = scratch("alerts.jsonl")
    code, _, err = run_julia("""
        guard = Guard(baseline(); window = 100_000, journal = $(repr(path)), log = false)
        observe!(guard, logits(50, 300) .+ 3)
        error("on purpose")
        """)
    @test code == 1
    @test occursin("on purpose", err)
    @test !isempty(read_alerts(path))
end

@testset "an on_alert function that does not return cannot hold the process for good" begin
    started = time()
    code, _, err = run_julia("""
        FluxGuard.EXIT_SECONDS[] = 1.0
        guard = Guard(baseline(); window = 100_000, log = false, on_alert = alert -> wait(Condition()))
        observe!(guard, logits(50, 300) .+ 3)
        """)
    @test code == 0
end

@testset "exit in the middle of a stream" begin
    code, _, err = run_julia("""
        guard = Guard(baseline(); window = 100, log = false)
        feeder = @async while true
            observe!(guard, logits(51, 50))
            yield()
        end
        sleep(0.5)
        exit(3)
        """)
    @test code == 3
    @test !occursin("signal", err)
end
