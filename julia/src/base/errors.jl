# One exception type for every line of the Rust side's error table (src/core/error.rs); the messages are written there, once.

"""
    FluxGuardError <: Exception

All errors. Each subtype has the field `message`, which names the argument, what it was and
what was expected. The subtypes and their codes are those of the Rust side; a test compares the two tables.

| family | subtypes |
|:--|:--|
| arguments (1xx) | [`InvalidArgument`](@ref), [`ElementTypeUnsupported`](@ref), [`EmptyTensor`](@ref), [`FeatureMismatch`](@ref) |
| baselines (2xx) | [`NonFiniteBaseline`](@ref), [`ConstantFeature`](@ref), [`WindowTooShort`](@ref), [`BaselineTooSmall`](@ref), [`Incompatible`](@ref) |
| a guard's state (3xx) | [`GuardClosed`](@ref), [`WorkerFailed`](@ref) |
| files (4xx) | [`PathUnusable`](@ref), [`FileDamaged`](@ref), [`FileVersion`](@ref), [`FileKind`](@ref) |
| privacy (5xx) | [`BudgetExhausted`](@ref) |
| the host (6xx) | [`Interrupted`](@ref) |
| bugs (9xx) | [`NativePanic`](@ref) |
| Julia's side alone | [`LibraryUnavailable`](@ref) |
"""
abstract type FluxGuardError <: Exception end

Base.showerror(io::IO, e::FluxGuardError) = print(io, nameof(typeof(e)), ": ", e.message)

"An argument is out of its range or not of its form."
struct InvalidArgument <: FluxGuardError
    message::String
end

"An element type other than `Float16`, `Float32` and `Float64`."
struct ElementTypeUnsupported <: FluxGuardError
    message::String
end

"An array with no elements, or with no observations."
struct EmptyTensor <: FluxGuardError
    message::String
end

"Another number of features than the baseline's."
struct FeatureMismatch <: FluxGuardError
    message::String
end

"NaN or Inf in reference data."
struct NonFiniteBaseline <: FluxGuardError
    message::String
end

"A feature of the reference data that never varies."
struct ConstantFeature <: FluxGuardError
    message::String
end

"A window in which the chosen tests could not raise an alarm."
struct WindowTooShort <: FluxGuardError
    message::String
end

"A baseline with too few observations for what was asked of it."
struct BaselineTooSmall <: FluxGuardError
    message::String
end

"Two profiles, or a profile and a guard, of different output kinds."
struct Incompatible <: FluxGuardError
    message::String
end

"The guard was closed."
struct GuardClosed <: FluxGuardError
    message::String
end

"The background worker failed on this guard."
struct WorkerFailed <: FluxGuardError
    message::String
end

"A file could not be opened, read or written."
struct PathUnusable <: FluxGuardError
    message::String
end

"A file whose checksum or form is wrong."
struct FileDamaged <: FluxGuardError
    message::String
end

"A file of a format version that this build does not read."
struct FileVersion <: FluxGuardError
    message::String
end

"A whole file, but of another kind; the message says which, and what reads it."
struct FileKind <: FluxGuardError
    message::String
end

"What was asked for would spend more privacy than the budget has left."
struct BudgetExhausted <: FluxGuardError
    message::String
end

"A call that was ended before it was done, and has changed nothing. Julia users get Ctrl-C as an `InterruptException`, as anywhere."
struct Interrupted <: FluxGuardError
    message::String
end

"A panic in Rust, stopped at the border. Always a bug of FluxGuard."
struct NativePanic <: FluxGuardError
    message::String
end

"The Rust library could not be found or loaded, or does not go with this package; the message says what to do."
struct LibraryUnavailable <: FluxGuardError
    message::String
end

"""
The code of each exception on the Rust side, in the order of its table.
"""
const ERRORS = [
    100 => InvalidArgument,
    101 => ElementTypeUnsupported,
    102 => EmptyTensor,
    103 => FeatureMismatch,
    200 => NonFiniteBaseline,
    201 => ConstantFeature,
    202 => WindowTooShort,
    203 => BaselineTooSmall,
    204 => Incompatible,
    300 => GuardClosed,
    301 => WorkerFailed,
    400 => PathUnusable,
    401 => FileDamaged,
    402 => FileVersion,
    403 => FileKind,
    500 => BudgetExhausted,
    600 => Interrupted,
    900 => NativePanic,
]

"""
The exception for a code of the Rust side. A code that this package does not know is a library of another version.
"""
function exception(code::Integer, message::AbstractString)
    for (known, type) in ERRORS
        known == code && return type(in_julia(message))
    end
    return LibraryUnavailable("the library reports error $code, which this package does not know ($message); " *
        "build the library and the package from one checkout")
end

# A place in Rust's words, which say so: "feature 1 of observation 4 (from 0)".
const NUMBER = r"-?\d+(?:\.\d+)?"
const PLACES = Regex("(?:(?:feature|observation|class|sequence|index) $(NUMBER.pattern)(?: of )?)+ \\(from 0\\)")
const CLASSES = r"classes from 0 to \d+"
# One of a list of options, "tests[0]".
const OPTION = r"^[a-z_.]+\[\d+\]"
# Names that may stand there.
const NAMES = r"\bone of [a-z0-9-]+(?:, [a-z0-9-]+)+"
# An option that a message advises, as JSON has it.
const ADVICE = r"\b(?:calibration|constant_features|order|output) = \"[a-z-]+\""

"""
A message of Rust as it is meant in Julia: places count from 1, and names are symbols.
"""
function in_julia(message::AbstractString)
    next(text) = replace(text, NUMBER => n -> string(occursin('.', n) ? parse(Float64, n) + 1 : parse(Int128, n) + 1))
    message = replace(message, PLACES => next)
    message = replace(message, CLASSES => next)
    message = replace(message, OPTION => next)
    message = replace(message, NAMES => text -> replace(text, '-' => '_'))
    return replace(message, ADVICE => text -> replace(replace(text, r"\"([a-z-]+)\"" => s":\1"), '-' => '_'))
end

"""
The exception for an argument: what it was and what was expected, in the words of the Rust side.
"""
invalid(argument, was, expected) = InvalidArgument("$argument: got $was, expected $expected")
