# When to look again. Later lots are examined at random moments, for less than a hundredth of the time that training takes.

# The part of the time that examinations may take, on average.
const EXAMINED = 0.005

"""
The time (ns) that training took since the last examination, the time that one costs, and by how many times its cost the next one
waits, drawn from an exponential distribution. `skip`: lots to leave out, after one that proved nothing; `largest`: the largest lot
that proved nothing.
"""
mutable struct Watch
    last::UInt64
    trained::Float64
    cost::Float64
    patience::Float64
    skip::Int
    waited::Int
    largest::Int
    draw::Random.Xoshiro
end

Watch() = (draw = Random.Xoshiro(); Watch(0, 0.0, 0.0, Random.randexp(draw), 0, 0, 0, draw))

"Count the time since the last lot was about to begin."
tick!(w::Watch) = (now = time_ns(); w.last == 0 || (w.trained += now - w.last); w.last = now; w)

"Whether an examination is paid for by the time that training took."
paid(w::Watch) = EXAMINED * w.trained > w.cost * w.patience

"Whether to try again to prove what no lot has proven: for a larger lot, else after 1, 2, 4, ... lots."
function tryagain!(w::Watch, n)
    n > w.largest || (w.waited += 1) > w.skip || return false
    w.waited = 0
    return true
end

"An examination that cost `seconds` was made; `proven` tells whether there is nothing more to prove."
function examined!(w::Watch, seconds, proven, n)
    w.last = time_ns()
    w.trained, w.cost, w.patience = 0.0, 1e9seconds, Random.randexp(w.draw)
    proven || (w.skip = min(2w.skip + 1, 255); w.largest = max(w.largest, n))
    return w
end
