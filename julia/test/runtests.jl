# Runs the files beside this one, a topic each, and those in flux/ where Flux can be loaded. The last line counts what
# Test itself counted; a topic that cannot run here is named and counted as skipped. Exits with 1 on a failure.

using Test

const TOPICS = @__DIR__

include(joinpath(TOPICS, "support", "support.jl"))
using .Support

topics(folder) = [joinpath(folder, file) for file in sort!(readdir(folder)) if endswith(file, ".jl") && file != "runtests.jl"]

# Arguments choose topics by name: `runtests.jl json rates`.
topic(path) = first(splitext(basename(path)))
chosen(path) = isempty(ARGS) || topic(path) in ARGS

# A name that is no topic's would test nothing, and pass.
function expect_topics(names)
    known = map(topic, [topics(TOPICS); topics(joinpath(TOPICS, "flux"))])
    unknown = setdiff(names, known)
    isempty(unknown) && return
    println(stderr, "There is no topic $(join(map(repr, unknown), ", ")); topics are $(join(sort!(unique(known)), ", ")).")
    exit(2)
end

# Some compare with files of the checkout, which an installed package does not have.
lacks_files(path) = !Support.has_checkout() && occursin("checkout_file(", read(path, String))

function run_topic(name, path)
    lacks_files(path) && return skip_topic(name, "needs files of the checkout, and the package stands alone")
    @testset "$name" begin
        Base.include(Module(Symbol(:Topic, hash(path))), path)
    end
end

function run_topics()
    foreach(path -> run_topic(topic(path), path), filter(chosen, topics(TOPICS)))
    flux = filter(chosen, topics(joinpath(TOPICS, "flux")))
    missing_packages = filter(name -> Base.find_package(name) === nothing, ["Flux", "Zygote", "Functors", "Optimisers"])
    for path in flux
        name = "flux/" * topic(path)
        if isempty(missing_packages)
            run_topic(name, path)
        else
            skip_topic(name, "$(join(missing_packages, ", ")) not in the environment")
        end
    end
end

function count_results(set::Test.DefaultTestSet)
    counts = [set.n_passed, 0, 0]
    for result in set.results
        counts .+= result isa Test.AbstractTestSet ? count_results(result) :
            result isa Union{Test.Fail,Test.Error} ? [0, 1, 0] : result isa Test.Broken ? [0, 0, 1] : [0, 0, 0]
    end
    return counts
end

count_results(::Test.AbstractTestSet) = [0, 0, 0] # of another kind, whose topic counts for itself

expect_topics(ARGS)
passed, failed, broken = try
    count_results(@testset "FluxGuard" begin
        run_topics()
    end)
catch error
    error isa Test.TestSetException || rethrow()
    [error.pass, error.fail + error.error, error.broken]
end

for (what, why) in Support.SKIPPED
    println("SKIPPED: ", what, ": ", why)
end
println("FluxGuard tests: $passed passed, $failed failed, $(broken + length(Support.SKIPPED)) skipped")
exit(failed == 0 ? 0 : 1)
