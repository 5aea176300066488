# What a private run needs to go on.

"""
    PrivacyState(accountant; clip, schedule = [], private = true)

What is saved of a private run: what was spent (its steps are the steps executed), the clip norm in use (a norm, one for
each parameter, or an [`AdaptiveClip`](@ref) as it stands), what was planned (a vector of
[`FluxGuard.Phase`](@ref FluxGuard.Phase)s), and whether all randomness so far was private ([`isprivate`](@ref)).

    FluxGuard.save("run.fgdp", PrivacyState(accountant; clip = 1.0))
    state = FluxGuard.load(PrivacyState, "run.fgdp")      # state.accountant, state.clip, state.schedule, state.private

No random state is saved: a resumed run continues the accounting and takes fresh randomness (a new
[`PrivateRun`](@ref), [`PoissonSampler`](@ref), [`TreeNoise`](@ref) or [`BandedNoise`](@ref)).
"""
struct PrivacyState
    accountant::Accountant
    clip::Union{Float64,Vector{Float64},AdaptiveClip}
    schedule::Vector{Phase}
    private::Bool
end

PrivacyState(accountant::Accountant; clip, schedule = Phase[], private::Bool = true) =
    PrivacyState(accountant, kept_clip(clip), collect(Phase, schedule), private)

"""
    PrivacyState(run::PrivateRun; clip = 1.0)

What the run has spent, and whether all of its randomness was private.
"""
PrivacyState(run::PrivateRun; clip = 1.0) = PrivacyState(Accountant(run); clip = clip, private = isprivate(run))

kept_clip(clip::AdaptiveClip) = clip
kept_clip(clip) = first(clipping(clip))

Base.:(==)(a::PrivacyState, b::PrivacyState) = all(name -> getfield(a, name) == getfield(b, name), fieldnames(PrivacyState))
Base.hash(a::PrivacyState, h::UInt) = foldr(hash, (getfield(a, name) for name in fieldnames(PrivacyState)); init = h)

function PrivacyState(d::AbstractDict)
    norms = d["clipping"]
    clip = d["adaptive"] !== nothing ? AdaptiveClip(d["adaptive"]) :
        haskey(norms, "flat") ? number(norms["flat"]) : number.(norms["per_layer"])
    return PrivacyState(Accountant(d["accountant"]), clip, Phase[Phase(p) for p in d["schedule"]], d["private_randomness"])
end

crossing(s::PrivacyState) = (accountant = crossing(s.accountant), clipping = clipping(s.clip),
    adaptive = s.clip isa AdaptiveClip ? crossing(s.clip) : nothing, schedule = map(crossing_phase, s.schedule),
    private_randomness = s.private)

"""
    save(path, state::PrivacyState)

Write the state beside `path`, then rename: the file is whole or the old one. It has a version and a checksum, and holds
numbers and names, nothing that is run. Throws [`PathUnusable`](@ref), [`InvalidArgument`](@ref).
"""
function save(path::AbstractString, state::PrivacyState)
    ask(:save; path = path_text(path), state = crossing(state))
    return nothing
end

"""
    load(PrivacyState, path) -> PrivacyState

Read what [`save`](@ref) wrote, and check all of it. Throws [`PathUnusable`](@ref), [`FileDamaged`](@ref),
[`FileKind`](@ref), [`FileVersion`](@ref).
"""
load(::Type{PrivacyState}, path::AbstractString) = PrivacyState(ask(:load; path = path_text(path)))

Base.show(io::IO, s::PrivacyState) =
    print(io, "PrivacyState(", s.accountant, ", clip ", s.clip, s.private ? "" : NOT_PRIVATE, ")")
