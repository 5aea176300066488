# The example trains private models of real digits within its budget.
using Test
using Main.Support

example = checkout_file("examples", "private_digits.jl")
code, out, err = run_julia("empty!(ARGS); push!(ARGS, \"1\"); include($(repr(example)))"; prelude = "using FluxGuard\n", threads = 2)

@testset "examples/private_digits.jl, one seed" begin
    @test code == 0
    code == 0 || print(stderr, err)
    row = match(r"mean\s+([0-9.]+) %\s+([0-9.]+) %", out)
    @test row !== nothing
    plain, private = parse.(Float64, row.captures)
    @test plain > 95 && 85 < private < plain
    spent = [parse(Float64, m.captures[1]) for m in eachmatch(r"(?m)^ +1 +[0-9.]+ % +[0-9.]+ % +([0-9.]+)$", out)]
    @test length(spent) == 1 && 2.5 < only(spent) <= 3.0
    @test length(collect(eachmatch(r"(?m)^  epsilon +[0-9.]+ +[0-9.]+ %  \|#+$", out))) == 7
end
