# Which network an example uses.

export classifier, flux_loads

"""
    classifier(framework; seed = 1)

An untrained network of 64 inputs, 32 hidden units with ReLU and 10 logits: a Flux `Chain` where `framework` is `:flux`
(after `include("flux.jl")`), a [`Network`](@ref) where it is `:plain`. Both are trained by [`train!`](@ref).
"""
classifier(framework::Symbol; seed = 1) = classifier(Val(framework); seed = seed)
classifier(::Val{:plain}; seed = 1) = Network(seed = seed)

"""
    flux_loads()

Whether the environment has a Flux and it loads; why it does not is said on standard error.
"""
function flux_loads()
    flux = Base.identify_package("Flux")
    flux === nothing && return false
    try
        Base.require(flux)
        return true
    catch error
        reason = first(split(sprint(showerror, error), '\n'))
        @warn "Flux does not load; the example goes on with its own network" reason
        return false
    end
end
