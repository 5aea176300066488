# How well scores tell anomalies from the rest, where labels say which are.

"""
    quality(scores, labels; threshold = NaN) -> NamedTuple

How well `scores` tell anomalies (`labels` true) from the rest: `auroc`, `auprc` (average precision), `fpr_at_95_tpr`, and
above `threshold` `precision`, `recall` and `f1` (0 where there is none). Throws [`InvalidArgument`](@ref) for NaN scores
or labels of one kind.
"""
function quality(scores::AbstractVector{<:Real}, labels::AbstractVector{Bool}; threshold::Real = NaN)
    d = parsed_quality(scores, labels, threshold, false)
    return NamedTuple{QUALITY}(Tuple(number(d[string(name)]) for name in QUALITY))
end

const QUALITY = (:auroc, :auprc, :fpr_at_95_tpr, :precision, :recall, :f1)

function parsed_quality(scores, labels, threshold, curves)
    length(scores) == length(labels) || throw(invalid("labels", "$(length(labels)) labels", "$(length(scores)), one a score"))
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
element, or a label, that is `missing` are left out.
"""
function compare_detectors(detectors, reference::AbstractArray{<:Native.Element}, y::AbstractArray{<:Native.Element},
    labels::AbstractVector{Bool}; rate::Real = 0.01)
    n = observations(y)
    length(labels) == n || throw(invalid("labels", "$(length(labels)) labels", "$n, one an observation"))
    native = filter(d -> d isa NativeDetector, collect(Any, detectors))
    rows = isempty(native) ? [] : compare_native(native, reference, y, labels, rate)
    length(native) == length(detectors) && return rows
    hosted = [hosted_row(d, reference, y, labels, rate) for d in detectors if !(d isa NativeDetector)]
    rank(row) = isnan(row.auroc) ? (-1.0, -1.0) : (row.auroc, row.auprc)
    return sort([rows; hosted]; by = rank, rev = true)
end

function compare_detectors(detectors, reference::AbstractArray, y::AbstractArray, labels::AbstractVector{<:Union{Missing,Bool}};
    rate::Real = 0.01)
    (a, _), (b, whole) = there("reference", reference), there("y", y)
    truth = of_those("labels", labels, whole)
    known = Bool[!ismissing(label) for label in truth]
    return compare_detectors(detectors, a, collect(selectdim(b, ndims(b), known)), Bool[label for label in truth[known]]; rate = rate)
end

function compare_native(detectors, reference, y, labels, rate)
    rows = Native.ask(face(), "detector.compare", (detectors = option(collect(detectors)), rate = rate);
        reference = reference, current = y, labels = collect(UInt8, labels))
    return [compared_row(d) for d in rows]
end

function compared_row(d)
    numbers = NamedTuple{QUALITY}(Tuple(number(get(d, string(name), nothing)) for name in QUALITY))
    return merge((detector = d["detector"],), numbers, (fit_seconds = number(d["fit_seconds"]),
        score_seconds = number(d["score_seconds"]), bytes = Int(d["bytes"]), error = d["error"]))
end
