# The autoencoder as a detector: what a Flux model cannot reproduce. Training is in the extension for Flux.

"""
    Autoencoder(; model = nothing, code = nothing, epochs = 50, batch_size = 64, learning_rate = 1e-3, standardize = true,
        holdout = 0.25, seed = 0)

A [`Detector`](@ref) by the reconstruction error of a Flux model (Hawkins, He, Williams and Baxter 2002): the score is the mean
over the features of the squared difference between an observation and what the model makes of it. Needs `using Flux`.

`model` takes features × observations and gives as many; a copy of it is trained, and with `epochs = 0` it is taken as it is.
Without one: four `Dense` layers, to `code` numbers (a quarter of the features) and back. `standardize` centers and scales each
feature first. A random fraction `holdout` of the reference is not trained on: p-values and thresholds come from it, and
`P(pvalue <= a) <= a` whatever the model.

`score`, `pvalue`, `explain` (the features' parts, which add up to the score) and `threshold` are those of [`Detector`](@ref);
[`compare_detectors`](@ref) takes it; `FluxGuard.save(path, d)` and [`load`](@ref)`(Autoencoder, path)` keep it. Scores do not depend on the batch but for the rounding of matrix products.
"""
mutable struct Autoencoder <: HostedDetector
    options::NamedTuple
    model::Any
    center::Vector{Float32}
    scale::Vector{Float32}
    calibration::Vector{Float64}
    trained::Int
end

function Autoencoder(; model = nothing, code = nothing, epochs::Integer = 50, batch_size::Integer = 64, learning_rate::Real = 1e-3,
    standardize::Bool = true, holdout::Real = 0.25, seed::Integer = 0)
    code === nothing || code >= 1 || throw(invalid("code", code, "at least 1"))
    epochs >= 0 || throw(invalid("epochs", epochs, "0 or more"))
    batch_size >= 1 || throw(invalid("batch_size", batch_size, "at least 1"))
    learning_rate > 0 || throw(invalid("learning_rate", learning_rate, "a number above 0"))
    options = (model = model, code = code, epochs = Int(epochs), batch_size = Int(batch_size), learning_rate = Float64(learning_rate),
        standardize = standardize, holdout = Float64(holdout), seed = Int(seed))
    return Autoencoder(options, nothing, Float32[], Float32[], Float64[], 0)
end

"""
    train_autoencoder(options, x) -> model

Train a copy of `options.model`, or the default, on `x` (features × observations). Methods come with Flux.
"""
function train_autoencoder end

"""
    new_autoencoder(options, features) -> model

A copy of `options.model`, or the default, untrained. Methods come with Flux.
"""
function new_autoencoder end

needs_flux(f, name) = isempty(methods(f)) && throw(invalid(name, "no Flux", "using Flux, which trains it"))

function fit!(d::Autoencoder, reference::AbstractArray{<:Native.Element})
    needs_flux(train_autoencoder, "Autoencoder")
    x = Matrix{Float32}(as_rows(reference))
    bad = findfirst(!isfinite, x)
    bad === nothing || throw(NonFiniteBaseline("reference: NaN or Inf, first in feature $(bad[1]) of observation $(bad[2]), expected finite values"))
    train, kept = holdout(size(x, 2), d.options.holdout, d.options.seed)
    n = length(train)
    d.center, d.scale = zeros(Float32, size(x, 1)), ones(Float32, size(x, 1))
    if d.options.standardize
        for k in axes(x, 1)
            row = Float64.(view(x, k, train))
            mean = sum(row) / n
            deviation = sqrt(sum(abs2, row .- mean) / n)
            d.center[k], d.scale[k] = mean, deviation > 10 * eps() * abs(mean) ? deviation : 1
        end
    end
    d.model = train_autoencoder(d.options, standardized(d, x[:, train]))
    d.trained = n
    d.calibration = sort!(filter!(!isnan, reconstruction_error(d, x[:, kept])))
    isempty(d.calibration) && throw(invalid("model", "scores that are NaN", "a model whose output is finite; lower learning_rate"))
    return d
end
fit!(::Autoencoder, reference) = Native.unsupported("reference", reference)

as_rows(y::AbstractVector) = reshape(y, :, 1)
as_rows(y::AbstractArray) = isempty(y) ? throw(EmptyTensor("reference: no elements, expected features × observations")) : reshape(y, :, size(y)[end])
standardized(d::Autoencoder, x) = (x .- d.center) ./ d.scale

# Of each element; NaN for all of an observation that is not finite.
function reconstruction_parts(d::Autoencoder, y)
    x = Matrix{Float32}(as_rows(y))
    was, expected = size(x, 1), length(d.center)
    was == expected || throw(FeatureMismatch("output: got $was features, expected $expected"))
    z = standardized(d, x)
    again = d.model(z)
    size(again) == size(z) || throw(invalid("model", "an output of size $(size(again))", "that of its input, $(size(z))"))
    parts = Float64.(abs2.(again .- z)) ./ was
    for j in axes(x, 2)
        all(isfinite, view(x, :, j)) || fill!(view(parts, :, j), NaN)
    end
    return parts
end

reconstruction_error(d::Autoencoder, y) = vec(sum(reconstruction_parts(d, y); dims = 1))

score(d::Autoencoder, y::AbstractArray{<:Native.Element}) = reconstruction_error(expect_fitted(d), y)
score(::Autoencoder, y) = Native.unsupported("y", y)
explain(d::Autoencoder, y::AbstractArray{<:Native.Element}) = reshape(reconstruction_parts(expect_fitted(d), y), size(y))
nobs(d::Autoencoder) = expect_fitted(d).trained + length(d.calibration)

# A point of no meaning, a deviation or less from the mean: what it scores tells a model that was saved from another with as many
# parameters, such as one whose anonymous activation changed.
probe(d::Autoencoder) = reshape(d.center .+ d.scale .* Float32[cos(k) for k in eachindex(d.center)], :, 1)

function file_words(d::Autoencoder)
    kept = filter(name -> name !== :model, keys(d.options))
    return ((options = NamedTuple{kept}(d.options), own_model = d.options.model !== nothing), Pair{String,Array}["probe" => reconstruction_error(d, probe(d))])
end

function load(::Type{Autoencoder}, path::AbstractString; model = nothing)
    needs_flux(new_autoencoder, "Autoencoder")
    words, arrays = unpack(path, read_whole(path_text(path), "autoencoder", 1))
    saved(path, words, "own_model") && model === nothing &&
        throw(invalid("model", "none", "a model of the structure that was saved, which was not the default: FluxGuard.load(Autoencoder, path; model = Chain(...))"))
    options = saved(path, words, "options")
    d = Autoencoder(; model = model, (Symbol(name) => value for (name, value) in options)...)
    filled!(d, path, words, arrays, features -> new_autoencoder(d.options, features))
    was, expected = reconstruction_error(d, probe(d))[1], saved(path, arrays, "probe")[1]
    # Another machine may add in another order.
    isapprox(was, expected; rtol = 1e-3, atol = 1e-6, nans = true) ||
        throw(Incompatible("model: a test point scores $was, expected $expected, as when it was saved; give the model that was saved, with the same activations"))
    return d
end
