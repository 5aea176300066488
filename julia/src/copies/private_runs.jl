# Randomness and runs of private training: two copies would draw the same noise, and each would count half of what was spent.

const Randomness = Union{NoiseSource,PoissonSampler,PoissonLots,TreeNoise,BandedNoise}
const OneRun = Union{Randomness,PrivateRun}
const RunHandle = Union{Native.NoiseHandle,Native.SamplerHandle,Native.CorrelatedHandle}

"Every handle. Those of randomness stand beside the others."
const AnyHandle = Union{Native.Handle,RunHandle}

mend(::NoiseSource) = "no two runs may share noise; make a new NoiseSource where it is to run"
mend(::Union{PoissonSampler,PoissonLots}) = "no two runs may share lots; make a new PoissonSampler of the same data and rate where it is to run"
mend(::Union{TreeNoise,BandedNoise}) = "no two runs may share noise; begin a new one where it is to run, and account for both"
mend(::PrivateRun) = "no two runs may share noise, or count apart what they spend. Say save(path, dp), and AutoDP(...; resume = " *
    "load(PrivacyState, path)) where it goes on"
mend(::AnyHandle) = "it belongs to one object; copy or save that"

called(::PrivateRun) = "a private run (AutoDP)"
called(::PoissonLots) = "a PoissonSampler"

Base.deepcopy_internal(x::OneRun, ::IdDict) = throw(refusal(x, "copied"))
