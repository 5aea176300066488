using Test, FluxGuard
using Main.Support

# What other people's checkers say of the package, each where it can be loaded.
loadable(name) = isdefined(Base, :get_extension) && Base.find_package(name) !== nothing

if loadable("Aqua")
    @eval using Aqua, Pkg
    @testset "Aqua" begin
        # `1//week` gives a meaning to a quotient with a function of Dates: the one intended exception.
        own = [typeof(FluxGuard.second), typeof(FluxGuard.minute), typeof(FluxGuard.hour), typeof(FluxGuard.day), typeof(FluxGuard.week)]
        # One of its checks installs the package beside a registry.
        has_registry = !isempty(Pkg.Registry.reachable_registries())
        has_registry || skip_topic("quality: Aqua, persistent tasks", "this Julia has no package registry")
        Aqua.test_all(FluxGuard; piracies = (treat_as_own = own,), persistent_tasks = has_registry)
    end
else
    skip_topic("quality: Aqua", "not in the environment")
end

if loadable("JET")
    # In a process of its own: JET loads the package a second time, and its quotients with Dates' functions with it.
    @testset "JET" begin
        code, out, err = run_julia("""
            using JET, Test
            JET.test_package(FluxGuard; target_modules = (FluxGuard,))
            """)
        @test code == 0
        code == 0 || print(stderr, out, err)
    end
else
    skip_topic("quality: JET", "not in the environment")
end

if loadable("ExplicitImports")
    @eval using ExplicitImports
    @testset "ExplicitImports" begin
        @test ExplicitImports.check_no_implicit_imports(FluxGuard) === nothing
        @test ExplicitImports.check_no_stale_explicit_imports(FluxGuard) === nothing
    end
else
    skip_topic("quality: ExplicitImports", "not in the environment")
end

@testset "every export has a docstring" begin
    documented = keys(Docs.meta(FluxGuard))
    for name in names(FluxGuard)
        name in (:second, :minute, :hour, :day, :week) && continue # of Dates
        @test Docs.Binding(FluxGuard, name) in documented
    end
end
