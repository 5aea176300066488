# Privacy on the C face: the functions of src/ffi/c/privacy.rs.

privacy_ask(face::CFace, question::String) = text(face) do out
    ccall(symbol(face, :fg_privacy_ask), Int32, (Ptr{UInt8}, Csize_t, Ref{Text}), question, sizeof(question), out)
end

noise_new(face::CFace, seed::Union{Nothing,UInt64}) = CNoise(face, handle(face) do out
    ccall(symbol(face, :fg_noise_new), Int32, (Int32, UInt64, Ref{Ptr{Cvoid}}), seed !== nothing, something(seed, UInt64(0)), out)
end)

privacy_clip_sum(face::CFace, options::String, T::Type, table::Vector{Parameter}, examples::Int, norms::Vector{Float64}) =
    text(face) do out
        ccall(symbol(face, :fg_privacy_clip_sum), Int32,
            (Ptr{UInt8}, Csize_t, Int32, Ptr{Parameter}, Csize_t, Csize_t, Ptr{Float64}, Ref{Text}),
            options, sizeof(options), dtype(T), table, length(table), examples, norms, out)
    end

privacy_mean(h::CNoise, options::String, T::Type, table::Vector{Parameter}, examples::Int, norms::Vector{Float64}) =
    text(h.face) do out
        ccall(symbol(h.face, :fg_privacy_mean), Int32,
            (Ptr{Cvoid}, Ptr{UInt8}, Csize_t, Int32, Ptr{Parameter}, Csize_t, Csize_t, Ptr{Float64}, Ref{Text}),
            h, options, sizeof(options), dtype(T), table, length(table), examples, norms, out)
    end

privacy_noise(h::CNoise, options::String, T::Type, table::Vector{Parameter}) = check(h.face,
    ccall(symbol(h.face, :fg_privacy_noise), Int32, (Ptr{Cvoid}, Ptr{UInt8}, Csize_t, Int32, Ptr{Parameter}, Csize_t),
        h, options, sizeof(options), dtype(T), table, length(table)))

privacy_adapt(h::CNoise, options::String, norms::Vector{Float64}) = text(h.face) do out
    ccall(symbol(h.face, :fg_privacy_adapt), Int32, (Ptr{Cvoid}, Ptr{UInt8}, Csize_t, Ptr{Float64}, Csize_t, Ref{Text}),
        h, options, sizeof(options), norms, length(norms), out)
end

sampler_new(h::CNoise, options::String) = CSampler(h.face, handle(h.face) do out
    ccall(symbol(h.face, :fg_sampler_new), Int32, (Ptr{Cvoid}, Ptr{UInt8}, Csize_t, Ref{Ptr{Cvoid}}),
        h, options, sizeof(options), out)
end)

sampler_draw(h::CSampler) = Int(check(h.face, ccall(symbol(h.face, :fg_sampler_draw), Int64, (Ptr{Cvoid},), h)))

sampler_take(h::CSampler, lot::Vector{Int64}) = check(h.face,
    ccall(symbol(h.face, :fg_sampler_take), Int32, (Ptr{Cvoid}, Ptr{Int64}, Csize_t), h, lot, length(lot)))

correlated_new(h::CNoise, options::String) = CCorrelated(h.face, handle(h.face) do out
    ccall(symbol(h.face, :fg_correlated_new), Int32, (Ptr{Cvoid}, Ptr{UInt8}, Csize_t, Ref{Ptr{Cvoid}}),
        h, options, sizeof(options), out)
end)

correlated_step(h::CCorrelated, sum::Vector{Float64}) = check(h.face,
    ccall(symbol(h.face, :fg_correlated_step), Int32, (Ptr{Cvoid}, Ptr{Float64}, Csize_t), h, sum, length(sum)))
