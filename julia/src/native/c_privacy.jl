# Privacy on the C face: the functions of src/ffi/c/privacy.rs.

privacy_ask(face::CFace, question::String) = text(face) do out
    ccall(symbol(face, :fg_privacy_ask), Int32, (Ptr{UInt8}, Csize_t, Ref{Text}), question, sizeof(question), out)
end

privacy_clip_sum(face::CFace, options::String, T::Type, table::Vector{Parameter}, examples::Int, norms::Vector{Float64}) =
    text(face) do out
        ccall(symbol(face, :fg_privacy_clip_sum), Int32,
            (Ptr{UInt8}, Csize_t, Int32, Ptr{Parameter}, Csize_t, Csize_t, Ptr{Float64}, Ref{Text}),
            options, sizeof(options), dtype(T), table, length(table), examples, norms, out)
    end

run_new(face::CFace, options::String) = CRun(face, handle(face) do out
    ccall(symbol(face, :fg_run_new), Int32, (Ptr{UInt8}, Csize_t, Ref{Ptr{Cvoid}}), options, sizeof(options), out)
end)

run_ask(h::CRun, question::String) = text(h.face) do out
    ccall(symbol(h.face, :fg_run_ask), Int32, (Ptr{Cvoid}, Ptr{UInt8}, Csize_t, Ref{Text}), h, question, sizeof(question), out)
end

for name in (:run_mean, :run_sum)
    @eval $name(h::CRun, options::String, T::Type, table::Vector{Parameter}, examples::Int, norms::Vector{Float64}) =
        text(h.face) do out
            ccall(symbol(h.face, $(QuoteNode(Symbol(:fg_, name)))), Int32,
                (Ptr{Cvoid}, Ptr{UInt8}, Csize_t, Int32, Ptr{Parameter}, Csize_t, Csize_t, Ptr{Float64}, Ref{Text}),
                h, options, sizeof(options), dtype(T), table, length(table), examples, norms, out)
        end
end

run_count(h::CRun, options::String, norms::Vector{Float64}) = text(h.face) do out
    ccall(symbol(h.face, :fg_run_count), Int32, (Ptr{Cvoid}, Ptr{UInt8}, Csize_t, Ptr{Float64}, Csize_t, Ref{Text}),
        h, options, sizeof(options), norms, length(norms), out)
end

run_begin(h::CRun, options::String) = CCorrelated(h.face, handle(h.face) do out
    ccall(symbol(h.face, :fg_run_begin), Int32, (Ptr{Cvoid}, Ptr{UInt8}, Csize_t, Ref{Ptr{Cvoid}}),
        h, options, sizeof(options), out)
end)

sampler_new(face::CFace, options::String) = CSampler(face, handle(face) do out
    ccall(symbol(face, :fg_sampler_new), Int32, (Ptr{UInt8}, Csize_t, Ref{Ptr{Cvoid}}), options, sizeof(options), out)
end)

sampler_id(h::CSampler) = Int(check(h.face, ccall(symbol(h.face, :fg_sampler_id), Int64, (Ptr{Cvoid},), h)))

sampler_draw(h::CSampler, rate::Float64) =
    Int(check(h.face, ccall(symbol(h.face, :fg_sampler_draw), Int64, (Ptr{Cvoid}, Float64), h, rate)))

sampler_take(h::CSampler, lot::Vector{Int64}) = Int(check(h.face,
    ccall(symbol(h.face, :fg_sampler_take), Int64, (Ptr{Cvoid}, Ptr{Int64}, Csize_t), h, lot, length(lot))))

sampler_spend(h::CSampler, draw::Int) = text(h.face) do out
    ccall(symbol(h.face, :fg_sampler_spend), Int32, (Ptr{Cvoid}, UInt64, Ref{Text}), h, draw, out)
end

correlated_step(h::CCorrelated, sum::Vector{Float64}, examples::Union{Nothing,Vector{UInt64}}) = GC.@preserve examples check(h.face,
    ccall(symbol(h.face, :fg_correlated_step), Int32, (Ptr{Cvoid}, Ptr{Float64}, Csize_t, Ptr{UInt64}, Csize_t),
        h, sum, length(sum), names_at(examples), examples === nothing ? 0 : length(examples)))
