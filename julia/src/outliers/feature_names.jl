# Features by name, where a detector knows the names of those that it was fitted on.

names_of(described::AbstractDict) = String[name for name in get(described, "names", ())]

"""
    places_of(detector, names) -> places or nothing

Where each feature of the detector stands among `names`; `nothing` where they are in its order, or are not told. Throws
[`InvalidArgument`](@ref) for other names than those that it was fitted with.
"""
places_of(d, ::Nothing) = nothing
function places_of(d, names)
    given = texts("names", names)
    fitted(d)
    isempty(d.names) && throw(invalid("names", repr(given), "none: the detector was fitted without names, and takes features by their places"))
    given == d.names && return nothing
    allunique(given) || throw(invalid("names", repr(given), "names that differ"))
    for (one, other, problem) in ((d.names, given, "none that is"), (given, d.names, "one that the detector was not fitted on:"))
        lost = findfirst(name -> !(name in other), one)
        lost === nothing || throw(invalid("names", "$problem $(repr(one[lost]))" * alike(one[lost], setdiff(other, one)),
            "those of the detector, in any order: $(join(map(repr, d.names), ", "))"))
    end
    return indexin(d.names, given)
end

# The features of `n` observations in the detector's order, and what it says of each of them in the caller's.
by_places(y, n, ::Nothing) = y
by_places(y, n, places) = length(y) == length(places) * n ? reshape(y, length(places), n)[places, :] : y
from_places(out, n, ::Nothing) = out
from_places(out, n, places) = (told = reshape(out, length(places), n); given = similar(told); given[places, :] = told; given)
