# The baseline: what the outputs of the model look like when all is well.

"""
    Profile(; output = nothing, names = nothing, capacity = 10_000, constant_features = :allow, order = :given, observation = :last)

An empty baseline, to be fitted with [`fit!`](@ref). It keeps, of reference outputs, the moments and range of each
feature, a sample of `capacity` observations for the drift tests, and the distribution of the scores from which a
guard's thresholds are set.

# Arguments
- `output`: what the model gives, which says what scores a guard reads off it:

  | `output` | features |
  |---|---|
  | `:logits`, `:probabilities` | one per class, before softmax and after it |
  | `:binary_logit`, `:binary` | one: of the second of two classes, before the sigmoid and after it |
  | `:multilabel_logits`, `:multilabel` | one per label, of which several may hold, before sigmoids and after them |
  | `:gaussian` | predicted means, then as many predicted variances |
  | `:mixture` | of normal distributions of one number: weights, then as many means, then as many variances |
  | `:values` | anything else: a regression, activations of a layer, embeddings |
  | `:scores` | scores of a detector, higher is more anomalous: see `fit(Profile, detector, reference)` |

  `nothing`: what the first outputs look like, which `show` tells: `:probabilities` where all are and sum to 1, `:multilabel` where all lie from 0 to 1,
  `:values` of one feature, else `:logits`, for these and values look alike: say `:values` of a regression or of a layer. What cannot
  be is refused: `:logits` that are probabilities, probabilities that are none, variances below 0.
- `names`: a name for each feature, or `nothing`.
- `capacity`: how many reference observations are kept at most (all of them up to there, then a uniform sample).
- `constant_features`: `:allow` to watch a feature that never varied (a dead unit) for any change, or `:error` to refuse it.
- `order`: `:given` where observations follow each other as they will in service. Where neighbors then depend on each other, those of a
  window do, too, and its tests count them as fewer (`show` of a guard tells how many count as one). `:none` where the order means
  nothing, as after shuffling, or sorting by class.
- `observation`: `:last`: each index of the last dimension is an observation, and all other dimensions are its features. Or the dimensions
  whose every position is one: `(2, 3)` of classes × time × batch, `(1, 2, 4)` of width × height × classes × batch; the others are the features,
  over which the softmax of `:logits` goes. Sequences may differ in length, and one without a batch is one sequence. Padding is left out by
  the `mask` of [`guarded`](@ref) and [`observe!`](@ref). One observation per sequence: [`PerSequence`](@ref).

Throws [`InvalidArgument`](@ref).
"""
struct Profile
    handle::Native.ProfileHandle
    positions::Union{Nothing,Vector{Int}} # the dimensions that count observations; the last one
end

function Profile(; output = nothing, names = nothing, capacity::Integer = 10_000, constant_features = :allow, order = :given, observation = :last)
    positions = positions_of(observation)
    recognize = output === nothing
    options = (output = recognize ? "logits" : word("output", output), recognize = recognize, names = texts("names", names),
        capacity = capacity, constant_features = word("constant_features", constant_features),
        order = word("order", order), observation = positions)
    return Profile(Native.make(:profile, face(), "profile.new", options), positions)
end

function Profile(handle::Native.ProfileHandle)
    positions = Native.ask(handle, "profile.describe")["observation"]
    return Profile(handle, positions === nothing ? nothing : Int.(positions))
end

"""
    fit(Profile, outputs; output = nothing, mask = nothing, kwargs...) -> Profile

A baseline from reference `outputs`: one array, an iterator of arrays (batches), or a table, whose columns are the features, by name. Features × observations, any number
of dimensions, the last is the observation (or as `observation` says); `Float16`, `Float32` or `Float64`. `mask`: as of
[`observe!`](@ref), of one array. Other keywords are those of [`Profile`](@ref).

Throws [`ElementTypeUnsupported`](@ref), [`EmptyTensor`](@ref), [`FeatureMismatch`](@ref) (batches of different shape),
[`NonFiniteBaseline`](@ref) (NaN or Inf), [`InvalidArgument`](@ref).
"""
function fit(::Type{Profile}, outputs; mask = nothing, names = nothing, kwargs...)
    outputs, names = untabled("outputs", outputs, names)
    profile = Profile(; names = names, kwargs...)
    for batch in batches(outputs)
        fit!(profile, batch; mask = mask)
    end
    return profile
end

batches(outputs::AbstractArray) = eltype(outputs) <: AbstractArray ? (batch(output) for output in outputs) : (outputs,)
batches(outputs::Union{Tuple,NamedTuple}) = throw(invalid("outputs", "a $(outputs isa Tuple ? "tuple" : "named tuple") of $(plural(length(outputs), "array"))",
    "one array, features × observations, or a vector of batches; of an output of several parts one of them, or vcat(mean, variance) with output = :gaussian"))
