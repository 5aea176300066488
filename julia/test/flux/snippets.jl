# The code of README and docs, as it is printed there: what stands in a block is run, one block after the other of a page.

using Test, FluxGuard
using Main.Support

const ROOT = checkout_file()
const PAGES = ["README.md"; [joinpath("docs", file) for file in sort!(readdir(joinpath(ROOT, "docs"))) if endswith(file, ".md")]]

blocks(page) = [String(m.captures[1]) for m in eachmatch(r"^```julia\n(.*?)^```"ms, read(joinpath(ROOT, page), String))]

# What a reader has already, by page.
const READERS = Dict(
    "README.md" => """
        using Flux, FluxGuard
        inputs(seed, n) = 2 .* Main.Support.values_like(seed, 20, n)
        model = Chain(Dense(20 => 16, tanh), Dense(16 => 5)) |> f64
        reference, x = inputs(1, 2000), inputs(2, 64)
        page_someone(text) = println(text)
        serve(model) = model(x)
        activations = Guard(fit(Profile, model[1:2](reference); output = :logits))
        reference_outputs, current_outputs = model(reference[:, 1:1000]), model(reference[:, 1001:2000])
        batch = model(reference[:, 1:30])
        """,
    "docs/privacy.md" => "per_example_gradients(lot) = Float32.(Main.Support.values_like(3, 20, length(lot)))",
    "docs/private-training.md" => "",
)

@testset "a page with code has a reader" begin
    @test issubset(Set(filter(page -> !isempty(blocks(page)), PAGES)), keys(READERS))
end

@testset "$page" for page in sort!(collect(keys(READERS)))
    @test !isempty(blocks(page))
    reader = Module(:Reader)
    run(code) = Base.include_string(reader, code, page)
    mktempdir() do folder # some write files
        cd(folder) do
            run(READERS[page])
            for block in blocks(page)
                @test try
                    redirect_stdout(() -> run(block), devnull)
                    true
                catch error
                    @error "the code of $page" exception = (error, catch_backtrace())
                    false
                end
            end
        end
    end
end
