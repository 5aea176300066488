# Training of the recurrent network that is a detector.

function FluxGuard.new_recurrent(options::NamedTuple, symbols::Bool, outcomes::Int, rng = Flux.Random.Xoshiro(options.seed))
    h, init = options.hidden, Flux.glorot_uniform(rng)
    width = symbols ? min(h, outcomes + 1) : outcomes
    cell = options.cell === :gru ? Flux.GRU(width => h; init_kernel = init, init_recurrent_kernel = init) :
        Flux.LSTM(width => h; init_kernel = init, init_recurrent_kernel = init)
    output = Dense(h => outcomes; init = init)
    # Outcomes are the symbols and "unseen"; the start is an input more.
    return symbols ? Flux.Chain(Embedding(outcomes + 1 => width; init = init), cell, output) : Flux.Chain(cell, output)
end

function FluxGuard.train_recurrent(options::NamedTuple, pairs, outcomes::Int)
    rng = Flux.Random.Xoshiro(options.seed)
    model = FluxGuard.new_recurrent(options, first(pairs)[2] isa AbstractVector, outcomes, rng)
    loss(m, input, next::AbstractVector) = Flux.logitcrossentropy(m(input), Flux.onehotbatch(next, 1:outcomes))
    loss(m, input, next::AbstractMatrix) = mean(abs2, m(input) .- next)
    state = Flux.setup(Flux.OptimiserChain(Flux.ClipNorm(1), Flux.Adam(options.learning_rate)), model)
    for _ in 1:options.epochs, i in Flux.Random.randperm(rng, length(pairs))
        input, next = pairs[i]
        Flux.update!(state, model, Flux.gradient(m -> loss(m, input, next), model)[1])
    end
    return model
end
