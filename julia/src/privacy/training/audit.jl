# What an attacker finds out: empirical lower bounds on epsilon, from scores of members and non-members.

"""
    AuditReport

The outcome of an audit.

| field | |
|:--|:--|
| `method` | `:threshold`, `:lira`, `:canaries` or `:one_run` |
| `epsilon` | a lower bound on ε at `delta`, with the given `confidence`; 0 where nothing was found |
| `claimed` | the ε that the run claims, or `nothing`; `violated` says whether the bound is above it |
| `threshold`, `tpr`, `fpr` | the attack's threshold and its rates on what the bound was computed from |
| `auc` | the probability that a member scores above a non-member |
| `members`, `non_members` | how many were scored (for `:one_run`: guesses made, and of them right) |
"""
struct AuditReport
    method::Symbol
    epsilon::Float64
    delta::Float64
    confidence::Float64
    claimed::Union{Nothing,Float64}
    threshold::Float64
    tpr::Float64
    fpr::Float64
    auc::Float64
    members::Int
    non_members::Int
end

violated(r::AuditReport) = r.claimed !== nothing && r.epsilon > r.claimed
Base.propertynames(::AuditReport) = (fieldnames(AuditReport)..., :violated)
Base.getproperty(r::AuditReport, name::Symbol) = name === :violated ? violated(r) : getfield(r, name)

Base.show(io::IO, r::AuditReport) = print(io, "AuditReport(", r.method, ": epsilon at least ", cell(r.epsilon), " at delta ",
    cell(r.delta), r.claimed === nothing ? "" : ", claimed $(cell(r.claimed))", r.violated ? ": VIOLATED" : "", ")")

function Base.show(io::IO, ::MIME"text/plain", r::AuditReport)
    println(io, "Audit (", r.method, ")", r.violated ? ": the claimed epsilon does NOT hold" : "")
    rows = Any[("epsilon at least", r.epsilon), ("delta", r.delta), ("confidence", r.confidence), ("claimed epsilon", something(r.claimed, "-")),
        ("AUC", r.auc), ("TPR, FPR", cell(r.tpr) * ", " * cell(r.fpr))]
    push!(rows, r.method === :one_run ? ("right of guesses", "$(r.non_members) of $(r.members)") : ("members, others", "$(r.members), $(r.non_members)"))
    for (name, value) in rows
        println(io, "  ", pad_right(name, 18), value isa Real ? cell(value) : value)
    end
end

"""
    clopper_pearson(successes, trials; confidence = 0.95) -> (low, high)

The exact interval for a proportion, each side with half of the error. Source: Clopper and Pearson 1934. By bisection on
the binomial distribution function; about 60 sums of `trials` terms.
"""
function clopper_pearson(successes, trials; confidence = 0.95)
    k, n = whole("successes", successes), whole("trials", trials, 1)
    k <= n || throw(invalid("successes", k, "at most $n, the trials"))
    tail = (1 - confidence) / 2
    low = k == 0 ? 0.0 : solve(p -> 1 - binomial_cdf(k - 1, n, p) - tail)
    high = k == n ? 1.0 : solve(p -> tail - binomial_cdf(k, n, p))
    return low, high
end

"The zero of an increasing function on (0, 1)."
function solve(f, low = 0.0, high = 1.0)
    for _ in 1:60
        middle = (low + high) / 2
        f(middle) < 0 ? (low = middle) : (high = middle)
    end
    return (low + high) / 2
end

"`P(Bin(n, p) <= k)`, from logarithms of the terms."
function binomial_cdf(k, n, p)
    k < 0 && return 0.0
    k >= n && return 1.0
    p <= 0 && return 1.0
    p >= 1 && return 0.0
    ratio, term, largest = log(p) - log1p(-p), n * log1p(-p), -Inf
    terms = Vector{Float64}(undef, k + 1)
    for i in 0:k
        terms[i+1] = term
        largest = max(largest, term)
        term += log(n - i) - log(i + 1) + ratio
    end
    return min(1.0, exp(largest) * sum(t -> exp(t - largest), terms))
end

