# Building the library of the checkout that this package stands in, from Julia.

"""
    FluxGuard.build(; io = stderr) -> path

Build the Rust library of the checkout that this package stands in, with the `cargo` on the PATH, for the faces that this Julia can use: C
always, jlrs where Julia is 1.10 or later and JlrsCore is in its environment. Says on `io` which, and why. Some three minutes on two cores.
`Pkg.build("FluxGuard")` does this. A Julia that has loaded a library goes on with that one until it ends.

Throws [`LibraryUnavailable`](@ref) where the package stands alone, where there is no `cargo`, or where it fails.
"""
function build(; io::IO = stderr)
    isfile(joinpath(CHECKOUT, "Cargo.toml")) || throw(LibraryUnavailable("the package stands alone, without the Rust sources beside it: " *
        "clone the repository and Pkg.develop its folder julia/, or name a library in FLUXGUARD_LIBRARY"))
    cargo = Sys.which("cargo")
    cargo === nothing && throw(LibraryUnavailable("there is no cargo on the PATH: install Rust 1.89 or later (https://rustup.rs), and build again"))
    why_not = jlrs_cannot()
    packages = why_not === nothing ? ["fluxguard", "fluxguard-jlrs"] : ["fluxguard"]
    println(io, "FluxGuard: building the library for ", why_not === nothing ? "both faces, and jlrs is used: JlrsCore is in this environment" :
        "the C face, and not for jlrs: $why_not")
    command = `$cargo build --release --locked $(reduce(vcat, [["--package", package] for package in packages]))`
    env = merge(Dict(ENV), Dict("JLRS_JULIA_DIR" => dirname(Sys.BINDIR)))
    success(pipeline(setenv(command, env; dir = CHECKOUT); stdout = io, stderr = io)) ||
        throw(LibraryUnavailable("cargo could not build the library in $CHECKOUT; what it says stands above"))
    return first(filter(isfile, candidates(why_not === nothing ? :jlrs : :c)))
end

"Why the jlrs face cannot be built for this Julia; `nothing` where it can."
function jlrs_cannot()
    VERSION >= v"1.10" || return "it needs Julia 1.10 or later"
    Base.identify_package(JLRSCORE.name) == JLRSCORE || return "JlrsCore is not in this environment"
    return nothing
end
