# What happens to inputs in service. Each takes a batch of 64 x n in [0, 1] and gives a new one of that shape and range;
# none knows the model.

export rotated, noisy, inverted, scrambled, static, adversarial

const SIDE = 8

"""
    rotated(images, degrees)

Each image turned counter-clockwise about its center, by bilinear interpolation; what comes in from outside is paper.
"""
function rotated(images::AbstractMatrix, degrees::Real)
    sine, cosine = sind(degrees), cosd(degrees)
    center = (SIDE + 1) / 2
    turned = similar(images)
    for image in axes(images, 2), row in 1:SIDE, column in 1:SIDE
        # Where this pixel came from: rows grow downwards, so this is the turn back.
        x, y = column - center, row - center
        from_column = center + cosine * x - sine * y
        from_row = center + sine * x + cosine * y
        turned[pixel(row, column), image] = clamp(interpolated(view(images, :, image), from_row, from_column), 0, 1)
    end
    return turned
end

pixel(row, column) = (row - 1) * SIDE + column

function interpolated(image, row, column)
    top, left = floor(Int, row), floor(Int, column)
    down, right = row - top, column - left
    ink(r, c) = 1 <= r <= SIDE && 1 <= c <= SIDE ? image[pixel(r, c)] : zero(eltype(image))
    return (1 - down) * ((1 - right) * ink(top, left) + right * ink(top, left + 1)) +
           down * ((1 - right) * ink(top + 1, left) + right * ink(top + 1, left + 1))
end

"""
    noisy(images, amount; kind = :gaussian, seed = 1)

Noise on each pixel, cut to [0, 1]: `:gaussian` of standard deviation `amount`, or `:uniform` on [-amount, amount].
"""
function noisy(images::AbstractMatrix, amount::Real; kind::Symbol = :gaussian, seed::Integer = 1)
    stream = Stream(seed)
    noise = if kind === :gaussian
        normals!(stream, size(images)...)
    elseif kind === :uniform
        2 .* uniforms!(stream, size(images)...) .- 1
    else
        throw(ArgumentError("kind = :$kind: expected :gaussian or :uniform"))
    end
    return clamp.(images .+ eltype(images)(amount) .* noise, 0, 1)
end

"""
    inverted(images)

Ink for paper: no digit of the data looks so, though every shape is there.
"""
inverted(images::AbstractMatrix) = 1 .- images

"""
    scrambled(images; seed = 1)

Every image with its pixels in another order, one order for all: the ink of a digit without its shape.
"""
scrambled(images::AbstractMatrix; seed::Integer = 1) = images[permutation!(Stream(seed), size(images, 1)), :]

"""
    static(n; seed = 1)

`n` images of uniform noise: of no class at all.
"""
static(n::Integer; seed::Integer = 1) = uniforms!(Stream(seed), SIDE^2, n)

"""
    adversarial(input_gradient, images, labels; eps = 0.1)

The images, each pixel moved by `eps` in the direction that raises the loss, cut to [0, 1]: the fast gradient sign
method (Goodfellow, Shlens and Szegedy, "Explaining and Harnessing Adversarial Examples", ICLR 2015, section 4).
`input_gradient(images, labels)` gives the gradient of the loss by the images, 64 x n: any model's will do.
"""
function adversarial(input_gradient, images::AbstractMatrix, labels; eps::Real = 0.1)
    return clamp.(images .+ eltype(images)(eps) .* sign.(input_gradient(images, labels)), 0, 1)
end
