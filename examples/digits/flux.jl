# The classifier with Flux, for where Flux is: to be included after `using .Digits`.

using Flux: Flux, Adam, Chain, DataLoader, Dense, relu
using Random: Random

function Digits.classifier(::Val{:flux}; seed = 1)
    Random.seed!(seed)
    return Chain(Dense(64 => 32, relu), Dense(32 => 10))
end

loss(model, x, y) = Flux.logitcrossentropy(model(x), y)
onehot(labels) = Flux.onehotbatch(labels, 0:9)

function Digits.train!(
    model::Chain, images, labels;
    epochs = 30, batch = 32, rate = 3e-3, progress = (epoch, loss, accuracy) -> nothing,
)
    data = DataLoader((images, onehot(labels)); batchsize = batch, shuffle = true)
    state = Flux.setup(Adam(rate), model)
    for epoch in 1:epochs
        Flux.train!(loss, model, data, state)
        progress(epoch, loss(model, images, onehot(labels)), accuracy(model(images), labels))
    end
    return model
end

Digits.input_gradient(model::Chain) = (images, labels) -> Flux.gradient(x -> loss(model, x, onehot(labels)), images)[1]
