using Test, FluxGuard, FluxGuard.Outliers, FluxGuard.Sketches, FluxGuard.Privacy, FluxGuard.Errors
using FluxGuard: pack, read_whole, unpack, write_whole
using Main.Support

named(x) = Pair{String,Array}["x" => x, "y" => [1.0]]

@testset "arrays come back with their types and sizes" begin
    path = scratch("x.fg")
    for x in (values_like(1, 3, 4), values_like(1, 2, 2; T = Float32)[:], fill(Float16(2)), UInt8[1, 2, 3], zeros(0, 3), [typemin(Int64)], [NaN, -0.0, Inf])
        write_whole(path, "test", 1, pack((a = "ü\n", b = nothing), named(x)))
        words, arrays = unpack(path, read_whole(path, "test", 1))
        @test words["a"] == "ü\n" && words["b"] === nothing && arrays["y"] == [1.0]
        @test isequal(arrays["x"], x) && typeof(arrays["x"]) === typeof(x) && size(arrays["x"]) == size(x)
    end
    @test readdir(dirname(path)) == ["x.fg"]
    @test_throws InvalidArgument pack((a = 1,), named(big.([1])))
end

@testset "the form is that of Rust's files" begin
    path = scratch("d.fg")
    FluxGuard.save(path, fit(ZScore, values_like(1, 2, 100)))
    @test !isempty(read_whole(path, "detector", 2))
    payload = read_whole(path, "detector", 2)
    write_whole(path, "detector", 2, payload)
    @test FluxGuard.load(Detector, path) isa ZScore
end

@testset "what is not whole is refused with the reason" begin
    path = scratch("x.fg")
    write_whole(path, "test", 1, pack((a = 1,), named([1.0, 2.0])))
    bytes = read(path)
    refused(content) = (write(path, content); try unpack(path, read_whole(path, "test", 1)); "read" catch e; e end)
    for at in (1, 3, 20, 60, length(bytes) ÷ 2, length(bytes))
        changed = copy(bytes)
        changed[at] ⊻= 0x10
        @test refused(changed) isa FileDamaged
    end
    for kept in (0, 1, 40, length(bytes) - 1)
        @test refused(bytes[1:kept]) isa FileDamaged
    end
    @test refused([bytes; 0x00]) isa FileDamaged
    @test occursin("checksum", refused([bytes[1:end-1]; ~bytes[end]]).message)
    write(path, bytes)
    fault = try read_whole(path, "test", 2) catch e e end
    @test fault isa FileVersion && occursin("version 1, this build reads 2", fault.message)
    @test_throws FileKind read_whole(path, "other", 1)
    @test_throws PathUnusable write_whole("/no/such/x", "test", 1, UInt8[])
    @test_throws PathUnusable read_whole("/no/such/x", "test", 1)
    # A checksum that is right says nothing of what was written.
    list(entry) = Vector{UInt8}("{\"arrays\":[$entry]}\n")
    for entry in ("{\"name\":\"x\",\"type\":\"Float64\",\"size\":[4000000000,4000000000]}", "{\"name\":\"x\",\"type\":\"Float64\",\"size\":[-1]}",
        "{\"name\":\"x\",\"type\":\"Any\",\"size\":[1]}", "{\"name\":\"x\"}", "7", "{\"name\":\"x\",\"type\":\"Float64\",\"size\":[0.5]}")
        @test_throws FileDamaged unpack(path, list(entry))
    end
    @test_throws FileDamaged unpack(path, Vector{UInt8}("{\"arrays\":[]}\nx"))
    @test_throws FileDamaged unpack(path, Vector{UInt8}("{}\n"))
    @test_throws FileDamaged unpack(path, Vector{UInt8}("[]\n"))
    @test_throws FileDamaged unpack(path, UInt8[])
end

@testset "files are their owner's, and only files are replaced" begin
    path = scratch("x.fg")
    profile = fit(Profile, logits(1, 300))
    sketch = fit!(Sketch(:kll), 1:9)
    for x in (profile, sketch, fit(KNN, values_like(1, 2, 100)), PrivacyState(Accountant(); clip = 1))
        rm(path; force = true)
        FluxGuard.save(path, x)
        @test filemode(path) & 0o777 == 0o600
        chmod(path, 0o640)
        FluxGuard.save(path, x)
        @test filemode(path) & 0o777 == 0o640 && readdir(dirname(path)) == ["x.fg"]
    end
    @test quantiles(Sketch(:kll, (FluxGuard.save(path, sketch); read(path))), [0, 1]) == [1, 9]
    link = joinpath(dirname(path), "link")
    symlink(path, link)
    for unusable in ("/dev/null", "/dev/full", dirname(path), link), x in (profile, sketch)
        @test_throws PathUnusable FluxGuard.save(unusable, x)
        @test_throws PathUnusable write_whole(unusable, "test", 1, UInt8[1])
    end
    @test islink(link) && quantiles(Sketch(:kll, read(path)), [1]) == [9]
    @test_throws PathUnusable write_whole("/tmp/a\0b", "test", 1, UInt8[1])
    @test_throws InvalidArgument write_whole("/tmp/a\xffb", "test", 1, UInt8[1])
    @test_throws InvalidArgument FluxGuard.save("/tmp/a\xffb", profile)
end
