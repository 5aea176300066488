# BSON: as in JLD2's files, objects stand as the bytes of FluxGuard's own, a guard as its name, and what cannot be saved is refused when it
# is written: see src/copies/rule.jl.
module FluxGuardBSONExt

using BSON: BSON, BSONDict
using FluxGuard: Guard, GuardName, Kept, Packed, Refused, packed, refusal, stand_in, unpacked

function BSON.lower(x::Kept)
    p = packed(x)
    return BSONDict(:tag => "fluxguard", :type => typeof(x), :form => p.form, :bytes => p.bytes)
end
BSON.lower(guard::Guard) = BSONDict(:tag => "fluxguard_guard", :type => typeof(guard), :name => guard.name, :features => guard.features,
    :output => String(guard.output))
BSON.lower(x::Refused) = throw(refusal(x, "saved by BSON"))

function __init__()
    BSON.tags[:fluxguard] = d -> unpacked(d[:type], Packed(d[:form], d[:bytes]))
    BSON.tags[:fluxguard_guard] = d -> stand_in(d[:type], GuardName(d[:name], d[:features], Symbol(d[:output])))
    return
end

end
