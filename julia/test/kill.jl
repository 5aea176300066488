using Test, FluxGuard
using Main.Support

# A process that raises alerts without end and is killed in the middle: what its journal acknowledged can be read.
@testset "kill -9 leaves a readable journal" begin
    path = scratch("alerts.jsonl")
    code, out, _ = run_julia("""
        guard = Guard(baseline(); window = 100, journal = $(repr(path)), log = false, repeat = true)
        for step in 1:10_000
            observe!(guard, logits(step, 100) .+ 3)
            flush(guard)
            seen = alerts(guard)
            if length(seen) >= 20
                println(last(seen).id)
                flush(stdout)
                ccall(:kill, Cint, (Cint, Cint), getpid(), 9)
            end
        end
        """)
    @test code == -9
    acknowledged = parse(Int, strip(out))
    ids = [alert.id for alert in read_alerts(path)]
    @test acknowledged >= 20
    @test ids[1:acknowledged] == 1:acknowledged
end
