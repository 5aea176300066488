# Random numbers held still: the same ones for every evaluation, and afterwards all as if none had been drawn.

const TASK_RANDOM = Tuple(name for name in fieldnames(Task) if startswith(String(name), "rngState"))

"""
    held(f, seed, generators = ())

`f()` with the task's random numbers begun at `seed`, and those of the `generators`. They go on afterwards where they were,
also after an error.
"""
function held(f::F, seed, generators = ()) where {F}
    task = current_task()
    state = map(name -> getfield(task, name), TASK_RANDOM)
    copies = map(copy, generators)
    try
        Random.seed!(Random.default_rng(), seed)
        foreach(generator -> Random.seed!(generator, seed), generators)
        return f()
    finally
        foreach(copy!, generators, copies)
        foreach((name, value) -> setfield!(task, name, value), TASK_RANDOM, state)
    end
end

"Random generators of its own that a value holds."
generators(x) = Random.AbstractRNG[g for g in mutables(x) if g isa Random.AbstractRNG && holdable(g)]

holdable(g) = applicable(copy, g) && applicable(copy!, g, g) && applicable(Random.seed!, g, 1)

"Everything mutable in `x` but arrays of numbers; of a value with very many parts (a data set) the first $MOST_LEAVES."
function mutables(x)
    seen = Base.IdSet{Any}()
    mutables!(seen, x)
    return seen
end

function mutables!(seen, @nospecialize(x))
    (x isa Plain || length(seen) >= MOST_LEAVES) && return
    if x isa Array
        (isbitstype(eltype(x)) || eltype(x) <: Union{Number,AbstractString}) && return
        first_time!(seen, x) && foreach(i -> isassigned(x, i) && mutables!(seen, x[i]), eachindex(x))
    elseif !ismutable(x) || first_time!(seen, x)
        x isa Random.AbstractRNG && return
        x isa AbstractDict && return foreach(y -> mutables!(seen, y), values(x))
        foreach(i -> isdefined(x, i) && mutables!(seen, getfield(x, i)), 1:fieldcount(typeof(x)))
    end
    return
end
