# Profiles and guards through the C ABI: src/ffi/c/profile.rs, src/ffi/c/guard.rs.

profile_new(face::CFace, options::String) = CProfile(face, handle(face) do out
    ccall(symbol(face, :fg_profile_new), Int32, (Ptr{UInt8}, Csize_t, Ref{Ptr{Cvoid}}), options, sizeof(options), out)
end)

profile_fit(h::CProfile, y::AbstractArray{T}, observations::Int, copied::Bool) where {T<:Element} =
    GC.@preserve y check(h.face, ccall(symbol(h.face, :fg_profile_fit), Int32,
        (Ptr{Cvoid}, Int32, Ptr{Cvoid}, Csize_t, Csize_t), h, dtype(T, copied), pointer(y), length(y), observations))

profile_merge(into::CProfile, from::CProfile) =
    check(into.face, ccall(symbol(into.face, :fg_profile_merge), Int32, (Ptr{Cvoid}, Ptr{Cvoid}), into, from))

guard_new(face::CFace, profile::CProfile, options::String) = CGuard(face, handle(face) do out
    ccall(symbol(face, :fg_guard_new), Int32,
        (Ptr{Cvoid}, Ptr{UInt8}, Csize_t, Ref{Ptr{Cvoid}}), profile, options, sizeof(options), out)
end)

function observe(h::CGuard, y::AbstractArray{T}, observations::Int, caller::UInt64, copied::Bool) where {T<:Element}
    anomalous = GC.@preserve y h ccall(h.face.observe, Int64, (Ptr{Cvoid}, Int32, Ptr{Cvoid}, Csize_t, Csize_t, UInt64),
        owned(h), dtype(T, copied), pointer(y), length(y), observations, caller)
    anomalous < 0 && raise(h.face, -anomalous)
    return Int(anomalous)
end

verdict(h::CGuard, caller::UInt64) = text(h.face) do out
    ccall(symbol(h.face, :fg_guard_verdict), Int32, (Ptr{Cvoid}, UInt64, Ref{Text}), h, caller, out)
end

score(h::CGuard, y::AbstractArray{T}, observations::Int) where {T<:Element} = GC.@preserve y text(h.face) do out
    ccall(symbol(h.face, :fg_guard_score), Int32, (Ptr{Cvoid}, Int32, Ptr{Cvoid}, Csize_t, Csize_t, Ref{Text}),
        h, dtype(T, false), pointer(y), length(y), observations, out)
end

for (name, export_name) in ((:alerts, :fg_guard_alerts), (:windows, :fg_guard_windows))
    @eval $name(h::CGuard, after::Integer) = text(h.face) do out
        ccall(symbol(h.face, $(QuoteNode(export_name))), Int32, (Ptr{Cvoid}, UInt64, Ref{Text}), h, after, out)
    end
end

for (name, export_name) in ((:counters, :fg_guard_counters), (:describe, :fg_guard_describe))
    @eval $name(h::CGuard) = text(h.face) do out
        ccall(symbol(h.face, $(QuoteNode(export_name))), Int32, (Ptr{Cvoid}, Ref{Text}), h, out)
    end
end

flush(h::CGuard, close::Bool) =
    UInt64(check(h.face, ccall(symbol(h.face, :fg_guard_flush), Int64, (Ptr{Cvoid}, Int32), h, close)))

wait(h::CGuard, ticket::UInt64, milliseconds::Integer) = 1 == check(h.face,
    ccall(symbol(h.face, :fg_guard_wait), Int32, (Ptr{Cvoid}, UInt64, UInt32), h, ticket, milliseconds))

function wake(h::CGuard, callback::Ptr{Cvoid}, data::Ptr{Cvoid})
    check(h.face, ccall(symbol(h.face, :fg_guard_wake), Int32, (Ptr{Cvoid}, Ptr{Cvoid}, Ptr{Cvoid}), h, callback, data))
    return nothing
end
