# Which face is in use. It is chosen once in a process, when the first profile or guard is made.

# The package that the jlrs face stands on. It needs Julia 1.10, so it is looked for and never required.
const JLRSCORE = Base.PkgId(Base.UUID("29be08bc-e5fd-4da2-bbc1-72011c6ea2c9"), "JlrsCore")

# The face in use; the jlrs face, made by the extension for JlrsCore; why there is none.
const FACE = Ref{Union{Nothing,Native.Face}}(nothing)
const JLRS = Ref{Union{Nothing,Native.Face}}(nothing)
const JLRS_MISSING = Ref("JlrsCore is not in the environment (it needs Julia 1.10 or later)")
const FACE_LOCK = ReentrantLock()

# While a package is precompiled nothing may be loaded or started.
generating_output() = ccall(:jl_generating_output, Cint, ()) != 0

"""
The face in use, loaded at the first call. Throws [`LibraryUnavailable`](@ref).
"""
function face()
    chosen = FACE[]
    chosen === nothing || return chosen
    generating_output() && throw(LibraryUnavailable(
        "a profile or guard was made during precompilation, expected at run time; make it in __init__ or in a function"))
    return lock(FACE_LOCK) do
        FACE[] === nothing && (FACE[] = choose_face())
        FACE[]
    end
end

function choose_face()
    wanted = setting("binding")
    wanted in (nothing, "c", "jlrs") ||
        throw(invalid("FLUXGUARD_BINDING", repr(wanted), "\"c\" or \"jlrs\""))
    wanted == "c" && return Native.cface(findlibrary(:c))
    JLRS[] === nothing || return JLRS[]
    wanted == "jlrs" && throw(LibraryUnavailable("FLUXGUARD_BINDING: jlrs cannot be used: $(JLRS_MISSING[])"))
    return Native.cface(findlibrary(:c))
end

# JlrsCore is a weak dependency: where the environment has it, loading it brings the extension, which brings the face.
function load_jlrscore()
    isdefined(Base, :get_extension) && setting("binding") != "c" || return
    Base.identify_package(JLRSCORE.name) == JLRSCORE || return
    try
        Base.require(JLRSCORE)
    catch error
        JLRS_MISSING[] = "JlrsCore cannot be loaded: $(sprint(showerror, error))"
    end
    return
end

"""
    binding() -> Symbol

The face of the Rust library in use, `:jlrs` (Julia 1.10 or later with JlrsCore and a library built with feature
`julia`) or `:c`. Both do the same. Chosen when first needed: jlrs where it can be had, else C; environment variable
`FLUXGUARD_BINDING` or Preference `binding` (`"c"` or `"jlrs"`) overrides that. See [`versions`](@ref) for why.

Throws [`LibraryUnavailable`](@ref) where there is no library, with the command that builds it.
"""
binding() = binding(face())
binding(::Native.CFace) = :c

"""
    versions() -> NamedTuple

What runs: `binding`, `library` (its path), `abi` (version of the border), `julia`, and `jlrs`, which says why the jlrs
face is not in use (`nothing` where it is). Throws [`LibraryUnavailable`](@ref).
"""
function versions()
    used = face()
    jlrs = binding(used) === :jlrs ? nothing :
        setting("binding") == "c" ? "the C face was asked for" : JLRS_MISSING[]
    return (binding = binding(used), library = used.library.path, abi = Native.ABI_VERSION, julia = VERSION, jlrs = jlrs)
end
