# Whose a handle is. Savers that walk an object's fields write its pointer, and read it again elsewhere or later, when it
# points to nothing. Each handle therefore bears a mark, made of a number that is this process's alone and of the handle's
# own address: an object that FluxGuard did not make has another one, and its pointer is not followed.

const PROCESS = Ref{UInt}(0)

"Called when the package is loaded, before any handle is made."
begin_process() = (PROCESS[] = hash((getpid(), time(), time_ns(), UInt(pointer_from_objref(PROCESS)))); nothing)

# Julia does not move objects.
mark(h) = xor(PROCESS[], UInt(pointer_from_objref(h)))

"The pointer of a handle that this process made. Throws `InvalidArgument` for any other."
@inline owned(h) = h.mark == mark(h) ? h.pointer : not_owned(h)

@noinline not_owned(h) = throw(InvalidArgument("handle: got a $(nameof(typeof(h))) that was copied or read field by field, " *
    "by a package that does not know FluxGuard; expected one that FluxGuard made: deepcopy, Serialization, JLD2, or save and load"))
