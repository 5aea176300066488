# needs: Flux
# What privacy costs in accuracy: Fashion-MNIST and a sample of MNIST, beside the same network without privacy and the published
# bars. Every number but those is measured in this run.
#
# Then random programs of what users do with private training: what each claims, beside what a witness saw below the door. A part of
# them is counted again by dp-accounting, where a Python has it.
#
#   julia --project=julia --threads=2 evaluate/private.jl [--seeds 1] [--epochs 20] [--sets fashion,mnist] [--programs 10000]
#
# The network is the small one with tanh of Papernot et al. 2021 ("Tempered Sigmoid Activations for Deep Learning with Differential
# Privacy"). Bars: Tramèr and Boneh 2021 ("Differentially Private Learning Needs Better Features (or Much More Data)"), epsilon 3 at
# delta 1e-5.

using FluxGuard, FluxGuard.Privacy, Flux, Random
using Printf: @printf

const DELTA, TARGET = 1e-5, 3.0
const BARS = Dict("fashion" => [("CNN, Tramèr and Boneh 2021", 86.0), ("scattering and a linear layer, Tramèr and Boneh 2021", 89.7)])

option(name, default) = (i = findfirst(==("--" * name), ARGS); i === nothing ? default : ARGS[i+1])
const SEEDS, EPOCHS = parse(Int, option("seeds", "1")), parse(Int, option("epochs", "20"))
const SETS = split(option("sets", "fashion,mnist"), ',')
const FETCH, WITNESS = joinpath(@__DIR__, "..", "scripts", "fetch-datasets"), joinpath(@__DIR__, "support", "witness.py")
const FOLDER = strip(read(`$FETCH`, String))

# ---- Data: images 28 x 28 x 1 x n, centered and scaled; labels from 0 to 9 ------------------------------------------

unzipped(path) = read(`gzip -dc $path`)
scaled(pixels) = (Float32.(reshape(pixels, 28, 28, 1, :)) ./ 255f0 .- 0.5f0) ./ 0.5f0

function fashion()
    file(name) = joinpath(FOLDER, "fashion", name)
    images(part) = scaled(unzipped(file("$part-images-idx3-ubyte.gz"))[17:end])
    labels(part) = Int.(unzipped(file("$part-labels-idx1-ubyte.gz"))[9:end])
    return (images("train"), labels("train")), (images("t10k"), labels("t10k"))
end

function mnist()
    rows = [parse.(UInt8, split(line, ',')) for line in eachline(`gzip -dc $(joinpath(FOLDER, "mnist", "mnist_5k.csv.gz"))`)]
    order = randperm(MersenneTwister(0), length(rows))
    part(range) = (scaled(reduce(vcat, [rows[i][1:784] for i in order[range]])), [Int(rows[i][785]) for i in order[range]])
    return part(1:4000), part(4001:5000)
end

onehot(labels) = Flux.onehotbatch(labels, 0:9)

# ---- One training, private and not ---------------------------------------------------------------------------------

network() = Chain(Conv((8, 8), 1 => 16, tanh; stride = 2, pad = 3), MaxPool((2, 2); stride = 1),
    Conv((4, 4), 16 => 32, tanh; stride = 2), MaxPool((2, 2); stride = 1), Flux.flatten, Dense(512 => 32, tanh), Dense(32 => 10))
loss(m, x, y) = Flux.logitcrossentropy(m(x), y)

function accuracy(model, (images, labels))
    right = sum(Iterators.partition(eachindex(labels), 500)) do part
        sum(Flux.onecold(model(images[:, :, :, part]), 0:9) .== labels[part])
    end
    return 100 * right / length(labels)
end

function private(train; seed, lot)
    Random.seed!(seed) # of the first weights alone
    model, n = network(), length(train[2])
    rate = lot / n
    steps = round(Int, EPOCHS / rate)
    sigma = noise_multiplier(; target_epsilon = 0.995TARGET, delta = DELTA, sample_rate = rate, steps = steps)
    dp = AutoDP(AutoZygote(); clip = 0.1, noise_multiplier = sigma, lot_size = lot, delta = DELTA, stop_at = TARGET, max_physical_batch_size = 512)
    lots = PoissonSampler((train[1], onehot(train[2])); rate = rate, steps = steps)
    Flux.train!(loss, dp, model, lots, Flux.setup(Momentum(4f0, 0.9), model))
    return model, epsilon(dp)
end

function ordinary(train; seed)
    Random.seed!(seed)
    model = network()
    opt = Flux.setup(Adam(1e-3), model)
    data = Flux.DataLoader((train[1], onehot(train[2])); batchsize = 128, shuffle = true)
    foreach(_ -> Flux.train!(loss, model, data, opt), 1:clamp(600_000 ÷ length(train[2]), 10, 30))
    return model
end

# ---- The table -----------------------------------------------------------------------------------------------------

mean(x) = sum(x) / length(x)
spread(x) = length(x) > 1 ? sqrt(sum(abs2, x .- mean(x)) / (length(x) - 1)) : NaN

for (name, what, data, lot) in (("fashion", "Fashion-MNIST", fashion, 2048), ("mnist", "a sample of MNIST", mnist, 512))
    name in SETS || continue
    isdir(joinpath(FOLDER, name)) || (println("$what: skipped, it cannot be had here"); continue)
    train, test = data()
    @printf("%s: %d images to train on, %d to measure on; lots of %d, %d epochs, delta %g, %d seed(s)\n", what, length(train[2]),
        length(test[2]), lot, EPOCHS, DELTA, SEEDS)
    rows = map(1:SEEDS) do seed
        time = @elapsed (model, spent) = private(train; seed = seed, lot = lot)
        (private = accuracy(model, test), epsilon = spent, seconds = time, plain = accuracy(ordinary(train; seed = seed), test))
    end
    show_row(label, values, note = "") = @printf("  %-56s %5.1f %%  %s%s\n", label, mean(values),
        length(values) > 1 ? "(deviation $(round(spread(values); digits = 1)))  " : "", note)
    show_row("this network, private", [r.private for r in rows],
        "epsilon $(round(maximum(r.epsilon for r in rows); digits = 3)), $(round(Int, mean([r.seconds for r in rows]))) s")
    show_row("this network, not private", [r.plain for r in rows])
    foreach(((label, value),) -> @printf("  %-56s %5.1f %%  published, epsilon 3\n", label, value), get(BARS, name, []))
    show_row("the most frequent class", [100maximum(count(==(c), test[2]) for c in 0:9) / length(test[2])])
    println()
end

# ---- Random programs -----------------------------------------------------------------------------------------------

const PROGRAMS = option("programs", "10000")
const TESTS = joinpath(@__DIR__, "..", "julia", "test", "runtests.jl")
const SEEN = joinpath(mktempdir(), "programs.jsonl")

if PROGRAMS != "0"
    println(PROGRAMS, " random programs without Flux, as many with it: what is claimed is at least what was released")
    command = `$(Base.julia_cmd()) --startup-file=no --threads=2 --project=$(Base.active_project()) $TESTS privacy_programs private_programs`
    run(setenv(command, merge(Dict(ENV), Dict("FLUXGUARD_PROGRAMS" => PROGRAMS, "FLUXGUARD_PROGRAMS_SEEN" => SEEN))))
    python = Sys.which("python3")
    python === nothing ? println("dp-accounting: skipped, there is no python3") :
        run(ignorestatus(`$python $WITNESS $SEEN`))
end
