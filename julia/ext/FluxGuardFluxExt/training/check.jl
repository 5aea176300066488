# What can be trained privately, how, and what takes the place of layers that couple examples.

"""
What [`check_private`](@ref) found: `problems`, a line each; `path`, `:ghost` or `:each`; `reason`, why not `:ghost`. `confirmed`: the path
was found out with a loss and a lot, not by the layers alone.
"""
struct PrivacyCheck
    problems::Vector{String}
    path::Symbol
    reason::String
    confirmed::Bool
end

Base.isempty(check::PrivacyCheck) = isempty(check.problems)
Base.length(check::PrivacyCheck) = length(check.problems)
Base.iterate(check::PrivacyCheck, state...) = iterate(check.problems, state...)
Base.eltype(::Type{PrivacyCheck}) = String

function Base.show(io::IO, ::MIME"text/plain", check::PrivacyCheck)
    foreach(p -> println(io, "- ", p), check.problems)
    isempty(check) || return print(io, "This cannot be trained privately.")
    println(io, check.confirmed ? "No coupling of examples was found." : "No layer is known to couple examples; the first lot shows whether model and loss do.")
    print(io, check.path === :each ? "A backward pass for every example: $(check.reason)." :
        check.confirmed ? "One backward pass a lot (ghost clipping)." : "One backward pass a lot (ghost clipping), if the first lot confirms it.")
end

"""
    check_private(model) -> PrivacyCheck

What can be said by the layers and parameters alone: what cannot be trained privately, and whether the layers have the fast path.
"""
function FluxGuard.check_private(model)
    problems = structural(model, IdDict{Any,Nothing}())
    reason = Recorder(model).unfit
    return PrivacyCheck(problems, reason === nothing ? :ghost : :each, something(reason, ""), false)
end

"""
    check_private(model, loss, batch...; reduction = :check, frozen = ()) -> PrivacyCheck

What a private run with this loss would find out by `batch` as its first lot: whether examples are coupled, and the path that will run
and why. `batch` is what the loss takes after the model (arrays with the example last); `reduction` and `frozen` are as in [`AutoDP`](@ref)
and [`private_gradient`](@ref). Nothing is changed, no random number of the task is used. Cost: about thirty gradients of
a few examples, and memory for two copies of the model. Throws what the loss throws.
"""
function FluxGuard.check_private(model, loss, batch...; reduction = :check, frozen = ())
    one_of("reduction", reduction, (:check, :mean, :sum))
    model isa Function && !(loss isa Function) &&
        throw(invalid("model", "a function, and a $(nameof(typeof(loss))) for the loss", "the model first: check_private(model, loss, x, y)"))
    batch = length(batch) == 1 && batch[1] isa Tuple ? batch[1] : batch
    isempty(batch) && throw(invalid("batch", "nothing", "the lot's arrays: check_private(model, loss, x, y)"))
    frozen = frozen_arrays(model, frozen)
    problems = structural(model, frozen)
    unfit = Recorder(model; frozen = frozen).unfit
    isempty(problems) || return PrivacyCheck(problems, :each, something(unfit, ""), false)
    finding = try
        examine(model, loss, frozen, reduction, unfit, batch)
    catch error
        error isa InvalidArgument || rethrow()
        return PrivacyCheck([error.message], :each, "", true)
    end
    return PrivacyCheck(problems, finding.fast === true ? :ghost : :each, finding.reason, finding.fast !== nothing)
end

"A line for each layer that couples examples by what it is, and for parameters that cannot be noised."
function structural(model, frozen)
    problems = String[]
    walk(model, "model") do layer, place
        problem = couples(layer)
        problem === nothing || push!(problems, "$place: $problem")
    end
    parameters = [p for p in Flux.trainables(model) if !haskey(frozen, p)]
    strange = findfirst(p -> !(p isa Array), parameters)
    strange === nothing || push!(problems, "parameters of type $(typeof(parameters[strange])); use arrays in host memory (Array): cpu(model)")
    types = unique(eltype.(parameters))
    issubset(types, (Float32, Float64)) && length(types) <= 1 ||
        push!(problems, "parameters with elements of $(join(types, ", ")); use one of Float32 and Float64: f32(model)")
    return problems
end

"What is wrong with a layer, and the fix; `nothing` where nothing is."
couples(_) = nothing
couples(l::BatchNorm) = "$l normalizes by statistics of the lot; use $(replacement(l, 32))"
couples(l::InstanceNorm) = l.track_stats ? "$l keeps running statistics of the data; use track_stats = false" : nothing

function walk(visit, x, place)
    visit(x, place)
    Functors.isleaf(x) && return
    children, _ = Functors.functor(x)
    for key in keys(children)
        walk(visit, children[key], key isa Symbol ? "$place.$key" : "$place[$key]")
    end
end

function FluxGuard.privatize(model; groups = 32)
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

# Without positions (1-D inputs) a group of one channel would be normalized to nothing, and one of two to its sign.
group_count(channels, most) = maximum(g for g in 1:min(most, channels) if channels % g == 0 && (g == 1 || channels ÷ g >= 4))
