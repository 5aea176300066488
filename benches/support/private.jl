# A private training step beside the same model's ordinary one, in a process of its own with two threads; and Opacus's, if it is there.

const PRIVATE_TARGETS = (("mlp", "fast", 1.3), ("mlp", "discrete", 1.6), ("cnn", "fast", nothing), ("cnn", "discrete", 1.8))
const PRIVATE_MEMORY = 1.2

function private_rows()
    topic = "A private training step (gradient and update) of a Flux model, beside the ordinary one; two threads"
    Base.find_package("Flux") === nothing && return [Row(topic, "private step"; figure = "skipped", note = "there is no Flux in this environment")]
    what = Dict("mlp" => "MLP 784-256-128-10, lot 256", "cnn" => "CNN 28x28, lot 128")
    script = joinpath(@__DIR__, "private_step.jl")
    rows = Row[]
    for (network, noise, at_most) in PRIVATE_TARGETS
        command = `$(Base.julia_cmd()) --startup-file=no --threads=2 --project=$(Base.active_project()) $script $network $noise`
        lines = split(strip(read(command, String)), '\n')
        times = permutedims(reduce(hcat, [parse.(Float64, split(line)) for line in lines[1:end-1]]))
        ordinary, private = parse.(Int, split(lines[end]))
        push!(rows, ratio_row(topic, "$(what[network]), $noise noise", times[:, 1], times[:, 2]; at_most = at_most, digits = 2))
        noise == "discrete" && push!(rows, Row(topic, "  allocated in a step"; beside = bytes(ordinary), ours = bytes(private),
            figure = @sprintf("%.2f x", private / ordinary), target = "<= $PRIVATE_MEMORY x", met = private <= PRIVATE_MEMORY * ordinary))
    end
    return [rows; opacus_rows(what)]
end

"The same steps by torch and Opacus, each beside torch's own ordinary step: what a private step costs there."
function opacus_rows(what)
    topic = "The same by Opacus: its private step beside torch's ordinary one; two threads"
    program = get(ENV, "FLUXGUARD_BENCH_OPACUS", "")
    isempty(program) && return [Row(topic, "private step"; figure = "skipped", note =
        get(ENV, "FLUXGUARD_BENCH_OPACUS_MISSING", "FLUXGUARD_BENCH_OPACUS=install fetches torch, some gigabytes"))]
    return [begin
        peer_program = joinpath(@__DIR__, "private_opacus.py")
        lines = split(strip(read(`$program $peer_program $network $mode`, String)), '\n')
        times = permutedims(reduce(hcat, [parse.(Float64, split(line)) .* 1e6 for line in lines]))
        ratio_row(topic, "$(what[network]), $mode", times[:, 1], times[:, 2]; digits = 2)
    end for network in ("mlp", "cnn") for mode in ("hooks", "ghost")]
end
