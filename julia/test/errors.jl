using Test, InteractiveUtils, FluxGuard, FluxGuard.Drift, FluxGuard.Performance, FluxGuard.Sketches, FluxGuard.Errors
using Main.Support
using FluxGuard: ERRORS, JSON, Native

@testset "the table is the Rust side's" begin
    rust = [(code, name) for (code, name) in Native.ask(FluxGuard.face(), "library.errors")]
    julia = [(code, string(nameof(type))) for (code, type) in ERRORS]
    @test julia == rust
end

@testset "every exception has its line in the table" begin
    types = Set(type for (_, type) in ERRORS)
    @test Set(subtypes(FluxGuardError)) == union(types, Set([LibraryUnavailable]))
    @test all(type -> type <: FluxGuardError && fieldnames(type) == (:message,), types)
    @test all(type -> Base.isexported(FluxGuard.Errors, nameof(type)), types)
end

@testset "codes" begin
    @test FluxGuard.exception(103, "words") === FeatureMismatch("words")
    @test FluxGuard.exception(12345, "words") isa LibraryUnavailable
    @test sprint(showerror, EmptyTensor("words")) == "EmptyTensor: words"
end

@testset "places count from 1 in every message" begin
    for (rust, julia) in (
        "got NaN at index 0 (from 0), expected" => "got NaN at index 1 (from 1), expected",
        "got 7 in feature 3 of observation 41 (from 0), expected" => "got 7 in feature 4 of observation 42 (from 1), expected",
        "got class -1 (from 0) in observation 9 (from 0), expected classes from 0 to 4" =>
            "got class 0 (from 1) in observation 10 (from 1), expected classes from 1 to 5",
        "got class 1.5 (from 0)" => "got class 2.5 (from 1)",
        "got 5 of 7, expected numbers from 0" => "got 5 of 7, expected numbers from 0")
        @test FluxGuard.in_julia(rust) == julia
    end
    # And through the border, whoever writes the message.
    fault(call) = try call(); "done" catch e; e isa InvalidArgument ? e.message : rethrow() end
    probabilities = fill(0.5, 2, 400)
    for (call, place) in (
        (() -> adjust([0.5, 2.0]), "got 2 at index 2 (from 1)"),
        (() -> e_bh([1.0, 1.0, -1.0]), "got -1 at index 3 (from 1)"),
        (() -> update!(ADWIN(), [1.0, NaN]), "got NaN at index 2 (from 1)"),
        (() -> compare([1.0, Inf, 3.0], [1.0, 2.0, 3.0]), "(from 1)"),
        (() -> fit!(Sketch(:kll), [1.0, 2.0, NaN, Inf]), "at index 3 (from 1)"),
        (() -> fit(PerformanceEstimator, fill(0.5, 400), [1.0; 3.0; ones(398)]; chunk_size = 100), "got 3 in observation 2 (from 1), expected 0 or 1"),
        (() -> fit(PerformanceEstimator, probabilities, [1; 3; ones(Int, 398)]; problem = :multiclass, chunk_size = 100),
            "got class 3 (from 1) in observation 2 (from 1), expected classes from 1 to 2"))
        @test occursin(place, fault(call))
    end
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
            FluxGuard.binding()
        catch error
            print(typeof(error), ": ", error.message)
        end
        """; env = Dict("FLUXGUARD_LIBRARY" => "/no/such/libfluxguard.so"))
    @test code == 0
    @test occursin("LibraryUnavailable", out) && occursin("FLUXGUARD_LIBRARY", out)
    withenv("FLUXGUARD_LIBRARY" => nothing, "CARGO_TARGET_DIR" => "/no/such/folder") do
        @test_throws LibraryUnavailable FluxGuard.findlibrary(:c)
        message = try FluxGuard.findlibrary(:jlrs) catch error; error.message end
        @test occursin("cargo build --release -p fluxguard-jlrs", message)
    end
end

@testset "building the library" begin
    folder = mktempdir()
    cargo(body) = (path = joinpath(folder, "cargo"); write(path, "#!/bin/sh\n" * body); chmod(path, 0o755))
    target = joinpath(folder, "target")
    build(path) = run_julia("print(try FluxGuard.build() catch error; sprint(showerror, error) end)"; env = Dict("PATH" => path, "CARGO_TARGET_DIR" => target))
    if Sys.isunix()
        _, out, _ = build(mktempdir())
        @test occursin(isfile(joinpath(FluxGuard.CHECKOUT, "Cargo.toml")) ? "no cargo on the PATH" : "stands alone", out)
    end
    if Sys.isunix() && isfile(joinpath(FluxGuard.CHECKOUT, "Cargo.toml"))
        cargo("echo no memory; exit 1\n")
        _, out, err = build("$folder:/bin:/usr/bin")
        @test occursin("cargo could not build the library", out) && occursin("no memory", err) && occursin(r"building the library for (both faces|the C face)", err)
        cargo("mkdir -p $target/release && touch $target/release/$(FluxGuard.LIBRARY_FILE) $target/release/$(FluxGuard.JLRS_FILE); echo \"\$@\"\n")
        _, out, err = build("$folder:/bin:/usr/bin")
        @test startswith(out, joinpath(target, "release")) && occursin("build --release --locked --package fluxguard", err)
    end
end
