# Tests of the example's own parts: julia examples/digits/test.jl
# The closing line counts them, for scripts/test.

using Test

include("Digits.jl")
using .Digits
using .Digits: Stream, alert_lines, bits!, gradients, normals!, parameters, permutation!, uniforms!

const has_flux = flux_loads()
has_flux && include("flux.jl")

const images, labels = load_digits()
const parts = split_digits(images, labels)

# The gradient of `f` by `array`, by central differences: `f` reads the array, each element is moved and put back.
function differences(f, array; h = 1.0f-2)
    map(eachindex(array)) do i
        here = array[i]
        array[i] = here + h
        up = f()
        array[i] = here - h
        down = f()
        array[i] = here
        return (up - down) / 2h
    end
end

passes(set::Test.DefaultTestSet) = set.n_passed + sum(Int[passes(part) for part in set.results if part isa Test.DefaultTestSet])

outcome = try
    @testset "Digits" begin
        @testset "random" begin
            # The first outputs for the seed 1234567, as other implementations of SplitMix64 give them.
            stream = Stream(1234567)
            @test [bits!(stream) for _ in 1:3] == [6457827717110365317, 3203168211198807973, 9817491932198370423]
            u = uniforms!(Stream(1), 100, 100)
            @test all(0 .<= u .< 1) && abs(sum(u) / length(u) - 0.5) < 4 * sqrt(1 / 12 / length(u))
            z = normals!(Stream(1), 100, 100)
            @test abs(sum(z) / length(z)) < 4 / sqrt(length(z)) && abs(sum(abs2, z) / length(z) - 1) < 4 * sqrt(2 / length(z))
            @test sort(permutation!(Stream(1), 100)) == 1:100 != permutation!(Stream(1), 100)
        end

        @testset "data" begin
            @test size(images) == (64, 1797) && eltype(images) == Float32 && extrema(images) == (0, 1)
            @test [count(==(digit), labels) for digit in 0:9] == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
            @test images[1:8, 1] == Float32[0, 0, 5, 13, 9, 1, 0, 0] ./ 16 && labels[1:3] == [0, 1, 2]

            @test size(parts.heldout.images) == (64, 449) && size(parts.serve.images) == (64, 449) && length(parts.train.labels) == 899
            rows(images, labels) = sort([(labels[i], images[:, i]) for i in eachindex(labels)])
            together = [parts.train, parts.heldout, parts.serve]
            @test rows(hcat((p.images for p in together)...), vcat((p.labels for p in together)...)) == rows(images, labels)
            @test parts == split_digits(images, labels) && parts != split_digits(images, labels; seed = 2)
            @test_throws ArgumentError split_digits(images, labels; heldout = 0.5, serve = 0.5)

            mktemp() do path, io
                write(io, "header\n", join(fill("17", 65), ","), "\n")
                close(io)
                @test_throws ErrorException load_digits(path)
            end
        end

        @testset "corrupt" begin
            x = parts.serve.images
            gradient = (images, labels) -> images .- 0.5f0
            for y in (rotated(x, 33), noisy(x, 0.5), noisy(x, 0.5; kind = :uniform), inverted(x), scrambled(x), static(size(x, 2)),
                adversarial(gradient, x, parts.serve.labels; eps = 0.1))
                @test size(y) == size(x) && eltype(y) == Float32 && all(0 .<= y .<= 1) && y != x
            end
            @test rotated(x, 0) == x
            @test rotated(rotated(x, 90), 270) ≈ x && rotated(x, 360) ≈ x
            # A quarter turn counter-clockwise brings the right column to the top.
            square = permutedims(reshape(x[:, 1], 8, 8))
            @test permutedims(reshape(rotated(x[:, 1:1], 90), 8, 8)) ≈ rotl90(square)

            @test noisy(x, 0) == x && noisy(x, 0.3) == noisy(x, 0.3) != noisy(x, 0.3; seed = 2)
            @test maximum(abs, noisy(x, 0.2; kind = :uniform) .- x) <= 0.2f0
            @test_throws ArgumentError noisy(x, 0.1; kind = :pink)
            @test sort(scrambled(x)[:, 1]) == sort(x[:, 1]) && inverted(inverted(x)) ≈ x
            @test maximum(abs, adversarial(gradient, x, parts.serve.labels; eps = 0.1) .- x) <= 0.1f0 + eps(Float32)
        end

        @testset "network" begin
            @testset "gradient against finite differences" begin
                network = Network(inputs = 5, hidden = 7, classes = 3, seed = 3)
                x, y = normals!(Stream(4), 5, 6), [0, 1, 2, 2, 1, 0]
                loss() = cross_entropy(network(x), y)
                gradient = gradients(network, x, y)
                for (θ, g) in zip(parameters(network), gradient.parameters)
                    @test isapprox(vec(g), vec(differences(loss, θ)); atol = 2e-3)
                end
                @test isapprox(vec(gradient.inputs), vec(differences(loss, x)); atol = 2e-3)
                @test gradient.logits == network(x)
                @test input_gradient(network)(x, y) == gradient.inputs
            end

            @testset "cross-entropy" begin
                @test cross_entropy(zeros(Float32, 10, 4), [0, 3, 6, 9]) ≈ log(10)
                @test cross_entropy(Float32[1000 0; 0 1000], [0, 1]) == 0
                @test cross_entropy(Float32[1000 0; 0 1000], [1, 0]) == 1000
            end

            @testset "training" begin
                network = Network()
                epochs, losses = Int[], Float64[]
                seconds = @elapsed train!(network, parts.train.images, parts.train.labels;
                    progress = (epoch, loss, accuracy) -> (push!(epochs, epoch); push!(losses, loss)))
                heldout = accuracy(network(parts.heldout.images), parts.heldout.labels)
                println("trained in ", round(seconds, digits = 1), " s: ", network, ", held-out accuracy ", round(100heldout, digits = 1), " %")
                @test epochs == 1:30 && losses[end] < losses[1] / 10
                @test heldout > 0.95

                # The same run again gives the same network.
                again = train!(Network(), parts.train.images, parts.train.labels; epochs = 2)
                @test again(images) == train!(Network(), parts.train.images, parts.train.labels; epochs = 2)(images)

                # What the demo relies on: the corruptions hurt.
                x, y = parts.serve.images, parts.serve.labels
                clean = accuracy(network(x), y)
                @test accuracy(network(adversarial(input_gradient(network), x, y; eps = 0.15)), y) < clean - 0.3
                @test accuracy(network(rotated(x, 45)), y) < clean - 0.2
            end
        end

        @testset "table" begin
            alert(guard, kind, severity) = (guard = guard, kind = kind, severity = severity)
            raised = Pair[alert("a", :drift, :critical) => 50, alert("a", :anomaly, :critical) => 50, alert("b", :drift, :warning) => 50]
            @test alert_lines(raised) == ["a: drift, anomaly (critical) after 50", "b: drift (warning) after 50"]
            @test alert_lines(Pair[]) == []
            total = Served(10, 9, (1, 2), raised) + Served(20, 20, (0, 3), Pair[])
            @test (total.images, total.correct, total.flagged, length(total.alerts)) == (30, 29, (1, 5), 3)
            @test ismissing((total + Served(5, missing, (0, 0), Pair[])).correct)
        end

        has_flux && @testset "Flux" begin
            model = train!(classifier(:flux), parts.train.images, parts.train.labels)
            x, y = parts.heldout.images, parts.heldout.labels
            @test accuracy(model(x), y) > 0.95
            @test accuracy(model(adversarial(input_gradient(model), x, y; eps = 0.15)), y) < accuracy(model(x), y) - 0.3

            # The same weights give both networks the same gradient.
            network = Network(model[1].weight, model[1].bias, model[2].weight, model[2].bias)
            @test isapprox(input_gradient(model)(x, y), input_gradient(network)(x, y); rtol = 1e-4)
        end

        @testset "progress" begin
            io = IOBuffer()
            progress = Progress(20; io = io)
            for epoch in 1:20
                progress(epoch, 0.5, 0.9)
            end
            written = String(take!(io))
            @test count(==('\n'), written) == 11 && !occursin('\r', written)
            @test occursin("epoch  20/20  loss 0.5000  accuracy  90.0 %", written)
        end
    end
catch failure
    failure isa Test.TestSetException || rethrow()
    failure
end

failed = outcome isa Test.TestSetException ? outcome.fail + outcome.error : 0
passed = outcome isa Test.TestSetException ? outcome.pass : passes(outcome)
has_flux || println("SKIPPED: the example's network in Flux: there is no Flux in this environment")
println("Digits tests: ", passed, " passed, ", failed, " failed, ", has_flux ? 0 : 1, " skipped")
exit(failed > 0 ? 1 : 0)
