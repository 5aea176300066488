# Times of blocks of calls, side against side.

"The value below which a fraction `q` of `x` lies, between neighbors by interpolation."
function quantile(x, q)
    sorted = sort(x)
    at = 1 + q * (length(sorted) - 1)
    low = floor(Int, at)
    return sorted[low] + (at - low) * (sorted[min(low + 1, end)] - sorted[low])
end

median(x) = quantile(x, 0.5)

# The result goes somewhere, so that no call can be left out.
@noinline function nanoseconds(f::F, x, calls::Int, sink::Base.RefValue) where {F}
    start = time_ns()
    for _ in 1:calls
        sink[] = f(x)
    end
    return Float64(time_ns() - start) / calls
end

"""
A function `() -> nanoseconds a call` that times a block of calls of `f(x)`. `warm(x)` runs before each block, untimed.
"""
function timer(f::F, x; calls::Int = 1, warm = identity) where {F}
    sink = Ref(f(x))
    nanoseconds(f, x, calls, sink)
    return () -> (warm(x); nanoseconds(f, x, calls, sink))
end

"So many calls of `f(x)` that a block of them takes about `seconds`."
function calls_in(seconds, f::F, x) where {F}
    once = minimum(timer(f, x; calls = 10)() for _ in 1:20)
    return clamp(round(Int, 1e9 * seconds / once), 1, 1_000_000)
end

"""
    alternate(sides; rounds, seconds) -> Matrix

Times of each of `sides` (functions that give a time) in each round: so many rounds, fewer where they take longer than so
many seconds. Every other round is in the opposite order, so that neither side is always the one that comes after.
"""
function alternate(sides; rounds, seconds)
    times = Vector{Float64}[]
    stop = time() + seconds
    while length(times) < rounds && (time() < stop || length(times) < 20)
        round = Vector{Float64}(undef, length(sides))
        for side in (iseven(length(times)) ? eachindex(sides) : reverse(eachindex(sides)))
            round[side] = sides[side]()
        end
        push!(times, round)
    end
    return permutedims(reduce(hcat, times))
end
