# Detectors of what a classifier does not know: they read its logits, or its features and last layer.

for (type, name, text) in (
    (:MSP, "msp", "One minus the maximum softmax probability (Hendrycks and Gimpel 2017)."),
    (:MaxLogit, "max-logit", "Minus the largest logit (Hendrycks and others 2022)."),
    (:EnergyScore, "energy", "The free energy `-T log(sum(exp, logits / T))` (Liu and others 2020). `temperature = 1`."),
    (:EntropyScore, "entropy", "The entropy of the probabilities, in nats."),
    (:MarginScore, "margin", "One minus the difference of the two largest probabilities."),
    (:GEN, "gen", "Generalized entropy (Liu, Lochman and Zach 2023). `gamma = 0.1`, `classes = 100`: the most probable ones."),
    (:ODIN, "odin", "`MSP` at a `temperature = 1000` (Liang, Li and Srikant 2018), without their step on the input."),
    (:ClassMahalanobis, "class-mahalanobis", "Squared Mahalanobis distance to the nearest class, of features (Lee and others 2018); takes `labels`. `covariance = :classic` or `:shrunk`."),
    (:RelativeMahalanobis, "relative-mahalanobis", "The same, less the distance to all classes as one (Ren and others 2021); takes `labels`. `covariance = :classic` or `:shrunk`."),
    (:DeepKNN, "deep-knn", "Distance to the k-th nearest reference observation, of features of length 1 (Sun and others 2022). `neighbors = 50`, `index = :exact` or `:hnsw`."),
    (:ViM, "vim", "Virtual-logit matching (Wang and others 2022): features outside of the principal space, and the energy; takes `weights` and `bias`. `components = nothing`: of the principal space."),
    (:SHE, "she", "Simplified Hopfield energy (Zhang and others 2023); takes `labels`, `weights` and `bias`."),
    (:ReAct, "react", "The energy of features cut off at a percentile (Sun, Guo and Li 2021); takes `weights` and `bias`. `percentile = 90`."),
    (:ASH, "ash", "The energy of pruned features (Djurisic and others 2023); takes `weights` and `bias`. `variant = :s`, `:b` or `:p`, `percentile = 90`: how many percent of the features go."),
    (:OOD, "ood", """
    Several of these as one, the default: what a logit's score alone, or a distance alone, misses.

        fit(OOD, features; labels, weights, bias)      # features × observations, before the last layer
        fit(OOD, logits)                               # classes × observations
        fit(OOD, model, x; labels)                     # with Flux: a Chain, and its usual input

    `labels` are the classes of the observations (from 1), `weights` (classes × features) and `bias` those of the last linear
    layer. With them, all of `MSP` to `ODIN` read features, too: the logits are `weights * x .+ bias`. `members = [MSP(), ...]`,
    `combine = :average` (of calibrated p-values), `:rank` or `:maximum`. `members` left out: `EnergyScore` and `DeepKNN`; with
    weights `ViM`; and `ClassMahalanobis` with labels, else `Mahalanobis`. The members' p-values are conformal, and so is the one of
    the whole, by observations that no member has seen."""))
    define_detector(type, name, text)
end

"""
The names of the detectors of classifiers.
"""
const OOD_NAMES = ["msp", "max-logit", "energy", "entropy", "margin", "gen", "odin", "class-mahalanobis", "relative-mahalanobis",
    "deep-knn", "vim", "she", "react", "ash", "ood"]

# Classes as Rust counts them, from 0; none of nothing.
class_numbers(::Nothing) = nothing
function class_numbers(labels::AbstractVector{<:Integer})
    isempty(labels) && throw(invalid("labels", "no labels", "one per observation"))
    low, high = extrema(labels)
    low >= 1 && high <= typemax(UInt32) || throw(invalid("labels", "class $(low < 1 ? low : high)", "classes from 1"))
    return UInt32[label - 1 for label in labels]
end
class_numbers(labels) = throw(invalid("labels", "a $(typeof(labels))", "a vector of classes, whole numbers from 1"))

# The last layer as Rust reads it: the weights of one class after the other.
head(::Nothing, ::Nothing) = (nothing, nothing)
function head(weights::AbstractMatrix{<:Real}, bias)
    b = bias === nothing || bias === false ? zeros(size(weights, 1)) : collect(Float64, vec(bias))
    length(b) == size(weights, 1) ||
        throw(invalid("bias", "$(length(b)) numbers", "$(size(weights, 1)), one for each row (class) of weights"))
    return permutedims(Matrix{Float64}(weights)), b
end
head(weights, bias) = throw(invalid("weights", weights === nothing ? "none, beside a bias" : "a $(typeof(weights))", "a matrix, classes × features"))
