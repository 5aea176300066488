# The streams of Julia's own generators differ between its versions; an example that is told in numbers needs one that
# does not.

export Stream

"""
    Stream(seed)

A stream of random numbers that is the same on every Julia: SplitMix64 (Steele, Lea and Flood, "Fast Splittable
Pseudorandom Number Generators", OOPSLA 2014).
"""
mutable struct Stream
    state::UInt64
end
Stream(seed::Integer) = Stream(seed % UInt64)

function bits!(stream::Stream)
    stream.state += 0x9e3779b97f4a7c15
    z = stream.state
    z = (z ⊻ (z >> 30)) * 0xbf58476d1ce4e5b9
    z = (z ⊻ (z >> 27)) * 0x94d049bb133111eb
    return z ⊻ (z >> 31)
end

# Uniform on [0, 1), from the upper 53 bits.
uniform!(stream::Stream) = (bits!(stream) >> 11) * 2.0^-53

# Standard normal, by the method of Box and Muller (1958). 1 - u is on (0, 1], so the logarithm is finite.
normal!(stream::Stream) = sqrt(-2 * log(1 - uniform!(stream))) * cospi(2 * uniform!(stream))

uniforms!(stream::Stream, dims...) = Float32[uniform!(stream) for _ in CartesianIndices(dims)]
normals!(stream::Stream, dims...) = Float32[normal!(stream) for _ in CartesianIndices(dims)]

# A random order of 1:n (Fisher and Yates).
function permutation!(stream::Stream, n::Integer)
    order = collect(1:n)
    for i in n:-1:2
        j = 1 + floor(Int, uniform!(stream) * i)
        order[i], order[j] = order[j], order[i]
    end
    return order
end
