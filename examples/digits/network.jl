# A network of two layers with its gradient by hand, for where Flux is not.

export Network, train!, accuracy, cross_entropy, input_gradient, predicted

"""
    Network(; inputs = 64, hidden = 32, classes = 10, seed = 1)

`network(x)` maps inputs x n to logits, classes x n: a dense layer with ReLU and a dense layer without. The weights
start as He et al. have them (ICCV 2015, section 2.2), the biases at 0.
"""
struct Network
    W1::Matrix{Float32}
    b1::Vector{Float32}
    W2::Matrix{Float32}
    b2::Vector{Float32}
end

function Network(; inputs::Integer = 64, hidden::Integer = 32, classes::Integer = 10, seed::Integer = 1)
    stream = Stream(seed)
    dense(out, in) = normals!(stream, out, in) .* sqrt(2.0f0 / in)
    return Network(dense(hidden, inputs), zeros(Float32, hidden), dense(classes, hidden), zeros(Float32, classes))
end

parameters(network::Network) = (network.W1, network.b1, network.W2, network.b2)

(network::Network)(x) = network.W2 * max.(network.W1 * x .+ network.b1, 0) .+ network.b2

function Base.show(io::IO, network::Network)
    layers = join((size(network.W1, 2), size(network.W1, 1), size(network.W2, 1)), "-")
    print(io, "Network ", layers, " (", sum(length, parameters(network)), " parameters)")
end

"""
    predicted(logits)

The class of each column, from 0.
"""
predicted(logits::AbstractMatrix) = [argmax(column) - 1 for column in eachcol(logits)]

"""
    accuracy(logits, labels)

The fraction of columns whose class is the label.
"""
accuracy(logits::AbstractMatrix, labels) = count(predicted(logits) .== labels) / length(labels)

# The logarithm of the softmax of each column, shifted by the maximum so that no exponential overflows.
function logsoftmax(logits)
    shifted = logits .- maximum(logits, dims = 1)
    return shifted .- log.(sum(exp.(shifted), dims = 1))
end

"""
    cross_entropy(logits, labels)

The mean of minus the log-probability (nats) that the softmax gives the label, a number from 0 to 9 here.
"""
function cross_entropy(logits::AbstractMatrix, labels)
    logp = logsoftmax(logits)
    return -sum(logp[label + 1, i] for (i, label) in enumerate(labels)) / length(labels)
end

"""
    gradients(network, x, labels)

The gradient of `cross_entropy(network(x), labels)`: by the parameters, in the order of `parameters`, and by `x`. Also
gives the logits, since they are at hand.
"""
function gradients(network::Network, x::AbstractMatrix, labels)
    before = network.W1 * x .+ network.b1
    hidden = max.(before, 0)
    logits = network.W2 * hidden .+ network.b2

    dlogits = exp.(logsoftmax(logits))
    for (i, label) in enumerate(labels)
        dlogits[label + 1, i] -= 1
    end
    dlogits ./= length(labels)
    dbefore = (network.W2' * dlogits) .* (before .> 0)

    by_parameters = (dbefore * x', vec(sum(dbefore, dims = 2)), dlogits * hidden', vec(sum(dlogits, dims = 2)))
    return (parameters = by_parameters, inputs = network.W1' * dbefore, logits = logits)
end

"""
    input_gradient(network)

The function `(images, labels) -> gradient of the loss by the images` that [`adversarial`](@ref) takes.
"""
input_gradient(network::Network) = (images, labels) -> gradients(network, images, labels).inputs

"""
    train!(network, images, labels; epochs = 30, batch = 32, rate = 3e-3, seed = 1, progress = (epoch, loss, accuracy) -> nothing)

Minimizes the cross-entropy with Adam (Kingma and Ba, ICLR 2015, algorithm 1). After each epoch, `progress` gets its
number, the mean loss and the accuracy over the epoch's batches, each as it was before its step.
"""
function train!(
    network::Network, images, labels;
    epochs::Integer = 30, batch::Integer = 32, rate::Real = 3e-3, seed::Integer = 1, progress = (epoch, loss, accuracy) -> nothing,
)
    stream = Stream(seed)
    β1, β2, ϵ = 0.9f0, 0.999f0, 1.0f-8
    first_moments = map(zero, parameters(network))
    second_moments = map(zero, parameters(network))
    step = 0
    for epoch in 1:epochs
        loss = 0.0
        correct = 0.0
        for part in Iterators.partition(permutation!(stream, length(labels)), batch)
            x, y = images[:, part], labels[part]
            gradient = gradients(network, x, y)
            loss += cross_entropy(gradient.logits, y) * length(part)
            correct += accuracy(gradient.logits, y) * length(part)
            step += 1
            # The two corrections of the moments' bias, as one factor of the rate (the algorithm's remark on its order).
            η = Float32(rate * sqrt(1 - β2^step) / (1 - β1^step))
            for (θ, g, m, v) in zip(parameters(network), gradient.parameters, first_moments, second_moments)
                @. m = β1 * m + (1 - β1) * g
                @. v = β2 * v + (1 - β2) * g^2
                @. θ -= η * m / (sqrt(v) + ϵ)
            end
        end
        progress(epoch, loss / length(labels), correct / length(labels))
    end
    return network
end
