# Random programs of what users do with AutoDP: claimed epsilon is never below what was really released; nor under SIGINT.
using Test, Flux, FluxGuard, FluxGuard.Performance, FluxGuard.Privacy, Random
using Main.Support
using Main.Support.Programs, Main.Support.Witness

const N = Programs.N
linear() = Dense(zeros(Float32, 1, N), false)
loss(m, x, rest...) = sum(m(x))
both(m, x, rest...) = sum(m.a(x)) + sum(m.b(x))

# An example's gradient is the example. Each run has a model, for its run knows models that it has seen.
const MODELS = IdDict{Any,Any}()
model_of(dp) = get!(linear, MODELS, dp)

function go_on(dp, options)
    path = scratch("run.fgdp")
    FluxGuard.save(path, dp)
    return AutoDP(AutoZygote(); options..., resume = FluxGuard.load(PrivacyState, path))
end

train!(w, data; f = loss, options...) = refusing(() -> Flux.train!(f, w.run, model_of(w.run), data, Descent(0.1); options...))
fresh_lots(w, rate = w.setup.rate) = see!(w, nothing, rate)
batches() = Flux.DataLoader(data(); batchsize = 2)

"A loss that throws at some call: in a trial, or while training."
function throwing(w)
    left = Ref(rand(w.rng, 1:120))
    return (m, x, rest...) -> (Flux.Zygote.ignore(() -> (left[] -= 1) == 0 && error("on purpose")); sum(m(x)))
end

function caught(f)
    try
        f()
    catch error
        occursin("on purpose", sprint(showerror, error)) || rethrow() # it may come out of a task
    end
end

function by_workers(w)
    rate = w.setup.rate
    workers = [AutoDP(AutoZygote(); clip = 1.0, noise_multiplier = 1.0, lot_size = 1) for _ in 1:2]
    shards = [PoissonSampler((data()[1][:, r],); rate = rate, steps = 3, seed = rand(w.rng, 1:10^9)) for r in (1:4, 5:8)]
    late = []
    for (a, b) in zip(shards...)
        settings = next_step(w.run)
        w.setup.clip === :adaptive && (w.clip_told = settings.clip)
        parts = [lot_part(dp, settings, loss, model_of(dp), lot...) for (dp, lot) in zip(workers, (a, b))]
        rand(w.rng) < 0.3 && push!(late, pop!(parts))
        rand(w.rng) < 0.3 && append!(parts, late)
        refusing(() -> private_gradient(w.run, model_of(w.run), identity.(parts)))
        fresh_lots(w)
    end
end

const EXTRAS = Dict{Symbol,Function}(
    :train => w -> (train!(w, lots(w)); fresh_lots(w)),
    :train_epochs => w -> (train!(w, lots(w; steps = 2); epochs = 2); fresh_lots(w)),
    :train_broken => w -> (caught(() -> train!(w, lots(w; steps = 5); f = throwing(w))); fresh_lots(w)),
    :train_raw => w -> (train!(w, [data(), data()]); fresh_lots(w, 1.0)),
    :train_loader => w -> (train!(w, Iterators.take(batches(), 3)); fresh_lots(w, 1.0)),
    :two_models => w -> for lot in lots(w)
        refusing(() -> private_gradient(w.run, (loss, loss), (model_of(w.run), model_of(EXTRAS)), lot...))
        fresh_lots(w)
    end,
    :frozen => w -> for lot in lots(w)
        pair = (a = linear(), b = linear())
        refusing(() -> private_gradient(w.run, both, pair, lot...; frozen = rand(w.rng, Bool) ? (pair.a,) : ()))
        fresh_lots(w)
    end,
    :workers => by_workers,
    :train_tree => w -> (train!(w, batches(); epochs = rand(w.rng, 1:2)); fresh_lots(w, 1.0)),
    :train_tree_broken => w -> (caught(() -> train!(w, batches(); f = throwing(w))); fresh_lots(w, 1.0)),
    :train_shuffled => w -> (train!(w, Flux.DataLoader(data(); batchsize = 2, shuffle = true)); fresh_lots(w, 1.0)))

