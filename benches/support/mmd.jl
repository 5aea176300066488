# MMD of 1,000 against 1,000 rows beside numpy. Ours makes 999 permutations. numpy's time for as many is that of the kernel matrix and of
# 20 permutations in the same round, times 999/20: re-indexing 999 times takes minutes.

const MMD_FEATURES = 10
const MMD_ROWS = 1000
const MMD_PERMUTATIONS = 999

function mmd_rows()
    rng = MersenneTwister(22)
    reference, current = randn(rng, MMD_FEATURES, MMD_ROWS), randn(rng, MMD_FEATURES, MMD_ROWS) .+ 0.05
    path, io = mktemp()
    write(io, reference, current) # a row after the other
    close(io)
    topic = "MMD, $MMD_ROWS against $MMD_ROWS rows of $MMD_FEATURES features, $MMD_PERMUTATIONS permutations"
    try
        return beside_python(topic, "FLUXGUARD_BENCH_PYTHON", "numpy", "mmd_numpy.py", path, MMD_FEATURES, MMD_ROWS) do topic, numpy
            ours = timer(x -> compare(x, current; tests = [:mmd]), reference)
            reindexed = () -> numpy("kernel") + numpy("reindex 20") * MMD_PERMUTATIONS / 20
            product = () -> numpy("kernel") + numpy("product $MMD_PERMUTATIONS")
            times = alternate([reindexed, product, ours]; rounds = 20, seconds = 60)
            [
                ratio_row(topic, "beside re-indexing one kernel matrix (target: of 100)", times[:, 1], times[:, 3]; at_least = 15),
                # No peer does it this way; it is what numpy can do at best.
                ratio_row(topic, "of the time of one product with all permutations", times[:, 2], times[:, 3]),
            ]
        end
    finally
        rm(path; force = true)
    end
end