batches(outputs) = applicable(iterate, outputs) ? (batch(output) for output in outputs) : Native.unsupported("outputs", outputs)

# One observation, or many of one feature? Taken wrong, all features would be one.
batch(::AbstractVector{<:Number}) = throw(invalid("outputs", "a list of vectors",
    "one array, features × observations: reduce(hcat, outputs) where each vector is an observation; where each holds observations of one feature, reshape(reduce(vcat, outputs), 1, :)"))
batch(output) = output

"""
    fit!(profile, outputs; mask = nothing) -> profile

Take a batch of reference outputs (features × observations) into the baseline: one pass over the array. Guards that
were made of it before do not change. Throws as [`fit`](@ref) does.
"""
function fit!(profile::Profile, outputs::AbstractArray{<:Native.Element}; mask = nothing)
    columns, _ = arrange(profile, outputs, mask)
    lock(() -> Native.run(profile.handle, "profile.fit"; reference = columns), PROFILE_LOCK)
    return profile
end
fit!(profile::Profile, outputs; mask = nothing) =
    fit!(profile, first(from_table("outputs", outputs, names_given(profile))); mask = mask)

# The last dimension is the observation; a number alone (zero dimensions) is one.
observations(y::AbstractArray{T,N}) where {T,N} = size(y, N)
observations(::AbstractArray{T,0}) where {T} = 1

"""
    merge!(profile, others...) -> profile

Take other baselines of the same features and kind of output into this one, as if it had been fitted on their outputs,
too (the kept sample is a uniform one of all). Throws [`Incompatible`](@ref), [`FeatureMismatch`](@ref).
"""
function Base.merge!(profile::Profile, others::Profile...)
    for other in others
        lock(() -> Native.run((profile.handle, other.handle), "profile.merge"), PROFILE_LOCK)
    end
    return profile
end

"The names of the features that it was given; empty where they are but y1, y2, ..."
function names_given(profile::Profile)
    names = something(describe(profile)["names"], ())
    return all(name == "y$k" for (k, name) in enumerate(names)) ? String[] : String[name for name in names]
end

describe(profile::Profile) = lock(() -> Native.ask(profile.handle, "profile.describe"), PROFILE_LOCK)

# Rust reads and writes a profile on the caller's thread. One lock for all of them: none of this is hot.
const PROFILE_LOCK = ReentrantLock()

"""
    nobs(profile) -> Int

How many reference observations the baseline was fitted on.
"""
nobs(profile::Profile) = Int(describe(profile)["observations"])

"""
    save(path, profile)

Write the baseline to a file: beside it first, then renamed, with a version and a checksum, so that the file is whole or
absent. Throws [`PathUnusable`](@ref).

`deepcopy`, Serialization (so Distributed, too) and JLD2 go by the same bytes, of all that `save` takes: `docs/copies.md`.
"""
function save(path::AbstractString, profile::Profile)
    lock(() -> Native.run(profile.handle, "profile.save", (path = path_text(path),)), PROFILE_LOCK)
    return nothing
end

"""
    load(path) -> Profile
    load(Profile, path) -> Profile

Read a baseline that [`save`](@ref) wrote. Throws [`PathUnusable`](@ref), [`FileDamaged`](@ref), [`FileKind`](@ref), [`FileVersion`](@ref).
"""
load(path::AbstractString) = load(Profile, path)
load(::Type{Profile}, path::AbstractString) = Profile(Native.make(:profile, face(), "profile.load", (path = path_text(path),)))

function Base.show(io::IO, profile::Profile)
    d = describe(profile)
    print(io, "Profile(", d["output"], ", ", plural(number_or_zero(d["features"]), "feature"), ", ",
        plural(d["observations"], "observation"), ")")
end

number_or_zero(x) = x === nothing ? 0 : x

function Base.show(io::IO, ::MIME"text/plain", profile::Profile)
    d = describe(profile)
    features = number_or_zero(d["features"])
    println(io, "Profile of ", d["output"], d["recognized"] ? " (by what they look like): " : ": ", plural(features, "feature"), ", ",
        plural(d["observations"], "observation"), ", ", d["kept"], " kept")
    rows = [feature_row(d, i) for i in 1:features]
    isempty(rows) || print_table(io, ["feature", "mean", "std", "min", "max"], rows; limit = row_limit(io, 6))
end

feature_row(d, i) = (feature_name(d, i), number(d["mean"][i]), number(d["std"][i]), number(d["min"][i]), number(d["max"][i]))

# Features without a name of their own are counted from 1 in Julia.
feature_name(d, i) = d["names"] === nothing ? string(i) : string(d["names"][i])