"""
    audit(members, non_members; delta, confidence = 0.95, claimed = nothing, method = :threshold) -> AuditReport

A lower bound on ε from scores that are higher for members of the training data: whoever is above a threshold is taken
for a member. The threshold is chosen on half of the scores, the bound is computed on the other half, so that the choice
does not spoil the confidence: `ln((TPR - δ) / FPR)` and `ln((1 - FPR - δ) / (1 - TPR))` with Clopper-Pearson bounds on both
rates (Jagielski, Ullman and Oprea 2020; Nasr et al. 2021). Scores of one model depend on each other through it: the bound then
describes the attack on that model, and holds in the strict sense for scores of independent runs (canaries).

    audit(model, members, non_members; loss, delta, confidence = 0.95, claimed = nothing)

With Flux: the same by loss threshold (Yeom et al. 2018). `members` and `non_members` are batches as `loss(model, batch...)`
takes them; a low loss is taken for membership.

Throws [`InvalidArgument`](@ref) for fewer than 4 scores on a side, or NaN.
"""
function audit(members::AbstractVector{<:Real}, non_members::AbstractVector{<:Real}; delta, confidence = 0.95, claimed = nothing,
    method = :threshold)
    checked_scores("members", members), checked_scores("non_members", non_members)
    check_audit(delta, confidence)
    choose(x, odd) = x[(odd ? 1 : 2):2:end]
    a, b = choose(members, true), choose(non_members, true)
    thresholds = unique(vcat(a, b))
    t = thresholds[argmax([rough_bound(a, b, t, delta) for t in thresholds])]
    x, y = choose(members, false), choose(non_members, false)
    return AuditReport(method, max(0.0, rates_bound(x, y, t, delta, confidence)), Float64(delta), Float64(confidence),
        optional(Float64, claimed), Float64(t), share_above(x, t), share_above(y, t), auc(members, non_members),
        length(members), length(non_members))
end

function checked_scores(name, scores)
    length(scores) >= 4 || throw(invalid(name, "$(length(scores)) scores", "at least 4"))
    any(isnan, scores) && throw(invalid(name, "NaN among the scores", "numbers; higher for members"))
end

function check_audit(delta, confidence)
    0 <= finite("delta", delta) < 1 || throw(invalid("delta", delta, "a number in [0, 1)"))
    0 < finite("confidence", confidence) < 1 || throw(invalid("confidence", confidence, "a number in (0, 1)"))
end

share_above(x, t) = count(>=(t), x) / length(x)

# What a threshold promises: rates with three more of the unwelcome kind, about what the intervals will add.
function rough_bound(members, others, t, delta)
    tp, fp = count(>=(t), members), count(>=(t), others)
    tn, fn = length(others) - fp, length(members) - tp
    bound(good, n, bad, m) = log(max(good - 3, 1e-9) / n - min(delta, 0.999 * max(good - 3, 1e-9) / n)) - log((bad + 3) / m)
    return max(bound(tp, length(members), fp, length(others)), bound(tn, length(others), fn, length(members)))
end

# Two bounds, one on each rate, each with half of the error.
function rates_bound(members, others, t, delta, confidence)
    tp, fp = count(>=(t), members), count(>=(t), others)
    tpr_low, tpr_high = clopper_pearson(tp, length(members); confidence = confidence)
    fpr_low, fpr_high = clopper_pearson(fp, length(others); confidence = confidence)
    bound(a, b) = a <= delta || b <= 0 ? 0.0 : log((a - delta) / b)
    return max(bound(tpr_low, fpr_high), bound(1 - fpr_high, 1 - tpr_low))
end

"The probability that a member scores above a non-member, ties half."
function auc(members, others)
    sorted = sort(others)
    total = sum(m -> searchsortedfirst(sorted, m) - 1 + (searchsortedlast(sorted, m) - searchsortedfirst(sorted, m) + 1) / 2, members)
    return total / (length(members) * length(others))
end

