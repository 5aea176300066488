# Names of other packages, as they were in the versions that are written down: `using` both leaves every name usable.

using Test, FluxGuard
using FluxGuard: JSON
using Main.Support

const OTHERS = JSON.parse(read(joinpath(@__DIR__, "support", "exports.json"), String))
# Functions of StatsAPI, which FluxGuard shares with whoever has them from there.
const SHARED = Set((:fit, :fit!, :nobs, :pvalue, :score))

own = filter(!=(:FluxGuard), names(FluxGuard))

@testset "exports are few" begin
    @test length(own) <= 45
end

@testset "no export clashes with one of $package $(of["version"])" for (package, of) in sort!(collect(OTHERS); by = first)
    shared = Set(Symbol.(split(of["statsapi"])))
    clash = [name for name in Symbol.(split(of["names"])) if name in own && !(name in SHARED && name in shared)]
    # MLJ's model interface has a `fit` of its own, which MLJ itself does not hand on.
    package in ("MLJModelInterface", "MLJBase", "OutlierDetectionInterface") && filter!(!=(:fit), clash)
    @test clash == []
end

@testset "each name that is not exported is in one module, and there by the same name" begin
    for (name, room) in FluxGuard.MODULE_OF
        @test getfield(getfield(FluxGuard, room), name) === getfield(FluxGuard, name)
    end
    for room in unique(values(FluxGuard.MODULE_OF)), name in names(getfield(FluxGuard, room))
        @test name === room || name in own || FluxGuard.MODULE_OF[name] === room
    end
end

@testset "who writes a name that was exported before is told where it is" begin
    @test occursin("using FluxGuard.Outliers, or FluxGuard.KNN", FluxGuard.moved(:KNN))
    @test occursin("FluxGuard.save", FluxGuard.moved(:save))
    @test occursin("every(Week(1))", FluxGuard.moved(:week))
    @test FluxGuard.moved(:anything) === nothing
    if VERSION >= v"1.10"
        text = try FluxGuard.Outliers.Moments; "" catch error; sprint(showerror, error) end
        @test occursin("FluxGuard.Drift", text)
    end
end

@testset "beside $package, before and after" for package in ("Dates", "StatsBase", "JLD2", "FileIO", "DataStructures", "DataFrames", "HypothesisTests")
    if Base.find_package(package) === nothing
        skip_topic("exports: beside $package", "not in the environment")
    else
        for order in ("using $package, FluxGuard", "using FluxGuard, $package")
            code, out, err = run_julia("""
                for name in names(FluxGuard)
                    isdefined(Main, name) || println(name)
                    getfield(Main, name)
                end
                g = Guard(fit(Profile, randn(3, 400)); log = false)
                close(g)
                """; prelude = order * "\n")
            @test code == 0 && out == "" && !occursin("WARNING", err)
        end
    end
end
