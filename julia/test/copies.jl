using Test, Logging, FluxGuard, FluxGuard.Outliers, FluxGuard.Sequences, FluxGuard.Drift, FluxGuard.Privacy, FluxGuard.Errors, Serialization
using FluxGuard: Native, Kept, Refused, AnyHandle
using Main.Support

Base.include(@__MODULE__, joinpath(@__DIR__, "support", "owners.jl"))
using .Owners

# What a type's fields may hold, type variables by their bound, unions by their parts.
bound(T) = T isa TypeVar ? T.ub : T
parts(T) = T isa Union ? vcat(parts(T.a), parts(T.b)) : Any[bound(T)]
field_parts(T) = (D = Base.unwrap_unionall(T); D.name === NamedTuple.body.body.name ? Any[] : reduce(vcat, (parts(bound(F)) for F in D.types); init = Any[]))
types_of(mod) = [getfield(mod, name) for name in names(mod; all = true) if isdefined(mod, name) && getfield(mod, name) isa Type]
structs_of(mod) = [T for T in types_of(mod) if Base.unwrap_unionall(T) isa DataType && isstructtype(Base.unwrap_unionall(T)) && !isabstracttype(T) &&
    Base.unwrap_unionall(T).name.module === mod]

@testset "no kind of handle is forgotten" begin
    kinds = [Native.Handle{kind} for kind in Native.KINDS]
    @test length(kinds) >= 14
    @test Set{Any}(kinds) == Set{Any}([[o.kind for o in KEPT]; [r.kind for r in REFUSED]; GUARD.kind])
    # Whatever holds a handle, a task, a condition or a pointer has a rule.
    here_only = (:Library, :Answer, :RawArray, :Request, :Handle) # the loaded library, what lives for one call, and the handle itself
    for T in [structs_of(FluxGuard); structs_of(Native)]
        nameof(T) in here_only && continue
        held = any(F -> F !== Any && F isa Type && F !== Union{} && F <: Union{AnyHandle,Task,Base.AsyncCondition,Ptr}, field_parts(T))
        held && (@test T <: Union{Kept,Refused,Guard}) # a new type: add it to copies/rule.jl
    end
end

again(x) = (io = IOBuffer(); serialize(io, x); deserialize(seekstart(io)))
same_handle(a, b) = getfield(a, :handle) === getfield(b, :handle)

@testset "copies: $(owner.name)" for owner in KEPT
    original = owner.make()
    copies = [deepcopy(original) for _ in 1:10]
    arrived = again((original, [original]))
    @test typeof(first(copies)) === typeof(original) === typeof(first(arrived))
    @test first(arrived) === only(last(arrived)) # once in the stream, once where it arrives
    pair = deepcopy([original, original])
    @test pair[1] === pair[2]
    @test same_handle(original, pair[1]) == (original isa Union{FluxGuard.Fixed,FluxGuard.Fitted})
    answer = owner.use(copies[1])
    @test isequal(owner.use(copies[2]), answer) # the first copy's going on has moved no other
    @test isequal(owner.use(first(arrived)), answer)
    pair = nothing
    foreach(_ -> GC.gc(), 1:2)
    @test isequal(owner.use(original), answer)
    original = nothing
    foreach(_ -> GC.gc(), 1:2)
    @test all(c -> isequal(owner.use(c), answer), copies[3:end])
end

@testset "detectors that are not fitted, and detectors in detectors" begin
    for d in (KNN(neighbors = 7, metric = :cosine), Ensemble(members = [KNN(), ZScore()]), NGram(order = 2))
        for c in (deepcopy(d), again(d))
            @test typeof(c) === typeof(d) && c.handle isa FluxGuard.NotFitted && c.options == d.options && c.options !== d.options
        end
    end
    x = values_like(1, 3, 100)
    d = fit(KNN, x; neighbors = 3)
    c = deepcopy(d)
    fit!(c, x .+ 5)
    @test score(d, x) != score(c, x) # what is learned anew is the copy's
    e = Encoded(identity, fit(KNN, x))
    @test score(again(e), x) == score(deepcopy(e), x) == score(e, x)
end

refused(call) = try call(); nothing catch error error end

@testset "refused by name: $(r.called)" for r in REFUSED
    x = r.make()
    for y in (x, Dict(1 => [x]), () -> x)
        fault = refused(() -> serialize(IOBuffer(), y))
        @test fault isa InvalidArgument
        @test occursin(r.called, fault.message) && occursin(r.way, fault.message)
    end
    @test refused(() -> deepcopy([x])) isa InvalidArgument
end

