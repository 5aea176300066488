# What Julia owns of Rust's.

"""
    Handle{kind}

A pointer into the library, and whose it is. How each kind is copied and saved: copies/rule.jl.

Savers that walk an object's fields write its pointer, and read it again elsewhere or later, when it points to nothing. Each handle
therefore bears a mark, made of a number that is this process's alone and of the handle's own address: an object that FluxGuard did
not make has another one, and its pointer is not followed. One that was read into the very place of a handle that has died bears its
mark, but not the serial number in the cell of whoever lives.
"""
mutable struct Handle{kind,F<:Face}
    pointer::Ptr{Cvoid} # the first field: Rust puts null there when it frees it
    face::F
    mark::UInt
    cell::Ptr{UInt}
    serial::UInt
    Handle{kind,F}(pointer, face, mark, cell, serial) where {kind,F<:Face} = new{kind,F}(pointer, face, mark, cell, serial)
    Handle{kind,F}(::Nothing) where {kind,F<:Face} = (h = new{kind,F}(); h.pointer = C_NULL; h.mark = 0; h)
end

"A handle of nothing, of the face that another process used."
nobody(::Type{Handle{kind,F}}) where {kind,F} = Handle{kind,F}(nothing)

"Every kind of thing that Julia can own of Rust's."
const KINDS = (:profile, :guard, :stream, :reference, :detector, :sequence, :neighbors, :threshold, :performance, :late, :sketch, :run,
    :sampler, :correlated)

const ProfileHandle = Handle{:profile}
const GuardHandle = Handle{:guard}
const StreamHandle = Handle{:stream}
const ReferenceHandle = Handle{:reference}
const DetectorHandle = Handle{:detector}
const SequenceHandle = Handle{:sequence}
const NeighborsHandle = Handle{:neighbors}
const ThresholdHandle = Handle{:threshold}
const PerformanceHandle = Handle{:performance}
const LateHandle = Handle{:late}
const SketchHandle = Handle{:sketch}
const RunHandle = Handle{:run}
const SamplerHandle = Handle{:sampler}
const CorrelatedHandle = Handle{:correlated}

function Handle{kind}(face::F, pointer::Ptr{Cvoid}) where {kind,F<:Face}
    h = Handle{kind,F}(pointer, face, 0, C_NULL, 0)
    sign!(h)
    finalizer(free, h)
    return h
end

# Called as a finalizer: frees memory that no one else can see. An open guard is closed by Rust in the background,
# which does not keep the caller.
function free(h::Handle)
    (h.pointer == C_NULL || h.mark != mark(h)) && return (h.pointer = C_NULL; nothing)
    strike!(h)
    ccall(h.face.library.free, Cvoid, (Ptr{Ptr{Cvoid}},), pointer_from_objref(h))
    return nothing
end

const PROCESS = Ref{UInt}(0)

"Called when the package is loaded, before any handle is made."
begin_process() = (PROCESS[] = hash((getpid(), time(), time_ns(), UInt(pointer_from_objref(PROCESS)))); nothing)

# Julia does not move objects.
mark(h) = xor(PROCESS[], UInt(pointer_from_objref(h)))

# A cell is a word that outlives the handle: its serial number while it lives. Serial numbers are never used again, cells are.
const CELLS = Ptr{UInt}[]
const LAST_SERIAL = Ref{UInt}(0)
const CELLS_LOCK = Threads.SpinLock()

function sign!(h)
    h.mark = mark(h)
    lock(CELLS_LOCK)
    h.cell = isempty(CELLS) ? convert(Ptr{UInt}, Libc.malloc(sizeof(UInt))) : pop!(CELLS)
    h.serial = LAST_SERIAL[] += 1
    unlock(CELLS_LOCK)
    h.cell == C_NULL && throw(OutOfMemoryError())
    unsafe_store!(h.cell, h.serial)
    return h
end

# Called by a finalizer, which must not wait: where somebody has the lock, the cell is not used again.
function strike!(h)
    unsafe_store!(h.cell, UInt(0))
    if trylock(CELLS_LOCK)
        push!(CELLS, h.cell)
        unlock(CELLS_LOCK)
    end
    return nothing
end

"The pointer of a handle that this process made and that lives. Throws `InvalidArgument` for any other."
@inline owned(h) = h.mark == mark(h) && unsafe_load(h.cell) == h.serial ? h.pointer : not_owned(h)

# One that was finalized has no pointer, which Rust says.
@noinline not_owned(h::Handle{kind}) where {kind} = h.pointer == C_NULL ? C_NULL : throw(InvalidArgument(
    "handle: got a handle of kind $kind that was copied or read field by field, by a package that does not know FluxGuard; " *
    "expected one that FluxGuard made: deepcopy, Serialization, JLD2, or save and load"))
