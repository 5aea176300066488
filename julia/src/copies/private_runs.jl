# Randomness and runs of private training: two copies would draw the same noise, and each would count half of what was spent.

const Randomness = Union{PrivateRun,PoissonSampler,PoissonLots,Pass,Draw,TreeNoise,BandedNoise}
const OneRun = Union{Randomness,TrainingRun}

"Every handle."
const AnyHandle = Native.Handle

fix(::PrivateRun) = "no two runs may share noise, or a ledger; make a new PrivateRun where it is to run, with spent = PrivacyState(run)"
fix(::Union{PoissonSampler,PoissonLots,Pass,Draw}) =
    "no two runs may share lots; make a new PoissonSampler of the same data and rate where it is to run"
fix(::Union{TreeNoise,BandedNoise}) = "no two runs may share noise; begin a new one where it is to run, which counts, too"
fix(::TrainingRun) = "no two runs may share noise, or count apart what they spend. Say FluxGuard.save(path, dp), and AutoDP(...; resume = " *
    "FluxGuard.load(PrivacyState, path)) where it goes on"
fix(::AnyHandle) = "it belongs to one object; copy or save that"

called(::TrainingRun) = "a private run (AutoDP)"
called(::PoissonLots) = "a PoissonSampler"
called(::Union{Pass,Draw}) = "a lot of a PoissonSampler"

Base.deepcopy_internal(x::OneRun, ::IdDict) = throw(refusal(x, "copied"))
