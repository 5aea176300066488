# Detectors of which a part is Julia's: a function or a model. What they share is here; a type is a file.

"""
    HostedDetector <: Detector

A detector that scores in Julia. Its p-values and thresholds come from `calibration`: scores of reference observations that it
was not fitted on.
"""
abstract type HostedDetector <: Detector end

"""
    Encoded(encoder, detector)

A detector of what a function makes of the input: `encoder(x)` gives features × observations, such as embeddings of texts or the
features of a model; `detector` is fitted on these. All functions of a [`Detector`](@ref) take what `encoder` takes.

    d = fit!(Encoded(embed, KNN(metric = :cosine)), texts)
    score(d, ["another text"]); pvalue(d, texts); threshold(d; rate = 0.01)

Where the encoder is a model, as in `fit(OOD, model, x)`, `FluxGuard.save(path, d)` writes its parameters and the detector to one file, and
`FluxGuard.load(Encoded, path; encoder = model)` fills a model of the same structure (see [`load`](@ref)). A function has no file form: save
`d.detector`; `Encoded(encoder, FluxGuard.load(Detector, path))` brings it back.
"""
struct Encoded{F,D<:NativeDetector} <: Detector
    encoder::F
    detector::D
end

encoded(d::Encoded, x) = encoded_array(d.encoder(x))
encoded_array(y::AbstractArray{<:Native.Element}) = y
encoded_array(y) = throw(invalid("encoder", "a result of type $(typeof(y))", "an array of floats, features × observations"))

function fit!(d::Encoded, reference; kwargs...)
    fit!(d.detector, encoded(d, reference); kwargs...)
    return d
end

score(d::Encoded, x) = score(d.detector, encoded(d, x))
pvalue(d::Encoded, x) = pvalue(d.detector, encoded(d, x))
explain(d::Encoded, x) = explain(d.detector, encoded(d, x))
threshold(d::Encoded; kwargs...) = threshold(d.detector; kwargs...)
nobs(d::Encoded) = nobs(d.detector)

"""
    model_parts(model) -> (arrays, leaves)

A model's arrays by path, and what else its layers are made of, in words. Methods come with Flux.
"""
function model_parts end

"""
    with_parts(model, arrays, leaves) -> model

A model of the same structure with these arrays. Throws [`Incompatible`](@ref) where it is another. Methods come with Flux.
"""
function with_parts end

# What an encoder is to a file, and the encoder that a file's words are filled into: Flux knows classifiers' bodies.
encoder_kind(encoder) = "model"
function new_encoder end

# Parameters beside a detector's own arrays, and back.
inner(prefix, arrays) = Dict{String,Array}(name[length(prefix)+1:end] => x for (name, x) in arrays if startswith(name, prefix))
outer(prefix, arrays) = Pair{String,Array}[prefix * name => x for (name, x) in arrays]

function save(path::AbstractString, d::Encoded)
    d.encoder isa Function &&
        throw(invalid("detector", "an Encoded by a function", "one by a model, or its d.detector: a function has no file form; save(path, d.detector)"))
    needs_flux(model_parts, "Encoded")
    arrays, leaves = model_parts(d.encoder)
    detector = mktempdir() do folder
        save(joinpath(folder, "detector"), d.detector)
        read(joinpath(folder, "detector"))
    end
    write_whole(path_text(path), "encoded", 1, pack((encoder = encoder_kind(d.encoder), leaves = leaves),
        Pair{String,Array}["detector" => detector; outer("model.", arrays)]))
end

"""
    load(Encoded, path; encoder) -> Encoded
    load(Autoencoder, path; model = nothing) -> Autoencoder
    load(Recurrent, path) -> Recurrent

Read what `FluxGuard.save(path, d)` wrote of a detector that is or has a Flux model; it scores as before. Needs `using Flux`. A file holds
parameters and not code: `encoder` and `model` are a model of the structure that was saved, whatever its parameters (of `fit(OOD,
model, x)`: the whole classifier), and a copy of it is filled; an `Autoencoder` without a model of one's own needs none. Throws
[`PathUnusable`](@ref), [`FileDamaged`](@ref), [`FileKind`](@ref), [`FileVersion`](@ref), and [`Incompatible`](@ref) where the structure is another.
"""
function load(::Type{Encoded}, path::AbstractString; encoder)
    needs_flux(model_parts, "Encoded")
    encoder isa Function && throw(invalid("encoder", "a function", "a model of the structure that was saved"))
    words, arrays = unpack(path, read_whole(path_text(path), "encoded", 1))
    kind, leaves, file = saved(path, words, "encoder"), saved(path, words, "leaves"), saved(path, arrays, "detector")
    detector = mktempdir() do folder
        write(joinpath(folder, "detector"), file)
        load(Detector, joinpath(folder, "detector"))
    end
    return Encoded(with_parts(new_encoder(kind, encoder), inner("model.", arrays), leaves), detector)
end

saved(path, found, name) = haskey(found, name) ? found[name] : throw(damaged(path, "it has no $(repr(name))"))

Base.show(io::IO, d::Encoded) = print(io, "Encoded(", d.encoder, ", ", d.detector, ")")
Base.show(io::IO, ::MIME"text/plain", d::Encoded) = show(io, d)