"""
    audit_one_run(scores, included; delta = 0.0, confidence = 0.95, guesses = length(scores) ÷ 5, claimed = nothing) -> AuditReport

A lower bound on ε from a single run in which each of `length(scores)` canaries was included by a fair coin (`included`):
the auditor guesses the `guesses ÷ 2` highest scores to be in and as many lowest to be out, and abstains on the rest. An
(ε, 0)-private run lets at most a binomial number with probability `e^ε / (1 + e^ε)` of the guesses be right; δ is charged as
in the source. Coins must be independent of all else, and canaries each other's equals.

    audit_one_run(step, loss, model, canaries; steps = 1, delta = 0.0, confidence = 0.95, claimed = nothing)

With Flux, white-box, on whatever makes gradients private: `step(lot)` releases a gradient of `model` (in Zygote's form) for a
lot, a tuple of arrays; the model is not changed between its `steps` calls. A random half of the batch `canaries` is the lot, and
a canary's score is what the release has in common with its gradient: in each parameter, and in all. Examples with large
gradients that are nearly orthogonal (random inputs) make the audit strong.

    dp = AutoDP(AutoZygote(); clip = 1.0, noise_multiplier = 2.0, lot_size = 200, lots = :any, relation = :replace_one)
    audit_one_run(lot -> private_gradient(dp, loss, model, lot).gradient, loss, model, (x, y); claimed = 2.2, delta = 1e-5)

Source: Steinke, Nasr and Jagielski 2023, "Privacy Auditing with One (1) Training Run", Theorem 5.2 and Algorithm 1.
Throws [`InvalidArgument`](@ref).
"""
function audit_one_run(scores::AbstractVector{<:Real}, included::AbstractVector{Bool}; delta = 0.0, confidence = 0.95,
    guesses = length(scores) ÷ 5, claimed = nothing)
    checked_scores("scores", scores)
    check_audit(delta, confidence)
    m = length(scores)
    length(included) == m || throw(invalid("included", "$(length(included)) coins", "$m, one for each score"))
    half = whole("guesses", guesses, 2) ÷ 2
    2half <= m || throw(invalid("guesses", guesses, "at most $m"))
    order = sortperm(scores; rev = true)
    positive, negative = order[1:half], order[end-half+1:end]
    right = count(included[positive]) + count(!, included[negative])
    r = 2half
    low = one_run_epsilon(m, r, right, Float64(delta), 1 - confidence)
    t = scores[positive[end]]
    return AuditReport(:one_run, low, Float64(delta), Float64(confidence), optional(Float64, claimed), Float64(t),
        count(included[positive]) / half, count(!, included[negative]) / half, auc(scores[included], scores[.!included]), r, right)
end

"""
P-value of seeing `right` of `r` guesses (among `m` canaries) right under (ε, δ): `f(v) + 2mδ·max_i (f(v - i) - f(v)) / i`, where
`f(x) = P(Bin(r, e^ε/(1+e^ε)) >= x)`: Steinke et al. 2023, Theorem 5.2.
"""
function one_run_pvalue(m, r, right, ε, δ)
    q = 1 / (1 + exp(-ε))
    upper(x) = x <= 0 ? 1.0 : 1 - binomial_cdf(x - 1, r, q)
    at = upper(right)
    worst = δ == 0 ? 0.0 : maximum(i -> (upper(right - i) - at) / i, 1:max(right, 1))
    return min(1.0, at + 2m * δ * worst)
end

function one_run_epsilon(m, r, right, δ, error)
    one_run_pvalue(m, r, right, 0.0, δ) >= error && return 0.0
    low, high = 0.0, 50.0
    for _ in 1:60
        middle = (low + high) / 2
        one_run_pvalue(m, r, right, middle, δ) < error ? (low = middle) : (high = middle)
    end
    return low
end

