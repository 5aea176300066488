# Where the Rust library is: an override, then the build of the checkout that this package stands in.
#
# `Pkg.add(url, subdir = "julia")` brings this folder alone, without the Rust sources beside it: then the override is
# the only way (until there is a JLL). `Pkg.develop` of a checkout finds the checkout's build.

const PACKAGE = Base.UUID("5b9a6f0c-5a0e-4f61-9d5c-0e4f3d1f7a52")
const CHECKOUT = dirname(dirname(dirname(@__DIR__)))
const LIBRARY_FILE = (Sys.iswindows() ? "" : "lib") * "fluxguard." * Libdl.dlext
const JLRS_FILE = (Sys.iswindows() ? "" : "lib") * "fluxguard_jlrs." * Libdl.dlext

# Preferences.jl is not of the standard library; Base reads LocalPreferences.toml itself from Julia 1.6 on.
function preference(name::String)
    isdefined(Base, :get_preferences) || return nothing
    value = get(Base.get_preferences(PACKAGE), name, nothing)
    return value === nothing ? nothing : string(value)
end

"""
The value of environment variable `FLUXGUARD_<NAME>`, else of the Preference `name`, else `nothing`.
"""
function setting(name::String)
    value = get(ENV, "FLUXGUARD_" * uppercase(name), "")
    return isempty(value) ? preference(name) : value
end

"""
Where a build of the checkout would lie for a face, best first. The library with the jlrs face has the C face, too.
"""
function candidates(binding::Symbol)
    target = get(ENV, "CARGO_TARGET_DIR", joinpath(CHECKOUT, "target"))
    jlrs = joinpath(target, "release", JLRS_FILE)
    plain = joinpath(target, "release", LIBRARY_FILE)
    return binding === :jlrs ? [jlrs] : [plain, jlrs]
end

"""
    findlibrary(binding) -> path

The Rust library for a face, `:c` or `:jlrs`: `FLUXGUARD_LIBRARY` (environment) or `library` (Preference), else the
checkout's build. Throws [`LibraryUnavailable`](@ref) with the command that builds it.
"""
function findlibrary(binding::Symbol)
    override = setting("library")
    if override !== nothing
        isfile(override) ||
            throw(LibraryUnavailable("FLUXGUARD_LIBRARY: got $(repr(override)), expected the path of $LIBRARY_FILE"))
        return abspath(override)
    end
    paths = candidates(binding)
    found = findfirst(isfile, paths)
    found === nothing || return paths[found]
    build = "`cargo build --release$(binding === :jlrs ? " -p fluxguard-jlrs" : "")`"
    fix = isfile(joinpath(CHECKOUT, "Cargo.toml")) ? "run FluxGuard.build(), or $build in $CHECKOUT" :
        "run $build in a checkout of FluxGuard, and name the library in FLUXGUARD_LIBRARY (or use Pkg.develop on the checkout's folder julia/)"
    throw(LibraryUnavailable("$LIBRARY_FILE was not found (looked for $(join(paths, ", "))); $fix"))
end
