using Test, FluxGuard, FluxGuard.Outliers, FluxGuard.Sequences, FluxGuard.Privacy, FluxGuard.Errors
using FluxGuard: JSON, Native, SEQUENCE_DETECTORS, describe, face
using Main.Support

# Chains that go round, and a bit astray.
turn(seed, n) = [string("s", (seed + i + (seed * i) % 7 ÷ 6) % 5) for i in 1:n]
const ROUNDS = [turn(seed, 6 + seed % 9) for seed in 1:120]
const ASTRAY = [["s0", "s3", "s1", "s1", "s4", "s0"], ["s0", "new", "s2"]]

@testset "every name of Rust has a type, and back" begin
    @test sort!(collect(keys(SEQUENCE_DETECTORS))) == sort!(String.(Native.ask(face(), "sequence.names")))
end

@testset "$name" for (name, type) in SEQUENCE_DETECTORS
    d = fit(type, ROUNDS)
    @test nobs(d) == 120 && occursin("120 sequences", sprint(show, d)) && occursin(name, sprint(show, MIME("text/plain"), d))
    scores = score(d, ASTRAY)
    @test [score(d, [x])[1] for x in ASTRAY] == scores && perplexity(d, ASTRAY) == exp.(scores)
    name == "frequency" || @test all(pvalue(d, ASTRAY) .< 0.05) && all(scores .> threshold(d; rate = 0.1))
    told = explain(d, ASTRAY)[2]
    @test [s.symbol for s in told][1:3] == ASTRAY[2] && [s.seen for s in told][1:3] == [true, false, true]
    @test sum(s.surprisal for s in told) / length(told) ≈ scores[2]
    @test isnan(score(d, [String[]])[1]) == (name != "ngram")
    path = scratch("sequence.fg")
    FluxGuard.save(path, d)
    again = FluxGuard.load(SequenceDetector, path)
    @test typeof(again) === type && score(again, ASTRAY) == scores && score(fit!(again, ROUNDS), ASTRAY) == scores
end

@testset "texts and symbols" begin
    texts = ["der Hund läuft schnell", "die Katze läuft", "der Hund schläft", "die Katze schläft gut"]
    d = fit(NGram, texts; order = 2, tokens = :words, lowercase = true, calibration = :none)
    @test score(d, "Der Hund läuft") < score(d, "läuft Hund der")
    @test [s.symbol for s in explain(d, ["Die Maus"])[1]] == ["die", "maus", nothing]
    @test score(fit(NGram, texts; tokens = :characters), texts) != score(fit(NGram, texts; tokens = :words), texts)
    @test_throws Incompatible pvalue(d, texts)
    whole = fit(MarkovChain, [[1, 2, 3, 1, 2], [2, 3, 1]]; calibration = :none)
    @test score(whole, [[1, 2]]) == score(fit(MarkovChain, [[:a, :b, :c, :a, :b], [:b, :c, :a]]; calibration = :none), [[:a, :b]])
    quoted = fit(Frequency, ["a \"b\"\n", "c\\", "a \"b\"\n"]; calibration = :none)
    @test score(quoted, ["a \"b\"\n"])[1] ≈ -log(2.5 / 4.5)
end

@testset "what is missing is no symbol, has no score and is not learned from: $name" for (name, type) in SEQUENCE_DETECTORS
    holes = Any[missing; [Any[missing; x; missing] for x in ROUNDS]; [[missing, missing]]]
    d, plain = fit(type, holes), fit(type, ROUNDS)
    @test nobs(d) == nobs(plain) == 120
    asked = Any[ASTRAY[1], missing, Any["s0", missing, "new", "s2"], [missing]]
    for f in (score, pvalue)
        got, want = f(d, asked), f(plain, ASTRAY)
        @test got[[1, 3]] == want && all(isnan, got[[2, 4]])
        @test all(isnan, f(d, [missing])) && length(f(d, [missing, missing])) == 2
    end
    @test explain(d, asked)[[1, 3]] == explain(plain, ASTRAY) && isempty(explain(d, asked)[2]) && isempty(explain(d, asked)[4])
    @test_throws BaselineTooSmall fit(type, [missing, missing])
    @test_throws InvalidArgument score(d, [[big(2)^64]])
    name == "frequency" && @test categories(d, ["s0", missing, "new"]).unseen_share == 0.5
end

@testset "categories" begin
    d = fit(Frequency, ["red", "red", "red", "red", "green", "green", "green", "blue", "blue", "gray"])
    report = categories(d, ["red", "green", "violet", "violet"])
    @test [(c.category, c.count) for c in report.unseen] == [("violet", 2)]
    @test report.unseen[1].p_value ≈ 4 * 3 / (14 * 13) && report.unseen_share == 0.5
    @test [c.category for c in report.vanished] == ["blue", "gray"] && report.expected_unseen_share == 0.1
    @test 0 < report.chi2 < 1 && 0 < report.g < 1
    @test_throws Incompatible categories(fit(MarkovChain, ROUNDS), ROUNDS)
end

@testset "bad input" begin
    @test_throws BaselineTooSmall fit(MarkovChain, String[])
    @test_throws BaselineTooSmall fit(MarkovChain, ["a b"])
    @test_throws InvalidArgument fit(MarkovChain, ["a b", ""])
    @test_throws InvalidArgument fit(MarkovChain, ROUNDS; order = -1)
    @test_throws InvalidArgument fit(NGram, ROUNDS; discount = 2)
    @test_throws InvalidArgument fit(NGram, ROUNDS; tokens = :letters)
    @test_throws InvalidArgument fit(NGram, ROUNDS; neighbors = 2)
    @test_throws InvalidArgument fit(NGram, [[1.5, 2.5], [1.5]])
    @test_throws InvalidArgument fit(NGram, 7)
    @test_throws InvalidArgument score(NGram(), ROUNDS)
    path = scratch("markov.fg")
    FluxGuard.save(path, fit(MarkovChain, ROUNDS))
    @test_throws Incompatible FluxGuard.load(NGram, path)
    @test_throws FileKind FluxGuard.load(Detector, path)
    @test_throws InvalidArgument Recurrent(hidden = 0)
end
