using Test, FluxGuard, FluxGuard.Outliers
using Main.Support

# What other people's checkers say of the package, each where it can be loaded.
loadable(name) = isdefined(Base, :get_extension) && Base.find_package(name) !== nothing

if loadable("Aqua")
    @eval using Aqua, Pkg
    @testset "Aqua" begin
        # One of its checks installs the package beside a registry.
        has_registry = !isempty(Pkg.Registry.reachable_registries())
        has_registry || skip_topic("quality: Aqua, persistent tasks", "this Julia has no package registry")
        Aqua.test_all(FluxGuard; persistent_tasks = has_registry)
    end
else
    skip_topic("quality: Aqua", "not in the environment")
end

if loadable("JET")
    # In a process of its own: JET loads the package a second time.
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
        # A macro makes these modules of names of FluxGuard itself.
        made = Tuple(getfield(FluxGuard, room) for room in unique(values(FluxGuard.MODULE_OF)))
        @test ExplicitImports.check_no_implicit_imports(FluxGuard; allow_unanalyzable = made) === nothing
        @test ExplicitImports.check_no_stale_explicit_imports(FluxGuard; allow_unanalyzable = made) === nothing
    end
else
    skip_topic("quality: ExplicitImports", "not in the environment")
end

@testset "every public name has a docstring" begin
    documented = keys(Docs.meta(FluxGuard))
    for name in union(names(FluxGuard), keys(FluxGuard.MODULE_OF), FluxGuard.ALONE)
        @test Docs.Binding(FluxGuard, name) in documented
    end
    for room in unique(values(FluxGuard.MODULE_OF))
        @test !occursin("No doc", string(Docs.doc(Docs.Binding(FluxGuard, room))))
    end
end

@testset "the environment of the scripts says what the package's project says" begin
    here = checkout_file("scripts", "environment", "Manifest.toml")
    project = read(joinpath(dirname(dirname(pathof(FluxGuard))), "Project.toml"), String)
    if isfile(here)
        manifest = read(here, String)
        section(name) = match(Regex("^\\[$name\\]\n(.*?)(?:\n\n|\\z)", "ms"), project).captures[1]
        for line in split(section("extensions"), '\n')
            @test occursin(line, manifest)
        end
        for (name, list) in ("deps" => "deps", "weakdeps" => "weakdeps")
            wanted = sort!([first(split(line, " = ")) for line in split(section(name), '\n')])
            @test occursin("\n$list = [" * join((repr(String(w)) for w in wanted), ", ") * "]", manifest)
        end
    end
end
