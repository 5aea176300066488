# What a session's first guard needs is compiled with the package. Nothing runs here: the library is loaded at run time.

"""
Compile for a face what a profile, a guard, a guarded layer and a look at them call. Returns what could not be: a hint without a method is worth
nothing, and a test asks.
"""
function compile_for(F::Type{<:Native.Face})
    profile, guard = Native.Handle{:profile,F}, Native.Handle{:guard,F}
    G = Guard{guard}
    failed = Any[]
    hint(f, types...) = precompile(f, types) || push!(failed, (f, types))
    hint(exception, Int, String) # so that the first Ctrl-C does not wait for it
    hint(Native.call, Function, Any, String, Any, Any)
    for on in (F, profile, guard)
        hint(Native.ask, on, String)
        hint(Native.run, on, String)
        hint(Native.text, on, String)
        hint(Native.face_of, on)
        hint(Native.pointers, on)
    end
    for name in (:profile, :guard)
        hint(Native.Handle{name}, F, Ptr{Cvoid})
        hint(Native.free, Native.Handle{name,F})
        hint(Native.owned, Native.Handle{name,F})
    end
    hint(Native.pointers, Vector{Any})
    F === Native.CFace && hint(Native.perform, F, Base.RefValue{Native.Request}, Base.RefValue{Native.Answer})
    hint(Native.string_of, F, Native.Answer)
    hint(Native.bytes_of, F, Native.Answer)
    for value in (UInt64, String, Bool, Int, Float64, Nothing, Symbol, Vector{String}, Vector{Any}, Dict{String,Any})
        hint(JSON.given, value)
        hint(JSON.print_value, IOBuffer, value, String)
    end
    hint(JSON.parse, String)
    hint(JSON.readvalue!, JSON.Reader, Int)

    hint(face)
    hint(choose_face)
    hint(Profile, profile)
    hint(Profile, profile, Nothing)
    hint(Profile)
    hint(Guard, Profile)
    hint(describe, Profile)
    hint(Base.show, Base.TTY, MIME"text/plain", Profile)
    hint(Notifier, guard, String, Bool, Vector{Any})
    hint(start!, Notifier{guard})
    hint(stop!, Notifier{guard})
    for T in (Float32, Float64)
        hint(fit, Type{Profile}, Matrix{T})
        hint(fit!, Profile, Matrix{T})
        hint(arrange, Profile, Matrix{T}, Nothing)
        hint(observe!, G, Matrix{T})
        hint(judged, G, String, NamedTuple{(:caller, :copied),Tuple{UInt64,Bool}}, Matrix{T})
        hint(watch, G, Matrix{T})
        hint(watch, Tuple{Watch{G,typeof(identity),Nothing}}, Matrix{T}, Tuple{Matrix{T}})
        hint(score, G, Matrix{T})
    end
    hint(Verdict, Dict{String,Any}, Vector{Float32}, Vector{Float64})
    hint(verdict, G)
    hint(alerts, G)
    hint(parse_alerts, Vector{Any})
    hint(counters, G)
    hint(Base.close, G)
    hint(Base.show, Base.TTY, MIME"text/plain", G)
    hint(Base.show, Base.TTY, MIME"text/plain", Verdict)
    hint(finish_testing, guard)
    hint(shutdown)
    return failed
end

if generating_output()
    compile_for(Native.CFace)
    compile_for(Native.JlrsFace)
end
