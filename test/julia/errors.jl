using Test, InteractiveUtils, FluxGuard
using Main.Support
using FluxGuard: ERRORS, JSON, Native

@testset "the table is the Rust side's" begin
    rust = [(code, name) for (code, name) in JSON.parse(Native.errors(FluxGuard.face()))]
    julia = [(code, string(nameof(type))) for (code, type) in ERRORS]
    @test julia == rust
end

@testset "every exception has its line in the table" begin
    types = Set(type for (_, type) in ERRORS)
    @test Set(subtypes(FluxGuardError)) == union(types, Set([LibraryUnavailable]))
    @test all(type -> type <: FluxGuardError && fieldnames(type) == (:message,), types)
    @test all(type -> Base.isexported(FluxGuard, nameof(type)), types)
end

@testset "codes" begin
    @test FluxGuard.exception(103, "words") === FeatureMismatch("words")
    @test FluxGuard.exception(12345, "words") isa LibraryUnavailable
    @test sprint(showerror, EmptyTensor("words")) == "EmptyTensor: words"
end

@testset "a library that is none of ours" begin
    no_library = scratch("libfluxguard.so")
    @test_throws LibraryUnavailable Native.cface(no_library)
    write(no_library, "not a library")
    @test_throws LibraryUnavailable Native.cface(no_library)
end

@testset "no library: the error says how to build one" begin
    code, out, _ = run_julia("""
        try
            binding()
        catch error
            print(typeof(error), ": ", error.message)
        end
        """; env = Dict("FLUXGUARD_LIBRARY" => "/no/such/libfluxguard.so"))
    @test code == 0
    @test occursin("LibraryUnavailable", out) && occursin("FLUXGUARD_LIBRARY", out)
    withenv("FLUXGUARD_LIBRARY" => nothing, "CARGO_TARGET_DIR" => "/no/such/folder") do
        @test_throws LibraryUnavailable FluxGuard.findlibrary(:c)
        message = try FluxGuard.findlibrary(:jlrs) catch error; error.message end
        @test occursin("cargo build --release --features julia", message)
    end
end
