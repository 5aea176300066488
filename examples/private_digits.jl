# A private classifier of handwritten digits: what privacy costs in accuracy, over five seeds, and accuracy against
# epsilon. Every number is measured in this run. Needs Flux; a few minutes on two cores.
#
#   julia --project=julia --threads=2 examples/private_digits.jl [seeds]

using FluxGuard, FluxGuard.Privacy, FluxGuard.Audits, Flux, Random
using Printf: @printf

include("digits/Digits.jl")
using .Digits: load_digits, split_digits

const DELTA = 1e-5
const TARGET = 3.0
const SEEDS = isempty(ARGS) ? 5 : parse(Int, ARGS[1])

images, labels = load_digits()
onehot(labels) = Flux.onehotbatch(labels, 0:9)
accuracy(model, part) = sum(Flux.onecold(model(part.images), 0:9) .== part.labels) / length(part.labels)
loss(model, x, y) = Flux.logitcrossentropy(model(x), y)
network() = Chain(Dense(64 => 32, tanh), Dense(32 => 10))

# ---- One training, private and not ---------------------------------------------------------------------------------

const STEPS, LOT = 200, 300

function ordinary(part; seed)
    Random.seed!(seed)
    model = network()
    opt = Flux.setup(Adam(3e-3), model)
    data = Flux.DataLoader((part.images, onehot(part.labels)); batchsize = 32, shuffle = true)
    foreach(_ -> Flux.train!(loss, model, data, opt), 1:30)
    return model
end

# The noise is chosen for the target beforehand: `noise_multiplier` asks the accountant, `train!` counts every step.
function private(part; seed, target = TARGET, progress = false)
    Random.seed!(seed)                                     # of the first weights alone: noise and lots stay secret
    model = network()
    n = length(part.labels)
    rate = LOT / n
    sigma = noise_multiplier(; target_epsilon = 0.995 * target, delta = DELTA, sample_rate = rate, steps = STEPS)
    dp = AutoDP(AutoZygote(); clip = 1.0, noise_multiplier = sigma, lot_size = LOT, delta = DELTA, stop_at = target, progress = progress)
    Flux.train!(loss, dp, model, PoissonSampler((part.images, onehot(part.labels)); rate = rate, steps = STEPS), Flux.setup(Adam(1e-2), model))
    return model, dp
end

# ---- Five seeds ----------------------------------------------------------------------------------------------------

mean(x) = sum(x) / length(x)
deviation(x) = length(x) > 1 ? sqrt(sum(abs2, x .- mean(x)) / (length(x) - 1)) : 0.0
parts(seed) = split_digits(images, labels; seed = seed, heldout = 0.2, serve = 0.0)

println("Digits: ", length(parts(1).train.labels), " to train on, ", length(parts(1).heldout.labels), " to measure on; delta ", DELTA, "\n")
println("One private training:")
_, dp = private(parts(1).train; seed = 1, progress = stdout)
println()
show(stdout, MIME("text/plain"), FluxGuard.report(dp; delta = DELTA))

println("\nseed   not private   private   epsilon")
rows = map(1:SEEDS) do seed
    part = parts(seed)
    plain = accuracy(ordinary(part.train; seed = seed), part.heldout)
    model, dp = private(part.train; seed = seed)
    row = (plain = plain, private = accuracy(model, part.heldout), epsilon = epsilon(dp))
    @printf("%4d   %9.1f %%  %7.1f %%   %7.3f\n", seed, 100row.plain, 100row.private, row.epsilon)
    row
end
plain, hidden = [r.plain for r in rows], [r.private for r in rows]
@printf("mean   %9.1f %%  %7.1f %%   (deviation %.1f and %.1f)\n\n", 100mean(plain), 100mean(hidden), 100deviation(plain), 100deviation(hidden))

# ---- Accuracy against epsilon --------------------------------------------------------------------------------------

println("Accuracy against epsilon (mean of $(min(SEEDS, 3)) seeds):")
for target in (0.3, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0)
    reached = map(1:min(SEEDS, 3)) do seed
        part = parts(seed)
        model, _ = private(part.train; seed = seed, target = target)
        accuracy(model, part.heldout)
    end
    @printf("  epsilon %4.1f  %5.1f %%  |%s\n", target, 100mean(reached), '#'^round(Int, 60mean(reached)))
end
@printf("  not private   %5.1f %%  |%s\n\n", 100mean(plain), '#'^round(Int, 60mean(plain)))

# ---- What an attacker sees, and what inference-time helpers cost ---------------------------------------------------

part = parts(1)
model, dp = private(part.train; seed = 1)
open_model = ordinary(part.train; seed = 1)
members(n) = (part.train.images[:, 1:n], onehot(part.train.labels[1:n]))
others = (part.heldout.images, onehot(part.heldout.labels))
println("Membership by loss, AUC (0.5: nothing) and a lower bound on epsilon:")
for (name, m, claimed) in (("not private", open_model, nothing), ("private", model, epsilon(dp)))
    r = audit(m, members(length(part.heldout.labels)), others; loss = loss, delta = DELTA, claimed = claimed)
    @printf("  %-12s AUC %.3f  epsilon at least %.2f\n", name, r.auc, r.epsilon)
end
println("\nWhat helpers at inference cost (the model that is not private):")
top1(y) = sum(Flux.onecold(y, 0:9) .== part.heldout.labels) / length(part.heldout.labels)
x = part.heldout.images
@printf("  %-34s accuracy %.1f %%\n", "as it is", 100top1(open_model(x)))
for deviation in (0.05, 0.1, 0.2, 0.4)
    @printf("  %-34s accuracy %.1f %%\n", "inputs with noise of $deviation", 100top1(open_model(perturb_input(x; deviation = deviation))))
end
for digits in (2, 1, 0)
    @printf("  %-34s accuracy %.1f %%\n", "probabilities to $digits digits", 100top1(round_output(softmax(open_model(x)); digits = digits)))
end
@printf("  %-34s accuracy %.1f %%\n", "the top class alone", 100top1(top_k(softmax(open_model(x)); k = 1)))
@printf("  %-34s accuracy %.1f %%\n", "the three top ranks", 100top1(top_k(softmax(open_model(x)); k = 3)))
