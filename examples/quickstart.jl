# FluxGuard in one file: a classifier of handwritten digits is trained and guarded, and then serves what it was not
# trained for. `make demo` runs it. Every number that it prints was measured in that run. `make demo ARGS=FILE.svg` draws a picture of it, too.

using FluxGuard, Dates

include("digits/Digits.jl")
using .Digits
framework = flux_loads() ? :flux : :plain
framework === :flux && include("digits/flux.jl")
println("Julia ", VERSION, ", a network ", framework === :flux ? "of Flux" : "in plain Julia (there is no Flux here)",
    ", FluxGuard by its ", FluxGuard.binding(), " binding\n")

# ---- A model: 64 pixels in, 10 logits out --------------------------------------------------------------------------

digits = split_digits(load_digits()...; heldout = 0.35, serve = 0.25)
model = classifier(framework)
println("Training ", model, " on ", length(digits.train.labels), " digits:")
train!(model, digits.train.images, digits.train.labels; epochs = 30, progress = Progress(30))

# ---- Baselines: what goes in and comes out when all is well, on digits that the model was not trained on -----------

reference = digits.heldout.images
inked = findall(vec(any(reference .> 0, dims = 2)))   # the other pixels are paper in every digit
normal_inputs = fit(Profile, reference[inked, :]; output = :values)
normal_outputs = fit(Profile, model(reference); output = :logits)

# ---- Guards: for each, at most one false drift alarm a week --------------------------------------------------------

delivered = Alert[]
options = (window = 100, false_alarms = every(Week(1)), on_alert = alert -> push!(delivered, alert), log = false)
inputs = Guard(normal_inputs; name = "inputs", options...)
outputs = Guard(normal_outputs; name = "outputs", options...)

guarded_model = guarded(model, outputs)   # a layer like any other: it gives what the model gives
function serve_batch(images)
    observe!(inputs, images[inked, :])    # a guard can watch anything that has numbers
    return guarded_model(images)
end

# ---- Service -------------------------------------------------------------------------------------------------------

# Serves the images in batches of 20. The labels (missing where the images are no digits) are for the accuracy alone.
function serve(images, labels)
    before = map(counters, (inputs, outputs))
    correct = 0
    for batch in Iterators.partition(axes(images, 2), 20)
        answers = predicted(serve_batch(images[:, batch]))
        correct += labels === missing ? missing : count(answers .== labels[batch])
    end
    foreach(flush, (inputs, outputs))     # tests run in the background: wait for them, so that they can be counted
    after = map(counters, (inputs, outputs))
    raised = [alert => alert.window.last - seen.observed for (guard, seen) in zip((inputs, outputs), before)
        for alert in alerts(guard; after = seen.alerts)]
    return Served(size(images, 2), correct, map((a, b) -> a.anomalous - b.anomalous, after, before), raised)
end

clean, labels = digits.serve
gradient = input_gradient(model)
troubles = [
    ("rotated by 15 degrees", rotated(clean, 15), labels),
    ("rotated by 30 degrees", rotated(clean, 30), labels),
    ("noisy (sd 0.3)", noisy(clean, 0.3), labels),
    ("no digits: inverted", inverted(clean), missing),
    ("no digits: static", static(size(clean, 2)), missing),
    ("adversarial (FGSM 0.05)", adversarial(gradient, clean, labels; eps = 0.05), labels),
    ("adversarial (FGSM 0.15)", adversarial(gradient, clean, labels; eps = 0.15), labels),
]

println("\nServing, watched by a guard of the inputs and one of the outputs:\n")
print_header(("inputs", "outputs"))
print_served("clean digits", serve(clean, labels))
stretches = ["clean digits" => counters(outputs).observed]   # for the picture
recovered = Served[]
for (what, images, truth) in troubles
    print_served(what, serve(images, truth))
    push!(stretches, what => counters(outputs).observed)
    push!(recovered, serve(clean[:, 1:200], labels[1:200]))   # all is well again: the next trouble is news
    push!(stretches, "clean again" => counters(outputs).observed)
end
print_served("clean again, each time", sum(recovered))

# ---- One batch: the verdict is there at once -----------------------------------------------------------------------

println("\nOne batch of two clean digits, an inverted one, static, and an adversarial one:\n")
attack = adversarial(gradient, clean[:, 4:4], labels[4:4]; eps = 0.15)
serve_batch(hcat(clean[:, 1:2], inverted(clean[:, 3:3]), static(1), attack))
show(stdout, MIME("text/plain"), verdict(inputs))

# ---- The end: all that was observed has been tested ----------------------------------------------------------------

foreach(close, (inputs, outputs))
println("\nWhat the guard of the outputs said, and its first alert in words:\n")
show(stdout, MIME("text/plain"), alerts(outputs))
foreach(alert -> println("\n  ", alert.message), Iterators.take(alerts(outputs), 1))

println()
for guard in (inputs, outputs)
    c = counters(guard)
    println(guard, ": ", c.observed, " observed, ", c.tested, " tested, ", c.windows, " windows, ", c.alerts, " alerts")
end
println(length(delivered), " alerts were delivered to on_alert.")
levels = sort([w.level for w in windows(outputs)])
println("Median per-window alarm level under a budget of one a week: ", round(levels[cld(end, 2)], sigdigits = 2), ".")

isempty(ARGS) || println("\nA picture of it: ", write_picture(first(ARGS), stretches, [guard.name => (windows(guard), alerts(guard)) for guard in (inputs, outputs)]))
