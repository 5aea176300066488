# Training of the autoencoder that is a detector.

function default_autoencoder(features, code, rng)
    code = something(code, max(1, features ÷ 4))
    hidden = max(8, features)
    layer(sizes, f) = Dense(sizes, f; init = Flux.glorot_uniform(rng))
    return Flux.Chain(layer(features => hidden, Flux.relu), layer(hidden => code, identity), layer(code => hidden, Flux.relu),
        layer(hidden => features, identity))
end

function FluxGuard.new_autoencoder(options::NamedTuple, features::Int, rng = Flux.Random.Xoshiro(options.seed))
    return options.model === nothing ? default_autoencoder(features, options.code, rng) : deepcopy(options.model)
end

function FluxGuard.train_autoencoder(options::NamedTuple, x::AbstractMatrix)
    rng = Flux.Random.Xoshiro(options.seed)
    model = FluxGuard.new_autoencoder(options, size(x, 1), rng)
    state = Flux.setup(Flux.Adam(options.learning_rate), model)
    batch = min(options.batch_size, size(x, 2))
    for _ in 1:options.epochs, part in Flux.DataLoader(x; batchsize = batch, shuffle = true, rng = rng)
        gradient = Flux.gradient(m -> mean(abs2, m(part) .- part), model)[1]
        gradient === nothing || Flux.update!(state, model, gradient)
    end
    return Flux.testmode!(model)
end