@testset "a guard is one thing" begin
    guard = guard_of()
    model = guarded(identity, guard)
    for c in (deepcopy(model), deepcopy([model])[1])
        @test guards(c) == [() => guard] && c(values_like(1, 3, 9)) == values_like(1, 3, 9)
    end
    @test deepcopy(guard.notifier) === guard.notifier && deepcopy(guard.handle) === guard.handle
    for x in (guard.notifier, guard.handle)
        @test refused(() -> serialize(IOBuffer(), x)) isa InvalidArgument
    end
    close(guard)
end

written(x) = (io = IOBuffer(); serialize(io, x); seekstart(io); deserialize(io))

@testset "of a guarded model, the model and the guard's name are written" begin
    guard = guard_of()
    y = values_like(1, 3, 9)
    model = (first = guarded(identity, guard), second = [guarded(Base.Fix1(*, 2), guard)])
    logger = Test.TestLogger()
    read = with_logger(() -> written(model), logger)
    # Said once for a guard, however many places it has.
    @test length(logger.logs) == 1 && occursin(repr(guard.name), logger.logs[1].message) && occursin("not watched", logger.logs[1].message)
    quiet = Test.TestLogger()
    with_logger(quiet) do
        @test read.first(y) == y && read.second[1](y) == 2y
    end
    @test isempty(quiet.logs) && counters(guard).observed == 0
    stood_in = last(only(guards(read.first)))
    @test stood_in.name == guard.name && stood_in === last(only(guards(read.second[1])))
    @test occursin("not in this process", repr(stood_in)) && repr(MIME("text/plain"), stood_in) isa String
    @test stood_in.unwatched[] == 2
    @test close(stood_in) === nothing
    for use in (counters, alerts, verdict, isopen, flush, windows, g -> observe!(g, y), g -> FluxGuard.score(g, y))
        @test refused(() -> use(stood_in)) isa InvalidArgument
    end
    @test unguarded(read.first) === identity && guards(guarded(unguarded(read.first), guard)) == [() => guard]
    # Once more.
    @test with_logger(() -> written(read.first)(y), Test.TestLogger()) == y
    close(guard)
end

# What a saver that knows nothing of FluxGuard makes of an object: one of the same fields.
function field_by_field(x)
    T = typeof(x)
    made = ccall(:jl_new_struct_uninit, Any, (Any,), T)
    for i in 1:nfields(x)
        ccall(:jl_set_nth_field, Cvoid, (Any, Csize_t, Any), made, i - 1, getfield(x, i))
    end
    return made
end

@testset "a pointer that was copied is not followed" begin
    if FluxGuard.binding() === :c
        stream = ADWIN()
        stolen = field_by_field(stream.handle)
        @test stolen.pointer == stream.handle.pointer
        @test occursin("field by field", refused(() -> update!(StreamDetector{:adwin}(stolen), ones(3))).message)
        guard = guard_of()
        @test refused(() -> Native.observe(field_by_field(guard.handle), ones(3, 2), 2, UInt64(1), false)) isa InvalidArgument
        close(guard)
        finalize(stream.handle)
        @test refused(() -> update!(stream, ones(3))) isa FluxGuardError
        stolen.mark = Native.mark(stolen) # as if it were read into the place of the one that died
        @test occursin("field by field", refused(() -> update!(StreamDetector{:adwin}(stolen), ones(3))).message)
        h = (stream = ADWIN()).handle
        code, out, err = run_julia("""
            h = ADWIN().handle
            h.pointer, h.mark = Ptr{Cvoid}($(UInt(h.pointer))), $(h.mark)
            print(try update!(StreamDetector{:adwin}(h), ones(3)) catch error nameof(typeof(error)) end)
            """)
        @test (code, out) == (0, "InvalidArgument")
        code == 0 || print(stderr, err)
    else
        skip_topic("copies: a pointer that was copied", "handles of the jlrs face have no pointer that Julia can read")
    end
end

# The other side of a file: it loads what was saved, has each go on, and prints what they answer, in order.
const OTHER_SIDE = """
    include($(repr(joinpath(@__DIR__, "support", "owners.jl")))); using .Owners
    function answers(objects)
        for owner in KEPT
            println(owner.name, ": ", owner.use(objects[owner.name]))
        end
    end
    """
answers_here(objects) = join((string(owner.name, ": ", owner.use(objects[owner.name]), '\n') for owner in KEPT))

@testset "saved here, used in another process" begin
    path = scratch("objects")
    objects = kept_objects()
    serialize(path, objects)
    expected = answers_here(objects)
    faces = jlrs_missing() === nothing ? ("c", "jlrs") : ("c",)
    for face in faces
        code, out, err = run_julia(OTHER_SIDE * "using Serialization; answers(deserialize($(repr(path))))"; env = Dict("FLUXGUARD_BINDING" => face))
        @test code == 0
        code == 0 || print(stderr, err)
        @test out == expected
    end
    length(faces) == 2 || skip_topic("copies: from the C face to the jlrs face", "the jlrs face cannot be used here")
