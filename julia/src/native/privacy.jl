# The border's part for privacy: its functions, and how arrays cross.

"""
One parameter of a model at the border: `features × examples` gradients, and `features` numbers that are written. Rust's
`FgParameter`.
"""
struct Parameter
    gradients::Ptr{Cvoid}
    features::Csize_t
    out::Ptr{Cvoid}
end

abstract type NoiseHandle end
abstract type SamplerHandle end
abstract type CorrelatedHandle end

function privacy_ask end
function noise_new end
function privacy_clip_sum end
function privacy_mean end
function privacy_noise end
function privacy_adapt end
function sampler_new end
function sampler_draw end
function sampler_take end
function correlated_new end
function correlated_step end
