# What an output is: said, or recognized by its numbers.

using Test, FluxGuard, FluxGuard.Errors
using FluxGuard: describe
using Main.Support

sigmoid(z) = 1 / (1 + exp(-z))
softmax(z) = exp.(z) ./ sum(exp.(z); dims = 1)
z = values_like(5, 4, 600) .* 2

@testset "recognized, and told" begin
    for (y, kind) in ((softmax(z), "probabilities"), (sigmoid.(z), "multilabel"), (z, "logits"), (z[1:1, :], "values"))
        p = fit(Profile, y)
        @test describe(p)["output"] == kind
        @test occursin("$kind (by what they look like)", sprint(show, MIME("text/plain"), p))
    end
    said = fit(Profile, softmax(z); output = :values)
    @test !occursin("look like", sprint(show, MIME("text/plain"), said))
    empty = Profile()
    fit!(empty, softmax(z)[:, 1:300])
    fit!(empty, softmax(z)[:, 301:600])
    @test describe(empty)["output"] == "probabilities" && nobs(empty) == 600
end

@testset "what it cannot be is contradicted" begin
    message(y, kind) = try
        fit(Profile, y; output = kind)
        ""
    catch error
        error isa InvalidArgument ? sprint(showerror, error) : rethrow()
    end
    for (y, kind, instead) in ((softmax(z), :logits, "\"probabilities\""), (z, :probabilities, "logits"), (sigmoid.(z), :multilabel_logits, "\"multilabel\""),
        (z[1:1, :], :logits, "binary"), (z[1:1, :], :binary, "logits"), (z, :binary_logit, "multilabel"), (z[1:3, :], :gaussian, "even"), (z, :gaussian, "squares"),
        (z, :mixture, "three features"), (z, :labels, "multilabel_logits"))
        @test occursin(instead, message(y, kind))
    end
end

@testset "parts of an output are no batches, and one number has two classes" begin
    for parts in ((mean = z[1:2, :], std = z[3:4, :]), (z[1:2, :], z[3:4, :]))
        told = try fit(Profile, parts; output = :values) catch error sprint(showerror, error) end
        @test occursin("outputs", told) && occursin("vcat", told)
    end
    p = vec(sigmoid.(z[1, :]))
    Guard(fit(Profile, reshape(p, 1, :); output = :binary, names = ["spam"]); window = 100, log = false) do guard
        @test guard.output === :binary
        observe!(guard, reshape(p[p .< 0.5][1:100], 1, :))
        flush(guard)
        told = only(a.message for a in alerts(guard) if a.kind === :vanished_class)
        @test occursin("class spam is predicted no more", told)
    end
end

@testset "kinds of their own" begin
    mixture = vcat(softmax(z[1:2, :]), z[3:4, :], exp.(z[1:2, :]))
    kinds = (binary = sigmoid.(z[1:1, :]), binary_logit = z[1:1, :], multilabel = sigmoid.(z), multilabel_logits = z,
        gaussian = vcat(z[1:2, :], exp.(z[3:4, :])), mixture = mixture)
    own = (binary = [:msp], binary_logit = [:msp], multilabel = [:entropy, :joint_energy], multilabel_logits = [:entropy, :joint_energy],
        gaussian = [:distance, :entropy], mixture = [:distance, :entropy])
    for kind in keys(kinds), T in (Float16, Float32, Float64)
        y = T.(kinds[kind])
        Guard(fit(Profile, y; output = kind); anomaly_rate = 0.01) do guard
            @test guard.output === kind
            v = observe!(guard, y[:, 1:50])
            @test v.detectors == own[kind] && all(isfinite, v.scores)
            if kind in (:binary, :binary_logit)
                @test v.predicted == [x > (kind === :binary ? 0.5 : 0) ? 2 : 1 for x in y[1, 1:50]]
            else
                @test v.predicted === nothing
            end
            @test size(score(guard, y[:, 1:0]).scores) == (length(own[kind]), 0)
        end
    end
    # By hand: the entropy of a normal distribution, and of a label.
    g = Guard(fit(Profile, kinds.gaussian; output = :gaussian); anomaly_rate = 0.01)
    v = score(g, [0.0 0.0; 0.0 0.0; 1.0 4.0; 1.0 9.0])
    @test v.scores[2, :] ≈ [log(2π * ℯ), log(2π * ℯ) + log(6)] rtol = 1e-6
    close(g)
    g = Guard(fit(Profile, z; output = :multilabel_logits); anomaly_rate = 0.01)
    v = score(g, reshape([0.0, 0.0, 0.0, 0.0], 4, 1))
    @test v.scores[:, 1] ≈ [4log(2), -4log(2)] rtol = 1e-6
    close(g)
end