const MORE = (sampled = (:train, :train_epochs, :train_broken, :train_raw, :train_loader, :two_models, :frozen, :workers),
    any = (:train, :train_raw, :train_loader, :two_models, :workers), tree = (:train_tree, :train_tree_broken, :train_shuffled, :train_tree), banded = (:train_tree, :train_tree_broken))

const DRIVER = Driver((; options...) -> AutoDP(AutoZygote(); options...),
    (dp, batch; examples) -> private_gradient(dp, loss, model_of(dp), batch...; examples = examples),
    dp -> bound(() -> epsilon(dp; delta = Programs.DELTA)), go_on,
    dp -> dp.run.noise in (:tree, :banded) && begin_noise!(dp), dp -> dp.clip, EXTRAS)

@testset "claimed is at least the truth, in every program" begin
    rng = SplitMix64(parse(Int, get(ENV, "FLUXGUARD_PROGRAMS_SEED", "41")))
    failed, releases, tight = [], 0, 0
    programs = parse(Int, get(ENV, "FLUXGUARD_PROGRAMS", "300"))
    understated(r) = r.claimed < r.truth
    for k in 1:programs
        setup, actions = random_program(rng; more = MORE)
        seed = rand(rng, 1:10^9)
        result = run_program(DRIVER, setup, actions, seed)
        empty!(MODELS)
        releases += result.releases
        tight += result.truth > 0.8 * result.claimed
        understated(result) || continue
        fewer = smallest_failing(program -> understated(run_program(DRIVER, setup, program, seed)), actions)
        push!(failed, (setup, fewer, run_program(DRIVER, setup, fewer, seed)))
    end
    foreach(f -> println("UNDERSTATED: ", f), failed)
    @test isempty(failed)
    @test releases > programs && tight > programs ÷ 15
end

@testset "SIGINT at any moment: what was released was counted" begin
    script = scratch("interrupted.jl")
    write(script, """
        using Flux, FluxGuard
        include($(repr(joinpath(@__DIR__, "..", "support", "witness.jl"))))
        Base.exit_on_sigint(false)
        x = randn(Float32, 4, 200)
        m = Chain(Dense(4 => 3, tanh), Dense(3 => 1))
        loss(m, x) = sum(abs2, m(x))
        dp = AutoDP(AutoZygote(); clip = AdaptiveClip(1.0; count_noise = 2), noise_multiplier = 1.0, lot_size = 20)
        # says when it is at work
        lots(n) = ((k == 3 && (println("at work"); flush(stdout)); lot) for (k, lot) in enumerate(PoissonSampler((x,); rate = 0.1, steps = n)))
        function interrupted()
            try
                Flux.train!(loss, dp, m, lots(10^6), Descent(0.01))
            catch error
                error isa InterruptException || rethrow()
            end
        end
        Flux.train!(loss, dp, m, lots(20), Descent(0.01))
        FluxGuard.ask(:watch; on = true)
        begun = steps(dp)
        foreach(_ -> interrupted(), 1:200)
        seen = Witness.sights()
        counts = count(sight -> length(sight.sum) == 1, seen)
        println("result ", steps(dp) - begun, " ", steps(dp.accountant) - begun, " ", length(seen) - counts, " ", counts)
        """)
    process = open(pipeline(`$(Base.julia_cmd()) --startup-file=no --threads=2 --project=$(Base.active_project()) $script`; stderr = stderr), "r")
    rng = SplitMix64(5)
    numbers = Int[]
    first_time = true # that was the warming up
    last = time()
    # a signal that came to nobody is sent again; a process that hangs is ended
    watch = Timer(1; interval = 1) do timer
        silent = time() - last
        process_running(process) || return close(timer)
        silent > 100 ? kill(process, Base.SIGKILL) : !first_time && silent > 3 && kill(process, Base.SIGINT)
    end
    while !eof(process)
        line = readline(process)
        last = time()
        startswith(line, "result") && append!(numbers, parse.(Int, split(line)[2:end]))
        if line == "at work"
            first_time || (sleep(0.03rand(rng)); kill(process, Base.SIGINT))
            first_time = false
        end
    end
    close(watch)
    @test length(numbers) == 4
    if length(numbers) == 4
        released, counted, sums, counts = numbers
        @test released == counted == sums > 400
        @test counted - 200 <= counts <= counted # the count of a step may be lost with the interrupt, not the step
    end
end
