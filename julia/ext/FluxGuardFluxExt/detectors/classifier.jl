# A Chain as a classifier: features, and the last layer that makes logits of them.

"""
    split_head(model) -> (body, weights, bias)

What comes before the last `Dense` of a Chain, and that layer's numbers. A softmax after it is left off.
"""
function split_head(model::Flux.Chain)
    layers = Any[model.layers...]
    while !isempty(layers) && any(f -> last(layers) === f, (Flux.softmax, Flux.logsoftmax, identity))
        pop!(layers)
    end
    isempty(layers) && throw(invalid("model", "a Chain without layers", "one whose last layer is a Dense"))
    head = last(layers)
    head isa Dense && head.σ === identity ||
        throw(invalid("model", "a last layer $head", "a Dense without activation, which gives the logits (softmax may follow)"))
    return Flux.Chain(layers[1:end-1]...), Flux.cpu(head.weight), Flux.cpu(head.bias)
end
split_head(model::Guarded) = split_head(bare(model))

"What comes before a classifier's last layer, as an encoder."
struct Features{M}
    body::M
end
(f::Features)(x) = Flux.cpu(f.body(x))
Base.show(io::IO, f::Features) = print(io, "features of a Chain")

# A file says that the encoder is of this kind; the whole classifier is given, and split again.
FluxGuard.encoder_kind(::Features) = "classifier"
FluxGuard.new_encoder(kind, encoder) = kind == "classifier" && !(encoder isa Features) ? Features(first(split_head(encoder))) : encoder

"""
    fit(OOD, model, x; labels = nothing, kwargs...) -> Encoded

A detector of what a classifier does not know: `model` is a Chain whose last layer is a `Dense`, and `x` what it takes, usual
observations. The features before that layer, its weights and bias are found by themselves; `labels` are the classes (from 1).
The result scores what the model takes: `score(d, x)`, `pvalue(d, x)`. The same for the members: `fit(ViM, model, x)`.
"""
function FluxGuard.fit(::Type{D}, model::Union{Flux.Chain,Guarded}, x; labels = nothing, kwargs...) where {D<:FluxGuard.NativeDetector}
    body, weights, bias = split_head(model)
    detector = FluxGuard.Encoded(Features(body), D(; kwargs...))
    FluxGuard.detector_name(D) in FluxGuard.OOD_NAMES ||
        throw(invalid("detector", nameof(D), "one of classifiers, such as OOD; or Encoded(body, $(nameof(D))())"))
    return FluxGuard.fit!(detector, x; labels = labels, weights = weights, bias = bias)
end
