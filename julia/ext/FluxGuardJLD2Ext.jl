# JLD2: objects that hold something of Rust's stand in its files as the bytes of FluxGuard's own, and what cannot be saved is
# refused when it is written: see src/copies/rule.jl.
module FluxGuardJLD2Ext

using FluxGuard: Guard, GuardName, Kept, Packed, Refused, packed, refusal, stand_in, unpacked
using JLD2: JLD2

# A field's declared type may be abstract: what is in it has a type of its own.
JLD2.writeas(::Type{T}) where {T<:Union{Kept,Refused}} = isconcretetype(T) ? Packed : T
JLD2.wconvert(::Type{Packed}, x::Kept) = packed(x)
JLD2.rconvert(::Type{T}, p::Packed) where {T<:Kept} = unpacked(T, p)
JLD2.wconvert(::Type{Packed}, x::Refused) = throw(refusal(x, "saved by JLD2"))

# Of a guard its name.
JLD2.writeas(::Type{T}) where {T<:Guard} = isconcretetype(T) ? GuardName : T
JLD2.wconvert(::Type{GuardName}, guard::Guard) = GuardName(guard)
JLD2.rconvert(::Type{T}, name::GuardName) where {T<:Guard} = stand_in(T, name)

end
