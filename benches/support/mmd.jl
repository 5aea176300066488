# MMD of 1,000 against 1,000 rows beside numpy: 100 permutations, which numpy makes by re-indexing the kernel matrix as alibi-detect does, and
# beside the best that numpy can do, one product of the matrix with all of them (no peer does it this way). The time of 100 re-indexings is five
# times that of 20 in the same round.

const MMD_FEATURES = 10
const MMD_ROWS = 1000

function mmd_rows()
    rng = MersenneTwister(22)
    reference, current = randn(rng, MMD_FEATURES, MMD_ROWS), randn(rng, MMD_FEATURES, MMD_ROWS) .+ 0.05
    path, io = mktemp()
    write(io, reference, current) # a row after the other
    close(io)
    topic = "MMD, $MMD_ROWS against $MMD_ROWS rows of $MMD_FEATURES features"
    try
        return beside_python(topic, "FLUXGUARD_BENCH_PYTHON", "numpy", "mmd_numpy.py", path, MMD_FEATURES, MMD_ROWS) do topic, numpy
            ours = (few = timer(x -> compare(x, current; tests = [:mmd], permutations = 100), reference),
                many = timer(x -> compare(x, current; tests = [:mmd], permutations = 999), reference))
            reindexed = () -> numpy("kernel") + numpy("reindex 20") * 100 / 20
            product = n -> () -> numpy("kernel") + numpy("product $n")
            times = alternate([reindexed, product(100), ours.few, product(999), ours.many]; rounds = 20, seconds = 90)
            [
                ratio_row(topic, "100 permutations, re-indexed one by one", times[:, 1], times[:, 3]; at_least = 15),
                ratio_row(topic, "100 permutations, of the time of one product", times[:, 2], times[:, 3]),
                ratio_row(topic, "999 permutations, of the time of one product", times[:, 4], times[:, 5]),
            ]
        end
    finally
        rm(path; force = true)
    end
end
