# What can be asked of the model is asked of it: a container of layers counts them, gives them by index and name, and walks them.

Base.getproperty(m::Guarded, name::Symbol) = getproperty(inner(m), name)
Base.setproperty!(m::Guarded, name::Symbol, value) = setproperty!(inner(m), name, value)
Base.propertynames(m::Guarded, private::Bool = false) = propertynames(inner(m), private)

Base.length(m::Guarded) = length(inner(m))
Base.isempty(m::Guarded) = isempty(inner(m))
Base.iterate(m::Guarded, state...) = iterate(inner(m), state...)
Base.eltype(::Type{<:Guarded{M}}) where {M} = eltype(M)
Base.keys(m::Guarded) = keys(inner(m))
Base.eachindex(m::Guarded) = eachindex(inner(m))
Base.firstindex(m::Guarded) = firstindex(inner(m))
Base.lastindex(m::Guarded) = lastindex(inner(m))
Base.first(m::Guarded) = first(inner(m))
Base.last(m::Guarded) = last(inner(m))

Base.getindex(m::Guarded, i...) = getindex(inner(m), i...)
# A slice with the last layer has the model's output, and its guards.
function Base.getindex(m::Guarded, i::AbstractVector)
    slice = getindex(inner(m), i)
    return !isempty(i) && has_output(inner(m), i) ? rewrap(m, slice) : slice
end
# Without an order (a Parallel), it is made by all of them.
has_output(model, i) = applicable(lastindex, model) ? last(i) == lastindex(model) : length(i) == length(named_children(model.layers))
