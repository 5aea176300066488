using Test, Logging, FluxGuard, FluxGuard.Drift
using Main.Support

drifted = logits(40, 200) .+ 3

# Keeps each record as it came.
struct Recorder <: AbstractLogger
    records::Vector{Any}
end
Recorder() = Recorder([])
Logging.min_enabled_level(::Recorder) = Logging.Debug
Logging.shouldlog(::Recorder, args...) = true
Logging.catch_exceptions(::Recorder) = false
Logging.handle_message(r::Recorder, level, message, _module, group, id, file, line; kwargs...) =
    push!(r.records, (level = level, message = message, group = group, values = Dict(kwargs)))

@testset "alerts reach Julia's logging" begin
    recorder = Recorder()
    expected = with_logger(recorder) do
        Guard(baseline(); name = "out", window = 200) do guard
            observe!(guard, drifted)
            flush(guard)
            alerts(guard)
        end
    end
    @test !isempty(expected)
    @test length(recorder.records) == length(expected)
    for (record, alert) in zip(recorder.records, expected)
        @test (record.level, record.group, record.message) == (Logging.Warn, :fluxguard, alert.message)
        @test record.values[:guard] == "out" && record.values[:kind] === alert.kind && record.values[:id] == alert.id
        @test isequal(record.values[:statistic], alert.statistic) && isequal(record.values[:p_value], alert.p_value)
    end
end

@testset "on_alert: each alert once, in order, in a task" begin
    seen, late, tasks = Int[], Int[], Set{Task}()
    guard = Guard(baseline(); window = 200, log = false, on_alert = alert -> (push!(seen, alert.id); push!(tasks, current_task())))
    observe!(guard, drifted)
    flush(guard)
    ids = [alert.id for alert in alerts(guard)]
    @test eventually(() -> seen == ids) # without a close: the worker woke the task
    @test on_alert(alert -> push!(late, alert.id), guard) === guard
    observe!(guard, -drifted)
    close(guard)
    all_ids = [alert.id for alert in alerts(guard)]
    @test length(all_ids) > length(ids)
    @test seen == all_ids
    @test late == setdiff(all_ids, ids)
    @test length(tasks) == 1 && current_task() ∉ tasks
end

@testset "a function that fails costs no alert" begin
    seen, recorder = Int[], Recorder()
    expected = with_logger(recorder) do
        guard = Guard(baseline(); window = 200, log = false, on_alert = alert -> error("on purpose"))
        on_alert(alert -> push!(seen, alert.id), guard)
        observe!(guard, drifted)
        close(guard)
        alerts(guard)
    end
    @test seen == [alert.id for alert in expected]
    @test length(recorder.records) == length(expected)
    @test all(record -> record.level == Logging.Error && record.group === :fluxguard, recorder.records)
end

@testset "close in an on_alert function" begin
    closed = Ref(false)
    guard = Guard(baseline(); window = 200, log = false)
    on_alert(alert -> (close(guard); closed[] = true), guard)
    observe!(guard, drifted)
    @test eventually(() -> closed[])
    @test !isopen(guard)
    @test close(guard) === nothing
end

@testset "close from many tasks" begin
    guard = Guard(baseline(); window = 200, log = false)
    observe!(guard, drifted)
    @sync for _ in 1:8
        @async close(guard)
    end
    @test counters(guard).tested == 200
end

@testset "a forgotten guard is closed and its alerts delivered" begin
    seen, path = Int[], scratch("alerts.jsonl")
    function forget()
        guard = Guard(baseline(); window = 1000, journal = path, log = false, on_alert = alert -> push!(seen, alert.id))
        observe!(guard, drifted) # less than a window
        return nothing
    end
    before = length(FluxGuard.NOTIFIERS)
    forget()
    @test length(FluxGuard.NOTIFIERS) == before + 1
    @test eventually(() -> (GC.gc(); length(FluxGuard.NOTIFIERS) == before))
    @test !isempty(seen)
    @test [alert.id for alert in read_alerts(path)] == seen
end

@testset "many guards, opened and closed" begin
    before = length(FluxGuard.NOTIFIERS)
    profile = baseline()
    for i in 1:200
        Guard(guard -> observe!(guard, drifted), profile; window = 200, log = false)
    end
    GC.gc()
    @test length(FluxGuard.NOTIFIERS) == before
end

@testset "a function that waits for who closes: close says so and returns, no alert is lost" begin
    patience = FluxGuard.DELIVERY_SECONDS[]
    FluxGuard.DELIVERY_SECONDS[] = 0.2
    try
        for how in (:task, :lock, :task_each_time)
            seen, recorder, turn = Int[], Recorder(), ReentrantLock()
            with_logger(recorder) do
                guard = Guard(baseline(); window = 200, log = false, repeat = true)
                on_alert(guard) do alert
                    push!(seen, alert.id)
                    length(seen) == 1 || how === :task_each_time || return
                    how === :lock ? lock(() -> nothing, turn) : wait(@async close(guard))
                end
                lock(turn) do
                    foreach(_ -> isopen(guard) && observe!(guard, drifted), 1:3)
                    flush(guard)
                    how === :lock && close(guard)
                end
                @test eventually(() -> istaskdone(guard.notifier.task))
                @test !isopen(guard) && !isempty(seen) && seen == [alert.id for alert in alerts(guard)]
            end
            @test count(r -> r.level == Logging.Error && occursin("waits no longer", r.message), recorder.records) == 1
        end
    finally
        FluxGuard.DELIVERY_SECONDS[] = patience
    end
end
