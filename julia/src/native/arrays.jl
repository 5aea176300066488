# What Rust can read in place: host memory, column-major, without gaps. All else is copied first, and counted as copied.

"The element types that the kernels read."
const Element = Union{Float16,Float32,Float64}

"The element types that cross."
const Crossing = Union{Element,UInt8,UInt32,UInt64,Int64}

# Their codes in include/fluxguard.h.
dtype(::Type{Float16}) = Int32(1)
dtype(::Type{Float32}) = Int32(2)
dtype(::Type{Float64}) = Int32(3)
dtype(::Type{UInt8}) = Int32(4)
dtype(::Type{UInt32}) = Int32(5)
dtype(::Type{UInt64}) = Int32(6)
dtype(::Type{Int64}) = Int32(7)

# Or-ed to the code: of an array that had to be copied, and of one that Rust writes to.
const COPIED = Int32(256)
const WRITABLE = Int32(512)

dtype(T::Type, copied::Bool) = copied ? dtype(T) | COPIED : dtype(T)

"""
    contiguous(y) -> Bool

Whether `pointer(y)` is the start of `length(y)` elements of one type in host memory in column-major order. Only arrays that are
known to be so: an `Array`, and views, reshapes and reinterpretations of one. A GPU array is a `DenseArray`, too, but
its pointer is none of ours.
"""
contiguous(::Array{T}) where {T} = isconcretetype(T)
contiguous(y::Base.ReinterpretArray{T,N,S,<:Array} where {T,N,S}) = true
contiguous(y::Base.ReshapedArray{T,N,<:Union{Array,SubArray}} where {T,N}) = contiguous(parent(y))
contiguous(y::SubArray{T,N,<:Array} where {N}) where {T} = isconcretetype(T) && y isa StridedArray && dense(size(y), strides(y))
contiguous(::AbstractArray) = false

function dense(size::Dims{N}, strides::Dims{N}) where {N}
    expected = 1
    for i in 1:N
        size[i] == 1 || strides[i] == expected || return false
        expected *= size[i]
    end
    return true
end

"""
    host(y) -> (array, copied)

`y` itself where it is contiguous, else a column-major copy of it in host memory. What crosses the border went through
this.
"""
host(y::AbstractArray) = contiguous(y) ? (y, false) : (hostcopy(y), true)

function hostcopy(y::AbstractArray{T}) where {T}
    # Elements of several types, `Union{Float32,Float64}`: each is a Float64, too.
    isconcretetype(T) || return copyto!(Array{Float64}(undef, size(y)), y)
    Base.has_offset_axes(y) && return copyto!(Array{T}(undef, size(y)), y)
    return Array(y)::Array{T}
end

@noinline unsupported(argument, y::AbstractArray) =
    throw(ElementTypeUnsupported("$argument: element type $(eltype(y)) cannot be read, " *
        "expected Float16, Float32 or Float64; convert the array first"))
@noinline unsupported(argument, y) =
    throw(InvalidArgument("$argument: got a value of type $(typeof(y)), " *
        "expected an array of Float16, Float32 or Float64 whose last dimension is the observation"))
