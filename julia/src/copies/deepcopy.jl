# `deepcopy`, by the rule of rule.jl. An object that is in a container twice is in its copy twice.

Base.deepcopy_internal(x::T, seen::IdDict) where {T<:Changing} = get!(() -> unpacked(typeof(x), packed(x)), seen, x)::T

"What Rust never changes once it was made: owners share it."
const SharedHandle = Union{Native.DetectorHandle,Native.SequenceHandle,Native.ReferenceHandle,Native.PerformanceHandle}

Base.deepcopy_internal(handle::SharedHandle, ::IdDict) = handle
Base.deepcopy_internal(handle::AnyHandle, ::IdDict) = throw(refusal(handle, "copied"))
