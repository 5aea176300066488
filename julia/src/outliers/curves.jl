# How well scores tell anomalies from the rest, where labels say which are.

"""
    quality(scores, labels; threshold = NaN) -> NamedTuple

How well `scores` tell anomalies (`labels` true) from the rest: `auroc`, `auprc` (average precision), `fpr_at_95_tpr`, and
above `threshold` `precision`, `recall` and `f1` (0 where there is none). Warns in the log where anomalies have the lower scores, by more
than chance (`auroc` far below 0.5): labels or scores may be the wrong way round. Throws [`InvalidArgument`](@ref) for NaN scores
or labels of one kind.
"""
function quality(scores::AbstractVector{<:Real}, labels::AbstractVector{Bool}; threshold::Real = NaN)
    found, inverted = judged(scores, labels, threshold)
    inverted && warn_of_inverted(found.auroc)
    return found
end

# The numbers, and whether anomalies have the lower scores.
function judged(scores, labels, threshold)
    d = parsed_quality(scores, labels, threshold, false)
    return NamedTuple{QUALITY}(Tuple(number(d[string(name)]) for name in QUALITY)), d["inverted"]
end

warn_of_inverted(auroc) = @warn("an AUROC of $(round(auroc; sigdigits = 3)) is far below 0.5: anomalies have lower scores than usual " *
    "observations; look whether labels (true is an anomaly) or scores (a higher one is more anomalous) are the wrong way round")

const QUALITY = (:auroc, :auprc, :fpr_at_95_tpr, :precision, :recall, :f1)

function parsed_quality(scores, labels, threshold, curves)
    length(scores) == length(labels) || throw(invalid("labels", "$(length(labels)) labels", "$(length(scores)), one per score"))
    return Native.ask(face(), "scores.quality", (threshold = isnan(threshold) ? nothing : Float64(threshold), curves = curves);
        scores = collect(Float64, scores), labels = collect(UInt8, labels))
end

"""
    roc(scores, labels) -> Vector{NamedTuple}

The receiver operating characteristic, a row a threshold: `threshold`, `false_positive_rate`, `true_positive_rate`.
"""
roc(scores::AbstractVector{<:Real}, labels::AbstractVector{Bool}) =
    [(threshold = p["threshold"] === nothing ? Inf : number(p["threshold"]), false_positive_rate = number(p["false_positive_rate"]),
        true_positive_rate = number(p["true_positive_rate"])) for p in parsed_quality(scores, labels, NaN, true)["roc"]]

"""
    precision_recall(scores, labels) -> Vector{NamedTuple}

The precision-recall curve, a row a threshold: `threshold`, `precision`, `recall`.
"""
precision_recall(scores::AbstractVector{<:Real}, labels::AbstractVector{Bool}) =
    [(threshold = number(p["threshold"]), precision = number(p["precision"]), recall = number(p["recall"]))
        for p in parsed_quality(scores, labels, NaN, true)["precision_recall"]]

"""
    compare_detectors(detectors, reference, y, labels; rate = 0.01) -> Vector{NamedTuple}

Fit each of `detectors` (such as `[KNN(), IsolationForest()]`; fitted ones stay as they are) on `reference`, score `y`, and
rank them by how well they tell the observations whose `labels` are true. A table (a vector of rows): `detector`, `auroc`,
`auprc`, `fpr_at_95_tpr`, `precision`, `recall`, `f1` (at the conformal threshold of `rate`), `fit_seconds`,
`score_seconds`, `bytes` (in a file; of a detector of Julia, in memory) and `error`, why there are no numbers. Observations with an
element, or a label, that is `missing` are left out. Warns in the log where even the best has an `auroc` far below 0.5 (see
[`quality`](@ref)).
"""
function compare_detectors(detectors, reference::AbstractArray{<:Native.Element}, y::AbstractArray{<:Native.Element},
    labels::AbstractVector{Bool}; rate::Real = 0.01)
    n = observations(y)
    length(labels) == n || throw(invalid("labels", "$(length(labels)) labels", "$n, one per observation"))
    native = filter(d -> d isa NativeDetector, collect(Any, detectors))
    rows = isempty(native) ? [] : compare_native(native, reference, y, labels, rate)
    hosted = [hosted_row(d, reference, y, labels, rate) for d in detectors if !(d isa NativeDetector)]
    rank((row, _)) = isnan(row.auroc) ? (-1.0, -1.0) : (row.auroc, row.auprc)
    ranked = isempty(hosted) ? rows : sort([rows; hosted]; by = rank, rev = true)
    isempty(ranked) || !last(ranked[1]) || warn_of_inverted(first(ranked[1]).auroc)
    return map(first, ranked)
end

function compare_detectors(detectors, reference::AbstractArray, y::AbstractArray, labels::AbstractVector{<:Union{Missing,Bool}};
    rate::Real = 0.01)
    (a, _), (b, whole) = there("reference", reference), there("y", y)
    truth = of_those("labels", labels, whole)
    known = Bool[!ismissing(label) for label in truth]
    return compare_detectors(detectors, a, collect(selectdim(b, ndims(b), known)), Bool[label for label in truth[known]]; rate = rate)
end

# Rows, each with whether its scores are the wrong way round.
function compare_native(detectors, reference, y, labels, rate)
    rows = Native.ask(face(), "detector.compare", (detectors = option(collect(detectors)), rate = rate);
        reference = reference, current = y, labels = collect(UInt8, labels))
    return [compared_row(d) for d in rows]
end

function compared_row(d)
    numbers = NamedTuple{QUALITY}(Tuple(number(get(d, string(name), nothing)) for name in QUALITY))
    row = merge((detector = d["detector"],), numbers, (fit_seconds = number(d["fit_seconds"]),
        score_seconds = number(d["score_seconds"]), bytes = Int(d["bytes"]), error = d["error"]))
    return row, get(d, "inverted", false)
end
