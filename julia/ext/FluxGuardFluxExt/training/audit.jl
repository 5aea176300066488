# Audits that need a model's losses and gradients.

function FluxGuard.audit(model, members, non_members; loss, delta, confidence = 0.95, claimed = nothing)
    scores(batch) = [-Float64(scalar(loss(model, observation_of(batch, i)...))) for i in 1:lot_observations(batch)]
    return audit(scores(tuple_of(members)), scores(tuple_of(non_members)); delta = delta, confidence = confidence, claimed = claimed)
end

function FluxGuard.audit_one_run(step::Function, loss, model, canaries; steps = 1, delta = 0.0, confidence = 0.95, claimed = nothing,
    guesses = 2 * (lot_observations(tuple_of(canaries)) ÷ 4))
    canaries = tuple_of(canaries)
    parameters = Flux.trainables(model)
    index = IdDict{Any,Int}(p => k for (k, p) in enumerate(parameters))
    m = lot_observations(canaries)
    own = [ordinary(model, index, loss, observation_of(canaries, i))[2] for i in 1:m]
    included = rand(Bool, m)
    lot = Flux.MLUtils.getobs(canaries, findall(included))
    released = [zeros(size(p)) for p in parameters]
    for _ in 1:steps
        found = collect_gradients!(IdDict{Any,Any}(), index, model, step(lot))
        foreach((r, p) -> haskey(found, p) && (r .+= found[p]), released, parameters)
    end
    # noise may be missing in one parameter alone: each is looked at, and all together, for one error in all
    common(i, k) = haskey(own[i], parameters[k]) ? sum(own[i][parameters[k]] .* released[k]) : 0.0
    size_of(i, ks) = sqrt(sum(k -> haskey(own[i], parameters[k]) ? square(own[i][parameters[k]]) : 0.0, ks)) + floatmin()
    looks = [[k] for k in eachindex(parameters)]
    length(parameters) > 1 && push!(looks, collect(eachindex(parameters)))
    each = 1 - (1 - confidence) / length(looks)
    reports = map(looks) do ks
        scores = [sum(k -> common(i, k), ks) / size_of(i, ks) for i in 1:m]
        audit_one_run(scores, included; delta = delta, confidence = each, guesses = guesses, claimed = claimed)
    end
    return reports[argmax([r.epsilon for r in reports])]
end
