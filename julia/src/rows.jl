# Results as tables: rows by name. The extension for Tables.jl makes them its sources.

"""
    FluxGuard.rows(result) -> Vector{NamedTuple}

A result as a table, one row each: per feature and test of a comparison, per tested thing of a window, per alert, per observation of a verdict,
per chunk of a performance report. Sources of Tables.jl themselves (`DataFrame(alerts(guard))`) where that package is loaded.
"""
function rows end

test_row(t::TestResult) = (name = t.name, test = t.test, statistic = t.statistic, p_value = t.p_value, adjusted_p_value = t.adjusted_p_value,
    effect = t.effect, min_effect = t.min_effect, method = t.method, drift = t.drift)
rows(c::Comparison) = [test_row(t) for t in [[t for column in c.columns for t in column.tests]; missing_tests(c); c.all_columns]]

rows(list::AbstractVector{Alert}) = [alert_row(a) for a in list]
alert_row(a::Alert) = (id = a.id, time = a.time, guard = a.guard, model = a.model, kind = a.kind, severity = a.severity, feature = a.feature,
    class = a.class, test = a.test, statistic = a.statistic, p_value = a.p_value, adjusted_p_value = a.adjusted_p_value, effect = a.effect,
    threshold = a.threshold, found = a.found, window = a.window.index, first = a.window.first, last = a.window.last, message = a.message)

rows(w::TestedWindow) = rows([w])
rows(list::AbstractVector{TestedWindow}) = [merge((window = w.window.index, first = w.window.first, last = w.window.last, level = w.level), test_row(t))
    for w in list for t in w.tests]

function rows(v::Verdict)
    anomalous = Set(v.indices)
    names = (Tuple(v.detectors)..., (Symbol(name, :_p_value) for name in sort!(collect(keys(v.p_values))))...)
    return [merge((observation = j, anomalous = j in anomalous, predicted = v.predicted === nothing ? nothing : v.predicted[j]),
        NamedTuple{names}((v.scores[:, j]..., (v.p_values[name][j] for name in sort!(collect(keys(v.p_values))))...)))
        for j in 1:v.observations]
end

rows(r::PerformanceReport) = r.chunks
rows(m::Moments) = [(feature = k, mean = m.mean[k], std = m.std[k], min = m.min[k], max = m.max[k], non_finite = m.non_finite[k]) for k in eachindex(m.mean)]
rows(r::AuditReport) = [NamedTuple{fieldnames(AuditReport)}(map(name -> getfield(r, name), fieldnames(AuditReport)))]
