# Layers that couple examples, and what takes their place.

"""
What [`check_private`](@ref) found: `problems`, a line each; `path`, `:ghost` or `:each`; `reason`, why not `:ghost`.
"""
struct PrivacyCheck
    problems::Vector{String}
    path::Symbol
    reason::String
end

Base.isempty(check::PrivacyCheck) = isempty(check.problems)
Base.length(check::PrivacyCheck) = length(check.problems)
Base.iterate(check::PrivacyCheck, state...) = iterate(check.problems, state...)
Base.eltype(::Type{PrivacyCheck}) = String

function Base.show(io::IO, ::MIME"text/plain", check::PrivacyCheck)
    isempty(check) ? println(io, "No layer couples examples.") : foreach(p -> println(io, "- ", p), check.problems)
    print(io, check.path === :ghost ? "One backward pass a lot (ghost clipping)." :
        "A backward pass for every example: $(check.reason).")
end

function FluxGuard.check_private(model)
    problems = String[]
    walk(model, "model") do layer, place
        problem = couples(layer)
        problem === nothing || push!(problems, "$place: $problem")
    end
    reason = Recorder(model).unfit
    return PrivacyCheck(problems, reason === nothing ? :ghost : :each, something(reason, ""))
end

"What is wrong with a layer, and the mend; `nothing` where nothing is."
couples(_) = nothing
couples(l::BatchNorm) = "$l normalises by statistics of the lot; use $(replacement(l, 32))"
couples(l::InstanceNorm) = l.track_stats ? "$l keeps running statistics of the data; use track_stats = false" : nothing

function walk(visit, x, place)
    visit(x, place)
    Functors.isleaf(x) && return
    children, _ = Functors.functor(x)
    for key in keys(children)
        walk(visit, children[key], key isa Symbol ? "$place.$key" : "$place[$key]")
    end
end

function FluxGuard.privatise(model; groups = 32)
    whole("groups", groups, 1)
    changes = String[]
    walk(model, "model") do layer, place
        couples(layer) === nothing || push!(changes, "$place: $layer became $(replacement(layer, groups))")
    end
    replaced = isempty(changes) ? model : Functors.fmap(l -> replacement(l, groups), model;
        exclude = l -> couples(l) !== nothing, walk = KeepUnchanged())
    return replaced, changes
end

# A layer in which nothing changed stays the same object.
struct KeepUnchanged <: Functors.AbstractWalk end

function (::KeepUnchanged)(recurse, x)
    Functors.isleaf(x) && return x
    children, rebuild = Functors.functor(x)
    replaced = map(recurse, children)
    return all(a === b for (a, b) in zip(values(children), values(replaced))) ? x : rebuild(replaced)
end

function replacement(l::BatchNorm, groups)
    new = GroupNorm(l.chs, group_count(l.chs, groups), l.λ; affine = l.affine, eps = l.ϵ)
    l.affine && (copyto!(new.γ, l.γ); copyto!(new.β, l.β))
    return new
end

replacement(l::InstanceNorm, groups) = InstanceNorm(l.λ, l.β, l.γ, nothing, nothing, l.ϵ, l.momentum, l.affine, false, l.active, l.chs)

# Without positions (1-D inputs) a group of one channel would be normalised to nothing, and one of two to its sign.
group_count(channels, most) = maximum(g for g in 1:min(most, channels) if channels % g == 0 && (g == 1 || channels ÷ g >= 4))
