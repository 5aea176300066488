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

abstract type RunHandle end
abstract type SamplerHandle end
abstract type CorrelatedHandle end

function privacy_ask end
function privacy_clip_sum end
function run_new end
function run_ask end
function run_mean end
function run_sum end
function run_count end
function run_begin end
function sampler_new end
function sampler_id end
function sampler_draw end
function sampler_take end
function sampler_spend end
function correlated_step end

# Where names of examples lie; an empty vector is names of nobody, which is not the same as no names.
names_at(::Nothing) = Ptr{UInt64}(C_NULL)
names_at(examples::Vector{UInt64}) = pointer(examples)

# `norms` has a number for each example that a sum is of.
run_sum(h::RunHandle, options::String, T::Type, table::Vector{Parameter}, norms::Vector{Float64}) =
    run_sum(h, options, T, table, length(norms), norms)