# The p-value of a score among scores of unseen reference observations, in rising order.
rank_pvalue(calibration::Vector{Float64}, score) =
    isnan(score) ? NaN : (1 + length(calibration) - searchsortedfirst(calibration, score) + 1) / (1 + length(calibration))

expect_fitted(d::HostedDetector) = isempty(d.calibration) ?
    throw(invalid("detector", "a $(nameof(typeof(d))) that is not fitted", "fit!(detector, reference) first")) : d

pvalue(d::HostedDetector, y) = [rank_pvalue(expect_fitted(d).calibration, s) for s in score(d, y)]
threshold(d::HostedDetector; kwargs...) = threshold(expect_fitted(d).calibration; kwargs...)

"""
    save(path, detector::Union{Autoencoder,Recurrent,Encoded})

Write the calibration, the options and the model's parameters (not its code) to a file, whole or not at all. Throws
[`PathUnusable`](@ref).
"""
function save(path::AbstractString, d::HostedDetector)
    needs_flux(model_parts, string(nameof(typeof(d))))
    arrays, leaves = model_parts(expect_fitted(d).model)
    words, own = file_words(d)
    write_whole(path_text(path), file_kind(d), 1, pack(merge(words, (trained = d.trained, leaves = leaves)),
        [own; Pair{String,Array}["calibration" => d.calibration, "center" => d.center, "scale" => d.scale]; outer("model.", arrays)]))
end
file_kind(d::HostedDetector) = lowercase(string(nameof(typeof(d))))

# A detector of these options with what all hosted detectors keep; its model is filled by `new_model(features)`.
function filled!(d::HostedDetector, path, words, arrays, new_model)
    d.calibration, d.center, d.scale = saved(path, arrays, "calibration"), saved(path, arrays, "center"), saved(path, arrays, "scale")
    d.trained = saved(path, words, "trained")
    d.model = with_parts(new_model(length(d.center)), inner("model.", arrays), saved(path, words, "leaves"))
    return d
end

fit(::Type{D}, reference; kwargs...) where {D<:HostedDetector} = fit!(D(; kwargs...), reference)

# The parts to fit on and to calibrate with, in random order (by Marsaglia's xorshift), so that a trend of the reference is in both.
function holdout(n, fraction, seed)
    0 < fraction < 1 || throw(invalid("holdout", fraction, "a fraction between 0 and 1"))
    kept = clamp(round(Int, fraction * n), 1, max(n - 1, 1))
    n >= 2 || throw(BaselineTooSmall("reference: $n observations, expected at least 2: one to fit on, one to calibrate with"))
    order = collect(1:n)
    state = xor(0x9e3779b97f4a7c15, UInt64(abs(seed)))
    for i in n:-1:2
        state = xor(state, state << 13)
        state = xor(state, state >> 7)
        state = xor(state, state << 17)
        j = Int(state % UInt64(i)) + 1
        order[i], order[j] = order[j], order[i]
    end
    return order[kept+1:end], order[1:kept]
end

function Base.show(io::IO, d::HostedDetector)
    print(io, nameof(typeof(d)), "(")
    isempty(d.calibration) ? print(io, "not fitted") : print(io, "calibrated by ", plural(length(d.calibration), "score"))
    print(io, ")")
end
Base.show(io::IO, ::MIME"text/plain", d::HostedDetector) = show(io, d)

bytes(d::Encoded) = describe(d.detector)["bytes"]
bytes(d::HostedDetector) = Base.summarysize(d)

# A row of compare_detectors, measured here, and whether its scores are the wrong way round.
function hosted_row(d::Detector, reference, y, labels, rate)
    name, none = string(nameof(typeof(d))), NamedTuple{QUALITY}(ntuple(_ -> NaN, length(QUALITY)))
    fit_seconds = score_seconds = 0.0
    try
        fit_seconds = @elapsed fit!(d, reference)
        scores = Float64[]
        score_seconds = @elapsed append!(scores, score(d, y))
        found, inverted = judged(scores, labels, threshold(d; rate = rate))
        return merge((detector = name,), found,
            (fit_seconds = fit_seconds, score_seconds = score_seconds, bytes = Int(bytes(d)), error = nothing)), inverted
    catch error
        error isa FluxGuardError || rethrow()
        return merge((detector = name,), none,
            (fit_seconds = fit_seconds, score_seconds = score_seconds, bytes = 0, error = sprint(showerror, error))), false
    end
end

# What a guard is to score with: names, or `nothing` for the default; and detectors, fitted or not.
detectors_by_kind(detectors) = (words("detectors", detectors), NativeDetector[])
detectors_by_kind(detector::Detector) = detectors_by_kind([detector])
function detectors_by_kind(detectors::Union{Tuple,AbstractVector})
    names = [d for d in detectors if !(d isa Detector)]
    hosted = findfirst(d -> d isa Detector && !(d isa NativeDetector), detectors)
    hosted === nothing ||
        throw(invalid("detectors", "a $(nameof(typeof(detectors[hosted])))", "names of scores, and detectors of Rust"))
    others = NativeDetector[d for d in detectors if d isa NativeDetector]
    return (isempty(names) && !isempty(others) ? nothing : words("detectors", names)), others
end
