using Test, FluxGuard, FluxGuard.Outliers, FluxGuard.Sketches, FluxGuard.Errors
using Main.Support
using FluxGuard: Native, face

# All of the package's code, with its extensions.
const FOLDERS = [joinpath(dirname(dirname(pathof(FluxGuard))), folder) for folder in ("src", "ext")]
const CODE = join((read(joinpath(folder, file), String) for root in FOLDERS for (folder, _, files) in walkdir(root) for file in files if endswith(file, ".jl")), '\n')

names_of(pattern, code = CODE) = Set(m.captures[1] for m in eachmatch(pattern, code))

"What the package calls: named whole, or by the question that follows a room."
function called()
    named = filter(name -> !endswith(name, r"\.(jl|fg|fgdp)"), names_of(r"\"([a-z]+\.[a-z_]+)\""))
    privacy = Set("privacy." * name for name in names_of(r"\bask\(:([a-z_]+)"))
    run = Set("run." * name for name in names_of(r"\bask\(run(?:\.door)?, :([a-z_]+)"))
    return union(named, privacy, run)
end

# Asked by tests alone.
const OF_TESTS = Set(["library.errors", "library.operations", "library.panic", "library.worker_running", "detector.names", "sequence.names",
    "privacy.watch", "privacy.witnessed"])

@testset "every operation has its verb, and every verb its operation" begin
    operations = Set(String.(Native.ask(face(), "library.operations")))
    @test length(operations) > 90
    @test isempty(setdiff(operations, called(), OF_TESTS)) # an operation that nothing calls
    rooms = Set(first(split(name, '.')) for name in operations)
    ours = filter(name -> first(split(name, '.')) in rooms, called())
    @test isempty(setdiff(ours, operations)) # a call of what is not there
end

@testset "what is none is refused by name" begin
    fault(call) = try call(); "done" catch error; error isa InvalidArgument ? error.message : rethrow() end
    sketch = Sketch(:kll)
    for (call, words) in (
        (() -> Native.run(face(), "sketch.fit"), "sketch.update"),
        (() -> Native.run(face(), "nothing.at_all"), "library.operations"),
        (() -> Native.run(face(), "sketch.merge"), "handles: got 0, expected 2 for sketch.merge"),
        (() -> Native.run(sketch.handle, "profile.describe"), "got a handle of kind sketch, expected one of kind profile"),
        (() -> Native.run(face(), "drift.compare"; x = [1.0]), "named \"x\""),
        (() -> Native.run(sketch.handle, "sketch.update"), "values: got none"),
        (() -> Native.run(sketch.handle, "sketch.quantiles"), "options"),
        (() -> Native.run(sketch.handle, "sketch.quantiles", (ranks = [0.5], k = 3)), "k: got an option that there is not"))
        message = fault(call)
        @test occursin(words, message)
        occursin(words, message) || println(message)
    end
    @test_throws ElementTypeUnsupported Native.run(sketch.handle, "sketch.update"; values = UInt8[1, 2])
    @test_throws ElementTypeUnsupported Native.run(sketch.handle, "sketch.update"; values = [1 // 2])
    x = ones(2, 3)
    d = fit(KNN, [1.0 2.0 3.0 4.0; 1.0 3.0 2.0 5.0]; neighbors = 1, calibration = :none)
    @test occursin("share memory", fault(() -> Native.run(d.handle, "detector.explain"; output = x, out = Native.Out(x))))
    finalize(sketch.handle)
    @test occursin("one that was freed", fault(() -> nobs(sketch)))
end
