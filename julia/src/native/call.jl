# The call that makes any operation.

# As in include/fluxguard.h: FgArray, FgRequest, FgAnswer.
struct RawArray
    name::Ptr{UInt8}
    data::Ptr{Cvoid}
    length::Csize_t
    observations::Csize_t
    dtype::Int32
end

struct Request
    operation::Ptr{UInt8}
    options::Ptr{UInt8}
    handles::Ptr{Ptr{Cvoid}}
    handle_count::Csize_t
    arrays::Ptr{RawArray}
    array_count::Csize_t
    interrupt::Ptr{Cint}
end

struct Answer
    number::Int64
    bytes::Ptr{UInt8}
    length::Csize_t
    handle::Ptr{Cvoid}
end

"An array that Rust writes to."
struct Out{A<:AbstractArray}
    array::A
end

"Arrays of one name: of each parameter of a model, for instance."
struct Many{A<:AbstractVector}
    arrays::A
end

# What one argument adds to the table; `kept` holds copies, for the length of the call.
add!(table, kept, name, ::Nothing) = nothing
add!(table, kept, name, many::Many) = foreach(y -> add!(table, kept, name, y), many.arrays)
add!(table, kept, name, y) = unsupported(name, y)
function add!(table, kept, name, y::AbstractArray)
    seen, _ = host(y)
    eltype(seen) <: Crossing || unsupported(name, seen)
    push!(kept, seen)
    row!(table, name, seen, dtype(eltype(seen)))
end
add!(table, kept, name, out::Out) = row!(table, name, out.array, dtype(eltype(out.array)) | WRITABLE)

row!(table, name, y, dtype) = (push!(table, RawArray(Base.unsafe_convert(Ptr{UInt8}, name), pointer(y), length(y),
    ndims(y) == 0 ? 1 : size(y, ndims(y)), dtype)); nothing)

face_of(face::Face) = face
face_of(h::Handle) = h.face
face_of(handles::Union{Tuple,AbstractVector}) = face_of(first(handles))
pointers(::Face) = Ptr{Cvoid}[]
pointers(h::Handle) = Ptr{Cvoid}[owned(h)]
pointers(handles::Union{Tuple,AbstractVector}) = Ptr{Cvoid}[owned(h) for h in handles]

text_of(::Nothing) = ""
text_of(@nospecialize(options)) = JSON.options(options)

# Compiled once, and not for each operation: its time is that of JSON, and a session's first guard waits for the compiler.
"What `take(face, answer)` makes of the answer of an operation."
function call(@nospecialize(take), @nospecialize(on), operation::String, @nospecialize(options), @nospecialize(arrays))
    face, text, handles = face_of(on), text_of(options), pointers(on)
    table, kept = RawArray[], Any[]
    foreach(name -> add!(table, kept, name, arrays[name]), keys(arrays))
    answer = Ref{Answer}()
    return GC.@preserve on operation text handles table kept arrays heard() do flag
        request = Ref(Request(pointer(operation), pointer(text), pointer(handles), length(handles), pointer(table), length(table), flag))
        code = perform(face, request, answer)
        code == 0 || throw(exception(-code, string_of(face, answer[])))
        take(face, answer[])
    end
end

"The bytes of an answer, which Rust frees."
function bytes_of(face, answer)
    bytes = Vector{UInt8}(undef, answer.length)
    GC.@preserve bytes unsafe_copyto!(pointer(bytes), answer.bytes, answer.length)
    ccall(library(face).free_bytes, Cvoid, (Ptr{UInt8}, Csize_t), answer.bytes, answer.length)
    return bytes
end
string_of(face, answer) = String(bytes_of(face, answer))
numbers_of(face, answer) = (Int(answer.number), collect(reinterpret(Int64, bytes_of(face, answer))))

make(kind::Symbol, on, operation::String, options = nothing; arrays...) =
    call((face, answer) -> Handle{kind}(face, answer.handle), on, operation, options, arrays)
ask(on, operation::String, options = nothing; arrays...) = JSON.parse(text(on, operation, options; arrays...))
text(on, operation::String, options = nothing; arrays...) = call(string_of, on, operation, options, arrays)::String
bytes(on, operation::String, options = nothing; arrays...) = call(bytes_of, on, operation, options, arrays)::Vector{UInt8}
number(on, operation::String, options = nothing; arrays...) = call((face, answer) -> Int(answer.number), on, operation, options, arrays)::Int
numbers(on, operation::String, options = nothing; arrays...) = call(numbers_of, on, operation, options, arrays)
run(on, operation::String, options = nothing; arrays...) = call((face, answer) -> nothing, on, operation, options, arrays)::Nothing
