# A reference that is prepared once, beside the same that is sorted in each call.

function prepared_rows()
    rng = MersenneTwister(23)
    rows = Row[]
    for (m, n) in ((10_000, 10_000), (100_000, 1_000)), test in (:ks, :psi)
        reference = randn(rng, COLUMNS, m)
        current = randn(rng, COLUMNS, n) .+ range(0, 0.1; length = COLUMNS)
        prepared = fit(Reference, reference)
        sample = timer(x -> compare(x, current; tests = [test], method = test === :ks ? :asymptotic : :auto), reference)
        again = timer(r -> compare(r, current; tests = [test], method = test === :ks ? :asymptotic : :auto), prepared)
        times = alternate([sample, again]; rounds = 60, seconds = 20)
        push!(rows, ratio_row("A prepared reference beside the sample itself, $COLUMNS columns in no order, Float64, compare(...)",
            "$test, $m reference rows, $n current: of its time", times[:, 1], times[:, 2]; digits = 3))
    end
    return rows
end
