using Test, FluxGuard, FluxGuard.Privacy, FluxGuard.Errors
using Main.Support

# A package that uses FluxGuard, precompiled with it loaded. The package asks during its own precompilation what runs.
@testset "precompilation loads no library and starts no thread" begin
    depot = mktempdir()
    folder = joinpath(mktempdir(), "Dependent")
    mkpath(joinpath(folder, "src"))
    report = joinpath(depot, "report")
    write(joinpath(folder, "Project.toml"), """
        name = "Dependent"
        uuid = "d5a3b1f0-7b57-4b6c-8a39-5a8f6f1f9c01"
        [deps]
        FluxGuard = "5b9a6f0c-5a0e-4f61-9d5c-0e4f3d1f7a52"
        """)
    write(joinpath(folder, "src", "Dependent.jl"), """
        module Dependent
        using FluxGuard
        threads() = length(readdir("/proc/self/task"))
        const BEFORE = threads()
        const REFUSED = try
            Profile()
            "made"
        catch error
            string(nameof(typeof(error)))
        end
        if ccall(:jl_generating_output, Cint, ()) == 1
            write($(repr(report)), string(REFUSED, " ", FluxGuard.FACE[] === nothing, " ", isempty(FluxGuard.NOTIFIERS), " ",
                occursin("libfluxguard", lowercase(join(filter(l -> occursin(".so", l), readlines("/proc/self/maps"))))), " ", threads() - BEFORE))
        end
        end
        """)
    code, out, err = run_julia("""
        push!(LOAD_PATH, $(repr(folder)), $(repr(dirname(dirname(pathof(FluxGuard))))))
        using Dependent
        print(Dependent.REFUSED, " ", nobs(baseline()))
        """; env = Dict("JULIA_DEPOT_PATH" => join([depot; DEPOT_PATH], Sys.iswindows() ? ';' : ':')))
    @test code == 0
    code == 0 || print(stderr, err)
    @test out == "LibraryUnavailable 2000"
    if Sys.islinux()
        @test read(report, String) == "LibraryUnavailable true true false 0"
    end
end

@testset "what is compiled with the package is there" begin
    for F in (FluxGuard.Native.CFace, FluxGuard.Native.JlrsFace)
        @test FluxGuard.compile_for(F) == []
    end
end