end

@testset "Distributed" begin
    if Base.find_package("Distributed") === nothing
        skip_topic("copies: Distributed", "not in the environment")
    else
        code, out, err = run_julia("""
            using Distributed
            addprocs(1; exeflags = `--startup-file=no --project=\$(Base.active_project())`)
            @everywhere using FluxGuard
            x = values_like(1, 3, 100)
            d, p, s = fit(KNN, x), fit(Profile, x; output = :values), fit!(ADWIN(), vec(x))
            println(fetch(@spawnat 2 score(d, x)) == score(d, x))
            println(remotecall_fetch(nobs, 2, p))
            s = remotecall_fetch(t -> fit!(t, ones(50)), 2, s)
            println(nobs(s))
            println(pmap(y -> sum(score(d, y)), [x, x]) == fill(sum(score(d, x)), 2))
            guard = Guard(p; log = false)
            model = guarded(identity, guard)
            println(remotecall_fetch(m -> m(ones(3, 2)) == ones(3, 2), 2, model))
            println(try remotecall_fetch(m -> 1, 2, PrivateRun()) catch error nameof(typeof(error)) end)
            close(guard)
            """)
        @test code == 0
        code == 0 || print(stderr, err)
        @test split(out) == ["true", "100", "350", "true", "true", "InvalidArgument"]
    end
end

@testset "JLD2" begin
    if Base.find_package("JLD2") === nothing
        skip_topic("copies: JLD2", "not in the environment")
    else
        path = scratch("objects.jld2")
        code, out, err = run_julia(OTHER_SIDE * """
            using JLD2
            objects = kept_objects()
            detector = objects["KNN"]
            held = (detector, Any[detector], Encoded(identity, detector))
            jldsave($(repr(path)); objects = objects, held = held, unfitted = KNN(neighbors = 7), profile = objects["Profile"])
            answers(objects)
            """)
        @test code == 0
        code == 0 || print(stderr, err)
        loaded, other, err = run_julia(OTHER_SIDE * """
            using JLD2
            jldopen($(repr(path))) do file
                answers(file["objects"])
                held = file["held"]
                println(stderr, held[1] === held[2][1], score(held[3], ones(3, 2)) == score(held[1], ones(3, 2)), file["unfitted"].options["neighbors"], file["profile"])
            end
            """)
        @test loaded == 0
        @test other == out
        @test startswith(err, "truetrue7Profile(values")
        code, out, err = run_julia("""
            include($(repr(joinpath(@__DIR__, "support", "owners.jl")))); using .Owners
            using JLD2: jldsave, load, save_object
            for r in REFUSED
                x = r.make()
                for y in (x, [x], (a = x,), () -> x)
                    fault = try save_object($(repr(scratch("refused.jld2"))), y); "saved" catch error error end
                    println(fault isa InvalidArgument && occursin(r.called, fault.message) ? "refused" : fault)
                end
            end
            guard = GUARD.make()
            path = $(repr(scratch("guarded.jld2")))
            jldsave(path; m = (a = guarded(identity, guard), b = [guarded(identity, guard)]))
            m = FluxGuard.load(path, "m")
            GC.gc()
            println(m.a(ones(3, 2)) == m.b[1](ones(3, 2)) == ones(3, 2) && !first(guards(m.a))[2].here ? "read" : m)
            close(guard)
            """)
        @test code == 0
        code == 0 || print(stderr, err)
        @test split(out) == [fill("refused", 4 * length(REFUSED)); "read"]
    end
end

@testset "BSON" begin
    if Base.find_package("BSON") === nothing
        skip_topic("copies: BSON", "not in the environment")
    else
        path = scratch("objects.bson")
        code, out, err = run_julia("""
            include($(repr(joinpath(@__DIR__, "support", "owners.jl")))); using .Owners
            using BSON
            x = values_like(1, 3, 100)
            d = fit(KNN, x)
            guard = GUARD.make()
            model = (a = guarded(identity, guard), b = [guarded(identity, guard)])
            bson($(repr(path)), Dict(:d => d, :p => fit(Profile, x; output = :values), :m => model))
            read = BSON.load($(repr(path)), Main)
            GC.gc()
            println(score(read[:d], x) == score(d, x), nobs(read[:p]))
            println(read[:m].a(x) == read[:m].b[1](x) == x, first(guards(read[:m].a))[2].here)
            for r in REFUSED
                fault = try bson($(repr(scratch("refused.bson"))), Dict(:x => r.make())); "saved" catch error error end
                println(fault isa InvalidArgument && occursin(r.called, fault.message) ? "refused" : fault)
            end
            close(guard)
            """)
        @test code == 0
        code == 0 || print(stderr, err)
        @test split(out) == ["true100"; "truefalse"; fill("refused", length(REFUSED))]
    end
end
