# The handles of the C face, all alike: a pointer into the library, and what frees what it points to.

for (Handle, Kind, release) in (
    (:CProfile, :ProfileHandle, :fg_profile_free), (:CGuard, :GuardHandle, :fg_guard_free),
    (:CStream, :StreamHandle, :fg_stream_free), (:CReference, :ReferenceHandle, :fg_reference_free),
    (:CDetector, :DetectorHandle, :fg_detector_free), (:CSequence, :SequenceHandle, :fg_sequence_free),
    (:CNeighbours, :NeighboursHandle, :fg_neighbours_free), (:CThreshold, :ThresholdHandle, :fg_live_threshold_free),
    (:CPerformance, :PerformanceHandle, :fg_performance_free), (:CLate, :LateHandle, :fg_late_free),
    (:CSketch, :SketchHandle, :fg_sketch_free), (:CRun, :RunHandle, :fg_run_free),
    (:CSampler, :SamplerHandle, :fg_sampler_free), (:CCorrelated, :CorrelatedHandle, :fg_correlated_free))
    @eval begin
        mutable struct $Handle <: $Kind
            pointer::Ptr{Cvoid}
            release::Ptr{Cvoid} # looked up beforehand: the finalizer calls it
            face::CFace
            mark::UInt # this and what follows: see c_marks.jl
            cell::Ptr{UInt}
            serial::UInt
        end

        function $Handle(face::CFace, pointer::Ptr{Cvoid})
            h = $Handle(pointer, symbol(face, $(QuoteNode(release))), face, 0, C_NULL, 0)
            sign!(h)
            finalizer(free, h)
            return h
        end

        # Called as a finalizer: frees memory that no one else can see. An open guard is closed by Rust in the background,
        # which does not keep the caller.
        function free(h::$Handle)
            pointer, h.pointer = h.pointer, C_NULL
            (pointer == C_NULL || h.mark != mark(h)) && return nothing
            strike!(h)
            ccall(h.release, Cvoid, (Ptr{Cvoid},), pointer)
            return nothing
        end

        Base.unsafe_convert(::Type{Ptr{Cvoid}}, h::$Handle) = owned(h)

        listen(h::$Handle, flag::Ptr{Cint}) = listen(h.face, flag)
    end
end

# What most of them can do: NAME_save, NAME_load and NAME_describe call fg_NAME_save, fg_NAME_load and fg_NAME_describe.

for (name, Handle) in ((:profile, :CProfile), (:stream, :CStream), (:reference, :CReference), (:detector, :CDetector),
    (:sequence, :CSequence), (:live_threshold, :CThreshold), (:performance, :CPerformance), (:late, :CLate))
    @eval $(Symbol(name, :_load))(face::CFace, path::String) = $Handle(face, handle(face) do out
        ccall(symbol(face, $(QuoteNode(Symbol(:fg_, name, :_load)))), Int32, (Ptr{UInt8}, Csize_t, Ref{Ptr{Cvoid}}),
            path, sizeof(path), out)
    end)
end

for (name, Handle) in ((:profile, :CProfile), (:stream, :CStream), (:reference, :CReference), (:detector, :CDetector),
    (:sequence, :CSequence), (:neighbours, :CNeighbours), (:live_threshold, :CThreshold), (:performance, :CPerformance),
    (:late, :CLate))
    @eval $(Symbol(name, :_save))(h::$Handle, path::String) = check(h.face,
        ccall(symbol(h.face, $(QuoteNode(Symbol(:fg_, name, :_save)))), Int32, (Ptr{Cvoid}, Ptr{UInt8}, Csize_t),
            h, path, sizeof(path)))
end

for (name, Handle) in ((:profile, :CProfile), (:stream, :CStream), (:reference, :CReference), (:detector, :CDetector),
    (:neighbours, :CNeighbours), (:performance, :CPerformance), (:late, :CLate))
    @eval $(Symbol(name, :_describe))(h::$Handle) = text(h.face) do out
        ccall(symbol(h.face, $(QuoteNode(Symbol(:fg_, name, :_describe)))), Int32, (Ptr{Cvoid}, Ref{Text}), h, out)
    end
end
