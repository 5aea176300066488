export load_digits, split_digits

const DIGITS_CSV = joinpath(@__DIR__, "..", "data", "digits.csv")

"""
    images, labels = load_digits([path])

All 1,797 digits: `images` is 64 x 1797 `Float32` in [0, 1], `labels` holds 1,797 integers from 0 to 9. A line that
does not hold 64 pixels from 0 to 16 and a digit is an error that names it.
"""
function load_digits(path::AbstractString = DIGITS_CSV)
    lines = readlines(path)
    n = length(lines) - 1
    images = Matrix{Float32}(undef, 64, n)
    labels = Vector{Int}(undef, n)
    for i in 1:n
        values = tryparse.(Int, split(lines[i + 1], ','))
        valid = length(values) == 65 && !any(isnothing, values) && all(v -> 0 <= v <= 16, values) && values[65] <= 9
        valid || error("$path, line $(i + 1): expected 64 pixels from 0 to 16 and a digit from 0 to 9")
        images[:, i] .= view(values, 1:64) ./ 16
        labels[i] = values[65]
    end
    return images, labels
end

"""
    parts = split_digits(images, labels; seed = 1, heldout = 0.25, serve = 0.25)

The digits, shuffled, in three parts that share no image: `parts.train` to learn from, `parts.heldout` to measure and to
fit a baseline on, `parts.serve` to play what comes in later. Each is a named tuple `(images, labels)`. `heldout` and
`serve` are fractions of all.
"""
function split_digits(images, labels; seed::Integer = 1, heldout::Real = 0.25, serve::Real = 0.25)
    heldout >= 0 && serve >= 0 && heldout + serve < 1 ||
        throw(ArgumentError("heldout = $heldout and serve = $serve: expected fractions that leave some to train on"))
    n = length(labels)
    order = permutation!(Stream(seed), n)
    last_heldout = round(Int, heldout * n)
    last_serve = last_heldout + round(Int, serve * n)
    part(range) = (images = images[:, order[range]], labels = labels[order[range]])
    return (train = part(last_serve + 1:n), heldout = part(1:last_heldout), serve = part(last_heldout + 1:last_serve))
end
