# Files of what Rust does not hold, in the form of all of FluxGuard's files: Rust writes and reads them, so that they are whole or
# refused. Here is what is in them.

"""
    write_whole(path, kind, version, payload)

Replace the file at `path`: at any moment it is the old file or the new one. Throws [`PathUnusable`](@ref).
"""
function write_whole(path::AbstractString, kind, version::Int, payload::Vector{UInt8})
    Native.run(face(), "file.save", (path = path_text(path), kind = String(kind), version = version); bytes = payload)
    return nothing
end

"""
    read_whole(path, kind, version) -> payload

The payload of what [`write_whole`](@ref FluxGuard.write_whole) wrote. Throws [`PathUnusable`](@ref), [`FileDamaged`](@ref), [`FileKind`](@ref), [`FileVersion`](@ref).
"""
read_whole(path::AbstractString, kind, version::Int) =
    Native.bytes(face(), "file.load", (path = path_text(path), kind = String(kind), version = version))

unusable(path, error, purpose) = PathUnusable("path: $path: $(sprint(showerror, error)); expected a path that can be $purpose")
damaged(path, reason) = FileDamaged("$path is damaged: $reason; load an older copy")

function parsed(path, what, bytes)
    try
        found = JSON.parse(String(bytes))
        found isa Dict && return found
    catch error
        error isa JSON.JSONError || rethrow()
        throw(damaged(path, "$what cannot be read: $(sprint(showerror, error))"))
    end
    throw(damaged(path, "$what is no object"))
end

# Element types that a file holds, by name.
const STORED = Dict(string(T) => T for T in (Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64, Float16, Float32, Float64))

"""
    pack(words, arrays) -> payload

A line of JSON with `words` and the arrays' names, types and sizes, then their elements (little-endian), one array after the
other. `arrays` are pairs of a name and an array of whole numbers or floats; element types are kept.
"""
function pack(words::NamedTuple, arrays)
    io = IOBuffer()
    listed = map(arrays) do (name, x)
        haskey(STORED, string(eltype(x))) ||
            throw(invalid(name, "an array of $(eltype(x))", "one of $(join(sort!(collect(keys(STORED))), ", "))"))
        return (name = name, type = string(eltype(x)), size = collect(Int, size(x)))
    end
    print(io, JSON.write(merge(words, (arrays = listed,))), '\n')
    for (_, x) in arrays
        write(io, map(htol, Array(x)))
    end
    return take!(io)
end

"""
    unpack(path, payload) -> words, arrays

What [`pack`](@ref FluxGuard.pack) made: a dictionary, and a dictionary of arrays. Throws [`FileDamaged`](@ref).
"""
function unpack(path, payload::Vector{UInt8})
    line = findfirst(isequal(0x0a), payload)
    line === nothing && throw(damaged(path, "it has no list of what it holds"))
    words = parsed(path, "its list of what it holds", payload[1:line-1])
    arrays, at = Dict{String,Array}(), line
    try
        for entry in words["arrays"]
            type, dims = STORED[entry["type"]], Int[d for d in entry["size"]]
            all(d -> d >= 0, dims) || throw(damaged(path, "an array of size $dims"))
            wide = prod(big.(dims)) * sizeof(type)
            wide <= length(payload) - at || throw(damaged(path, "$(repr(entry["name"])) goes beyond its end"))
            x = reinterpret(type, payload[at+1:at+Int(wide)])
            arrays[entry["name"]] = reshape(ltoh.(x), Tuple(dims))
            at += Int(wide)
        end
    catch error
        error isa Union{KeyError,MethodError,InexactError} || rethrow()
        throw(damaged(path, "its list of arrays cannot be read"))
    end
    at == length(payload) || throw(damaged(path, "$(length(payload) - at) bytes belong to no array"))
    return words, arrays
end
