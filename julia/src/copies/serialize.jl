# Serialization, and with it Distributed: objects go as the bytes of their files and come alive where they arrive, whichever
# face is in use there. What cannot go is refused when it is written, not when somebody needs it.

"What is refused, whoever writes it."
const Refused = Union{GuardPart,OneRun,AnyHandle}

# What stands in a stream twice is written once.
function Serialization.serialize(s::AbstractSerializer, x::Kept)
    Serialization.serialize_cycle_header(s, x) && return nothing
    p = packed(x)
    serialize(s, p.form)
    serialize(s, p.bytes)
    return nothing
end

function Serialization.deserialize(s::AbstractSerializer, ::Type{T}) where {T<:Kept}
    form, bytes = deserialize(s)::String, deserialize(s)::Vector{UInt8}
    x = unpacked(T, Packed(form, bytes))
    Serialization.deserialize_cycle(s, x)
    return x
end

# Of a guard its name goes.
function Serialization.serialize(s::AbstractSerializer, guard::Guard)
    Serialization.serialize_cycle_header(s, guard) && return nothing
    foreach(field -> serialize(s, field), (guard.name, guard.features, guard.output))
    return nothing
end

function Serialization.deserialize(s::AbstractSerializer, ::Type{T}) where {T<:Guard}
    guard = stand_in(T, GuardName(deserialize(s)::String, deserialize(s)::Int, deserialize(s)::Symbol))
    Serialization.deserialize_cycle(s, guard)
    return guard
end

Serialization.serialize(::AbstractSerializer, x::Refused) = throw(refusal(x, "serialized"))
