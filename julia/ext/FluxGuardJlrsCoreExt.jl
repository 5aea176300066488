# The jlrs face, where JlrsCore is. It is made when the package is loaded and not when it is first used: its methods are
# generated from the Rust library, and code that runs already could not see them.
module FluxGuardJlrsCoreExt

using FluxGuard: FluxGuard, FluxGuardError, LibraryUnavailable
using JlrsCore: JlrsCore
using Libdl: Libdl

function __init__()
    FluxGuard.generating_output() && return
    FluxGuard.setting("binding") == "c" && return
    try
        FluxGuard.JLRS[] = load(FluxGuard.findlibrary(:jlrs))
    catch error
        FluxGuard.JLRS_MISSING[] = error isa FluxGuardError ? error.message : sprint(showerror, error)
    end
    return
end

"""
The face of the library at `path`. Throws [`LibraryUnavailable`](@ref) where it has none, or was built for another Julia
or JlrsCore: with these, jlrs would end the process.
"""
function load(path)
    library = Libdl.dlopen(path)
    expect(path, library, :fg_jlrs_julia_minor, Int(VERSION.minor), "Julia 1.")
    expect(path, library, :fg_jlrs_api_version, Int(JlrsCore.JLRS_API_VERSION), "JlrsCore's API version ")
    expect(path, library, :fg_abi_version, FluxGuard.Native.ABI_VERSION, "version of the border ")
    rust = Module(:FluxGuardRust)
    JlrsCore.Wrap.wrapmodule(path, :fluxguard_jlrs_init, rust, path, nothing)
    face = Module(:FluxGuardJlrs)
    Core.eval(face, :(const Rust = $rust))
    Base.include(face, joinpath(pkgdir(FluxGuard), "src", "native", "jlrs.jl"))
    return FluxGuard.Native.JlrsFace(FluxGuard.Native.Library(path, library))
end

function expect(path, library, name, running, words)
    symbol = Libdl.dlsym(library, name; throw_error = false)
    symbol === nothing && throw(LibraryUnavailable(
        "$path was built without the jlrs face; run `cargo build --release -p fluxguard-jlrs`"))
    built = Int(ccall(symbol, Int32, ()))
    built == running || throw(LibraryUnavailable(
        "$path was built for $words$built, expected $running; build it again from this checkout and with this Julia"))
end

end