"""
    lira_scores(confidences, inside) -> Matrix

The likelihood-ratio attack's scores. `confidences[i, k]` is example `i`'s confidence (the logit of the true label's
probability) under shadow model `k`, `inside[i, k]` whether model `k` was trained with it. The score of an example under a
model is `ln N(x; in) - ln N(x; out)`, with normal laws fitted to the *other* models (mean of each example, deviation common
to all). Higher means member.

Source: Carlini et al. 2022, "Membership Inference Attacks From First Principles", Algorithm 1 (online). Throws
[`InvalidArgument`](@ref) where an example is not in and out of at least two other models.
"""
function lira_scores(confidences::AbstractMatrix{<:Real}, inside::AbstractMatrix{Bool})
    size(confidences) == size(inside) || throw(invalid("inside", "size $(size(inside))", "$(size(confidences)), as confidences"))
    n, models = size(confidences)
    deviation(side) = begin
        squares, count = 0.0, 0
        for i in 1:n
            x = [confidences[i, k] for k in 1:models if inside[i, k] == side]
            length(x) > 1 || continue
            squares += sum(abs2, x .- sum(x) / length(x))
            count += length(x) - 1
        end
        sqrt(squares / max(count, 1)) + 1e-6
    end
    σ_in, σ_out = deviation(true), deviation(false)
    logpdf(x, μ, σ) = -0.5 * ((x - μ) / σ)^2 - log(σ)
    scores = similar(confidences, Float64)
    for i in 1:n, k in 1:models
        others(side) = [confidences[i, j] for j in 1:models if j != k && inside[i, j] == side]
        a, b = others(true), others(false)
        length(a) > 1 && length(b) > 1 || throw(invalid("inside", "example $i in $(length(a)) and out of $(length(b)) other models",
            "at least two of each: train more shadow models"))
        x = confidences[i, k]
        scores[i, k] = logpdf(x, sum(a) / length(a), σ_in) - logpdf(x, sum(b) / length(b), σ_out)
    end
    return scores
end

"""
    audit_lira(train, confidences, n; models = 16, delta, confidence = 0.95, claimed = nothing) -> AuditReport

LiRA with shadow models (Carlini et al. 2022) on a training procedure: `train(indices)` trains a model on those of `n`
examples and gives it, `confidences(model)` gives each example's confidence under it ([`label_confidence`](@ref)). Each
example is in a random half of `models` models (at least 6), and every model in turn is the target of the others. Cost: `models` trainings.
Throws [`InvalidArgument`](@ref).
"""
function audit_lira(train, confidences, n; models = 16, delta, confidence = 0.95, claimed = nothing)
    whole("models", models, 6)
    inside = falses(n, models)
    for i in 1:n
        inside[i, sortperm(rand(models))[1:models÷2]] .= true
    end
    seen = reduce(hcat, [vec(confidences(train(findall(inside[:, k])))) for k in 1:models])
    scores = lira_scores(seen, inside)
    return audit(scores[inside], scores[.!inside]; delta = delta, confidence = confidence, claimed = claimed, method = :lira)
end

"""
    label_confidence(y, onehot) -> Vector

The logit of the true label's probability, `y_label - ln Σ_others exp(y)`, for logits `y` (classes × examples).
"""
function label_confidence(y::AbstractMatrix, onehot::AbstractMatrix)
    size(y) == size(onehot) || throw(invalid("onehot", "size $(size(onehot))", "$(size(y)), as the logits"))
    return map(axes(y, 2)) do i
        others = [y[c, i] for c in axes(y, 1) if !Bool(onehot[c, i])]
        label = sum(y[c, i] for c in axes(y, 1) if Bool(onehot[c, i]))
        top = maximum(others)
        Float64(label - top - log(sum(o -> exp(o - top), others)))
    end
end

"""
    audit_canaries(train, score; runs = 100, delta, confidence = 0.95, claimed = nothing) -> AuditReport

A training procedure is run `runs` times with a canary among its data and as often without: `train(included::Bool)` trains
and gives a model, `score(model)` is higher where it saw the canary. Runs are independent, so the bound is rigorous.
Source: Jagielski, Ullman and Oprea 2020, "Auditing Differentially Private Machine Learning". Throws [`InvalidArgument`](@ref).
"""
function audit_canaries(train, score; runs = 100, delta, confidence = 0.95, claimed = nothing)
    scores(included) = [Float64(score(train(included))) for _ in 1:whole("runs", runs, 4)]
    return audit(scores(true), scores(false); delta = delta, confidence = confidence, claimed = claimed, method = :canaries)
end
