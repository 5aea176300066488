# Files that Julia writes itself, of what Rust does not hold: one line of JSON that says what follows, then the payload, in the
# form of all of FluxGuard's files. Read whole or refused, written beside and renamed.

# CRC-32 of ISO 3309, as the files that Rust writes: the polynomial, a bit at a time, for each byte.
const CRC32 = UInt32[foldl((c, _) -> c & 1 == 1 ? xor(c >> 1, 0xedb88320) : c >> 1, 1:8; init = UInt32(byte)) for byte in 0:255]

function crc32(bytes)
    c = 0xffffffff
    for byte in bytes
        @inbounds c = xor(CRC32[xor(c % UInt8, byte)+1], c >> 8)
    end
    return ~c
end

"""
    write_whole(path, kind, version, payload)

Write beside `path`, bring it to the disk, and rename: at any moment `path` is the old file or the new one. Throws
[`PathUnusable`](@ref).
"""
function write_whole(path::AbstractString, kind, version::Int, payload::Vector{UInt8})
    beside = string(path, ".", getpid(), ".new")
    try
        open(beside, "w") do io
            print(io, JSON.write((format = "fluxguard", kind = kind, version = version, bytes = length(payload), crc32 = crc32(payload))), '\n')
            write(io, payload)
            flush(io)
            synchronise(io)
        end
        Base.Filesystem.rename(beside, path)
    catch error
        rm(beside; force = true)
        error isa Union{SystemError,Base.IOError} || rethrow()
        throw(unusable(path, error, "written"))
    end
    return nothing
end

function synchronise(io)
    descriptor = fd(io)
    number = descriptor isa RawFD ? descriptor : RawFD(descriptor)
    code = @static Sys.iswindows() ? ccall(:_commit, Cint, (RawFD,), number) : ccall(:fsync, Cint, (RawFD,), number)
    systemerror("fsync", code != 0)
    return nothing
end

unusable(path, error, purpose) = PathUnusable("path: $path: $(sprint(showerror, error)); expected a path that can be $purpose")
damaged(path, reason) = FileDamaged("$path is damaged: $reason; load an older copy")

"""
    read_whole(path, kind, version) -> payload

The payload of what [`write_whole`](@ref FluxGuard.write_whole) wrote. Throws [`PathUnusable`](@ref), [`FileDamaged`](@ref), [`FileVersion`](@ref).
"""
function read_whole(path::AbstractString, kind, version::Int)
    bytes = try
        read(path)
    catch error
        error isa Union{SystemError,Base.IOError} || rethrow()
        throw(unusable(path, error, "read"))
    end
    line = findfirst(isequal(0x0a), bytes)
    line === nothing && throw(damaged(path, "it has no header line"))
    header = parsed(path, "its header", bytes[1:line-1])
    field(name, type) = get(header, name, nothing) isa type ? header[name] : throw(damaged(path, "its header has no $name"))
    (field("format", String), field("kind", String)) == ("fluxguard", kind) ||
        throw(damaged(path, "it holds a $(repr(header["format"])) $(repr(header["kind"])), expected a \"fluxguard\" $(repr(kind))"))
    was = field("version", Int)
    was == version || throw(FileVersion("$path has format version $was, this build reads $version; use the FluxGuard that wrote it, or fit again"))
    payload = bytes[line+1:end]
    length(payload) == field("bytes", Int) || throw(damaged(path, "it has $(length(payload)) bytes of $(header["bytes"])"))
    crc32(payload) == field("crc32", Int) || throw(damaged(path, "its checksum is wrong"))
    return payload
end

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
