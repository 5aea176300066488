using Test, LinearAlgebra, Random, FluxGuard, FluxGuard.Drift, FluxGuard.Errors
using FluxGuard: Native, observations
using FluxGuard.Native: contiguous
using Main.Support

y = logits(2, 24)

@testset "what is read in place" begin
    @test contiguous(y)
    @test contiguous(vec(y))
    @test contiguous(view(y, :, 3:9))
    @test contiguous(view(y, :, 3))
    @test contiguous(view(y, :, :))
    @test contiguous(view(vec(y), 5:9))
    @test contiguous(reshape(view(y, :, 3:8), 2, 2, 6))
    @test contiguous(reinterpret(Float32, rand(UInt32, 4, 3)))
    @test contiguous(view(reshape(y, 4, 4, 6), :, :, 2:3))
    @test contiguous(view(reshape(y, 4, 4, 6), :, 2:3, 5)) # whole columns of one slice
    @test contiguous(view(y, 2:2, 5:5))
end

@testset "what is copied first" begin
    @test !contiguous(view(y, 1:3, :))
    @test !contiguous(view(y, :, 1:2:9))
    @test !contiguous(view(y, :, [3, 1, 2]))
    @test !contiguous(view(reshape(y, 4, 4, 6), :, 2:3, 5:6))
    @test !contiguous(view(y, :, 9:-1:3))
    @test !contiguous(PermutedDimsArray(y, (2, 1)))
    @test !contiguous(transpose(y))
    @test !contiguous(Diagonal(ones(3)))
    @test !contiguous(reshape(view(y, 1:2, :), 4, 12))
    @test !contiguous(1.0:2.0:9.0)
    @test !contiguous(reinterpret(Float32, view(rand(UInt32, 4, 3), 1:2, :)))
end

# An array of a device: dense, but neither its pointer nor its elements can be reached from the host; `Array` fetches it.
struct DeviceArray{T,N} <: DenseArray{T,N}
    data::Array{T,N}
end
Base.size(a::DeviceArray) = size(a.data)
Base.getindex(::DeviceArray, i...) = error("an element of a device array was read on the host")
Base.unsafe_convert(::Type{Ptr{T}}, ::DeviceArray{T}) where {T} = error("the pointer of a device array was read on the host")
Base.Array(a::DeviceArray) = copy(a.data)

# Axes that do not start at 1.
struct Shifted{T,N} <: AbstractArray{T,N}
    data::Array{T,N}
end
Base.size(a::Shifted) = size(a.data)
Base.axes(a::Shifted) = map(n -> Base.IdentityUnitRange(0:n-1), size(a.data))
Base.getindex(a::Shifted{T,N}, i::Vararg{Int,N}) where {T,N} = a.data[(i .+ 1)...]
Base.IndexStyle(::Type{<:Shifted}) = IndexCartesian()

@testset "every form gives the verdict of its plain copy" begin
    Guard(baseline(); log = false) do guard
        copied() = counters(guard).copied
        forms = [
            (0, y), (0, view(y, :, 3:9)), (0, reshape(view(y, :, 1:6), 2, 2, 6)), (0, reinterpret(Float32, reinterpret(UInt32, copy(y)))),
            (0, reshape(y, 2, 2, 24)), (0, reshape(y, 4, 1, 24)),
            (1, view(y, :, 1:2:9)), (1, view(y, :, 9:-1:3)), (1, PermutedDimsArray(permutedims(y), (2, 1))), (1, transpose(permutedims(y))),
            (1, view(rand(Float32, 9, 12), 2:5, :)), (1, DeviceArray(y)), (1, Shifted(y)),
        ]
        for (copies, form) in forms
            before = copied()
            plain = form isa Union{DeviceArray,Shifted} ? form.data : copy(form)
            expected = FluxGuard.score(guard, Array(plain))
            seen = observe!(guard, form)
            @test seen.scores == expected.scores
            @test (seen.observations, seen.indices, seen.predicted) == (expected.observations, expected.indices, expected.predicted)
            @test copied() - before == copies
        end
        flush(guard)
        @test counters(guard).observed == sum(form -> size(last(form), ndims(last(form))), forms)
    end
end

@testset "the three element types agree" begin
    Guard(baseline(); log = false) do guard
        half = Float16.(y)
        scores = [observe!(guard, T.(half)).scores for T in (Float16, Float32, Float64)]
        @test scores[1] ≈ scores[3] rtol = 1e-3
        @test scores[2] ≈ scores[3] rtol = 1e-5
    end
end

@testset "no other element type" begin
    Guard(baseline(); log = false) do guard
        for T in (Int, BigFloat, ComplexF32, Bool, Any)
            other = Array{T}(undef, 4, 3)
            other .= 1
            fault = try observe!(guard, other) catch error; error end
            @test fault isa ElementTypeUnsupported
            @test occursin(string(T), fault.message) && occursin("Float32", fault.message)
            @test_throws ElementTypeUnsupported fit(Profile, other)
            @test_throws ElementTypeUnsupported FluxGuard.score(guard, other)
            T in (Int, Bool) && continue # of which a comparison makes numbers
            @test_throws ElementTypeUnsupported compare(y, other)
            @test_throws ElementTypeUnsupported compare(other, y)
        end
        @test_throws InvalidArgument observe!(guard, "text")
        @test_throws InvalidArgument observe!(guard, (y, y))
        @test counters(guard).observed == 0
    end
end

@testset "a vector" begin
    Guard(baseline(); log = false) do guard
        @test observe!(guard, y[:, 1]).observations == 1
        @test_throws FeatureMismatch observe!(guard, y[1:3, 1])
    end
    Guard(fit(Profile, values_like(1, 1, 500); output = :values); log = false) do guard
        @test observe!(guard, randn(7)).observations == 7
    end
    @test observations(fill(1.0)) == 1
    @test observations(ones(3)) == 3
    @test observations(ones(2, 3, 5)) == 5
end
