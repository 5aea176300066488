# What really happened below the door, and what it costs by a calculation of its own.
#
# The data are made so that every example can be seen in a sum: example i has a gradient of its own coordinate, longer than any
# clip norm. So the witness's sum before noise, at coordinate i, is what example i contributed.

module Witness

using FluxGuard, FluxGuard.Performance, FluxGuard.Privacy

export watching, sights, Group, true_epsilon, tree_shift

"Run `f` while what is released is watched."
function watching(f)
    FluxGuard.ask(:watch; on = true)
    try
        return f()
    finally
        FluxGuard.ask(:watch; on = false)
    end
end

"What was seen since the last time: the noise's deviation, its mechanism (0: its own), and the sum before it."
sights() = [(deviation = Float64(s["deviation"]), mechanism = Int(s["mechanism"]), sum = Float64.(s["sum"])) for s in FluxGuard.ask(:witnessed)]

"""
Releases on one lot: each example was in it with probability `rate`, and moved what was released by `shift` deviations, all
releases on the lot together.
"""
struct Group
    rate::Float64
    shift::Float64
end

normal_cdf(x) = 0.5 * erfc(-x / sqrt(2))

# Complementary error function, Numerical Recipes' Chebyshev fit has too few digits; by continued fraction and series.
function erfc(x)
    x < 0 && return 2 - erfc(-x)
    if x < 2.5
        term, sum, k = x, x, 0
        while abs(term) > 1e-17 * abs(sum)
            k += 1
            term *= -x^2 / k
            sum += term / (2k + 1)
            k > 200 && break
        end
        return 1 - 2 / sqrt(pi) * sum
    end
    f = 0.0
    for k in 60:-1:1
        f = (k / 2) / (x + f)
    end
    return exp(-x^2) / sqrt(pi) / (x + f)
end

const STEP = 0.02 # of the grid of losses

"""
The privacy loss of a group, with the example against without, on a grid: losses rounded down, so that what is
computed from them is at most the truth. Mass beyond the ends of the grid is left out, which is at most the truth, too.
Source: Sommer, Meiser and Mohammadi 2019; Koskela, Jälkö and Honkela 2020.
"""
function losses(g::Group)
    at_rate_one(x) = g.shift * x - g.shift^2 / 2
    loss(x) = g.rate == 1 ? at_rate_one(x) : log1p(g.rate * expm1(at_rate_one(x)))
    xs = range(-9.0, 9.0 + g.shift; length = 6001)
    low = floor(Int, loss(first(xs)) / STEP)
    mass = zeros(floor(Int, loss(last(xs)) / STEP) - low + 1)
    p(x) = (1 - g.rate) * normal_cdf(x) + g.rate * normal_cdf(x - g.shift)
    for k in 1:length(xs)-1
        mass[floor(Int, loss(xs[k]) / STEP)-low+1] += p(xs[k+1]) - p(xs[k])
    end
    return low, mass
end

function composed((low_a, a), (low_b, b))
    mass = zeros(length(a) + length(b) - 1)
    for i in eachindex(a)
        a[i] > 1e-18 || continue
        view(mass, i:i+length(b)-1) .+= a[i] .* b
    end
    kept = findall(>(1e-17), mass)
    isempty(kept) && return low_a + low_b, [0.0]
    return low_a + low_b + first(kept) - 1, mass[first(kept):last(kept)]
end

"`δ` of the Gaussian mechanism that moves by `shift` deviations: Balle and Wang 2018, Theorem 8."
gaussian_delta(shift, ε) = normal_cdf(shift / 2 - ε / shift) - exp(ε) * normal_cdf(-shift / 2 - ε / shift)

"""
At most the `ε` at `delta` of groups of releases, by the direction in which the example was there.
"""
function true_epsilon(groups, delta)
    whole = sqrt(sum(Float64[g.shift^2 for g in groups if g.rate == 1]))
    sampled = [g for g in groups if g.rate < 1 && g.shift > 0]
    if isempty(sampled)
        whole == 0 && return 0.0
        return solve(ε -> gaussian_delta(whole, ε), delta)
    end
    counts = Dict{Group,Int}()
    foreach(g -> counts[Group(g.rate, round(g.shift; sigdigits = 9))] = get(counts, Group(g.rate, round(g.shift; sigdigits = 9)), 0) + 1, sampled)
    total = whole > 0 ? losses(Group(1.0, whole)) : (0, [1.0])
    for (g, count) in counts
        one = losses(Group(g.rate, prevfloat(g.shift)))
        foreach(_ -> total = composed(total, one), 1:count)
    end
    low, mass = total
    # losses that were rounded down make even `ε = 0` too small, never too large
    return solve(ε -> sum(m * max(0.0, -expm1(ε - (low + k - 1) * STEP)) for (k, m) in enumerate(mass)), delta)
end

function solve(delta_at, delta)
    delta_at(0.0) <= delta && return 0.0
    low, high = 0.0, 1.0
    while delta_at(high) > delta && high < 1e6
        high *= 2
    end
    for _ in 1:60
        middle = (low + high) / 2
        delta_at(middle) > delta ? (low = middle) : (high = middle)
    end
    return low
end

"""
By how many deviations an example moves the nodes of a binary tree together, from what it contributed at each step: the node that
is closed at step `t` holds the steps since the last one of its level (Kairouz et al. 2021, Algorithm 1).
"""
function tree_shift(contributions, deviation)
    square = 0.0
    for t in eachindex(contributions)
        square += sum(contributions[t-(1<<trailing_zeros(t))+1:t])^2
    end
    return sqrt(square) / deviation
end

end
