using Test, FluxGuard, FluxGuard.Errors
using FluxGuard: JSON
using Main.Support

@testset "values" begin
    @test JSON.parse("null") === nothing
    @test JSON.parse(" true\n") === true
    @test JSON.parse("false") === false
    @test JSON.parse("-12") === -12
    @test JSON.parse("0") === 0
    @test JSON.parse("0.1") === 0.1
    @test JSON.parse("-2.5E+3") === -2500.0
    @test JSON.parse("5e-324") === 5e-324
    @test JSON.parse("1e-400") === 0.0
    @test JSON.parse("123456789012345678901234567890") === 123456789012345678901234567890.0
    @test JSON.parse("\"a b\"") == "a b"
    @test JSON.parse("[]") == Any[]
    @test JSON.parse("{ }") == Dict{String,Any}()
    @test JSON.parse("""{"a": [1, 2.5, {"b": null}], "c": "é"}""") ==
        Dict("a" => Any[1, 2.5, Dict("b" => nothing)], "c" => "é")
end

@testset "escapes" begin
    @test JSON.parse("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"") == "\"\\/\b\f\n\r\t"
    @test JSON.parse("\"\\u00e9\\u20AC\\ud83d\\ude00\"") == "é€😀"
end

@testset "refused" begin
    for text in [
        "", " ", "nul", "True", "01", "+1", "1.", ".5", "1e", "-", "0x1", "NaN", "Infinity", "1e999", "[1,]", "[1 2]", "[,1]",
        "[1", "{\"a\":1,}", "{a:1}", "{\"a\" 1}", "{\"a\":1", "{\"a\":1,\"a\":2}", "\"a", "\"\\x\"", "\"\\u12g4\"", "\"\\ud800\"",
        "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"a\nb\"", "'a'", "1 2", "[] []", "\"\xff\"", "\"\\u12",
        "["^300 * "]"^300,
    ]
        @test_throws JSON.JSONError JSON.parse(text)
    end
end

@testset "the position of the fault" begin
    fault = try
        JSON.parse("[1, x]")
    catch error
        error
    end
    @test fault.position == 5
    @test occursin("byte 5", sprint(showerror, fault))
end

@testset "what is written is read back" begin
    for value in Any[nothing, true, 0, -7, 1.5, 1e-9, 1e22, "", "a\"b\\c\n\t\u1", "é😀", Any[], Any[1, Any[2.5, nothing]],
        Dict("x" => Any["y"], "z" => Dict("w" => 1))]
        @test JSON.parse(JSON.write(value)) == value
    end
    @test JSON.write((a = 1, b = [:c, "d"])) == """{"a":1,"b":["c","d"]}"""
    @test JSON.write([1 // 4, 0.5f0, nothing]) == "[0.25,0.5,null]"
    @test JSON.write(Dict(:k => (1, 2))) == """{"k":[1,2]}"""
    @test JSON.options((a = nothing, b = [(c = nothing, d = 1)], e = [nothing])) == JSON.write(Dict("b" => [Dict("d" => 1)], "e" => [nothing]))
end

test_faults([("$value in $(typeof(form(value)))", InvalidArgument, words, () -> JSON.write(form(value)))
    for (value, words) in ((NaN, ["NaN"]), (Inf, ["Inf"]), (-Inf32, ["-Inf"]), (1 + 2im, ["Complex"]), ("\xff", ["UTF-8"]))
    for form in (identity, x -> (rate = x,), x -> Dict("rate" => Any[1, x]), x -> (outer = (rate = x,),))])

@testset "the member is named" begin
    fault = try JSON.write((outer = (rate = [NaN],),)) catch error error end
    @test startswith(sprint(showerror, fault), "InvalidArgument: rate: got NaN") || startswith(fault.message, "rate: got NaN")
end
