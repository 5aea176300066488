using Test, FluxGuard, FluxGuard.Errors
using Main.Support

@testset "a panic in Rust becomes an exception, and the process goes on" begin
    code, out, _ = run_julia("""
        for i in 1:3
            try
                Native.run(FluxGuard.face(), "library.panic", (message = "on purpose",))
                println("no exception")
            catch error
                println(typeof(error), ": ", error.message)
            end
        end
        Guard(guard -> println(observe!(guard, logits(1, 5)).observations), baseline(); log = false)
        """)
    @test code == 0
    lines = split(strip(out), '\n')
    @test length(lines) == 4
    @test all(line -> startswith(line, "NativePanic") && occursin("on purpose", line), lines[1:3])
    @test lines[4] == "5"
end
