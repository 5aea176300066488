using Test, Dates, FluxGuard, FluxGuard.Outliers, FluxGuard.Drift, FluxGuard.Errors
using Main.Support

# Each case: what is wrong, the exception, words that the message must have, and the call.
y = logits(1, 200)
broken(value) = (z = copy(y); z[2, 5] = value; z)
constant = (z = values_like(1, 3, 200); z[2, :] .= 7; z)

function closed_guard()
    guard = Guard(baseline(); name = "shut", log = false)
    close(guard)
    return guard
end

const CASES = [
    ("wrong element type", ElementTypeUnsupported, ["output", "Int"], () -> Guard(g -> observe!(g, [1 2; 3 4; 5 6; 7 8]), baseline(); log = false)),
    ("a baseline of nothing", InvalidArgument, ["outputs", "Nothing", "array"], () -> fit(Profile, nothing)),
    ("a baseline of a function", InvalidArgument, ["outputs", "array"], () -> fit(Profile, sin)),
    ("no feature", EmptyTensor, ["feature"], () -> Guard(g -> observe!(g, zeros(0, 4)), baseline(); log = false)),
    ("empty baseline array", EmptyTensor, ["observation"], () -> fit(Profile, zeros(4, 0))),
    ("another number of features", FeatureMismatch, ["3", "4"], () -> Guard(g -> observe!(g, ones(3, 7)), baseline(); log = false)),
    ("batches of different shape", FeatureMismatch, ["3", "4"], () -> fit(Profile, [y, ones(3, 9)])),
    ("merged profiles of different shape", FeatureMismatch, ["3", "4"], () -> merge!(fit(Profile, y), fit(Profile, values_like(1, 3, 9)))),
    ("merged profiles of different kind", Incompatible, ["alues", "ogits"], () -> merge!(fit(Profile, y), fit(Profile, y; output = :values))),
    ("closed guard", GuardClosed, ["shut", "closed"], () -> observe!(closed_guard(), y)),
    ("NaN in the baseline", NonFiniteBaseline, ["NaN", "feature 2 of observation 5 (from 1)"], () -> fit(Profile, broken(NaN))),
    ("Inf in the baseline", NonFiniteBaseline, ["Inf", "feature 2"], () -> fit(Profile, broken(-Inf))),
    ("constant feature", ConstantFeature, ["feature 2 (from 1)", "7", ":allow"], () -> Guard(identity, fit(Profile, constant; output = :values, constant_features = :error); log = false)),
    ("window too short for its test", WindowTooShort, ["window", "1"], () -> Guard(identity, baseline(); window = 1, log = false)),
    ("baseline too small", BaselineTooSmall, ["baseline"], () -> Guard(identity, fit(Profile, logits(1, 1)); log = false)),
    ("baseline too small for its rate", BaselineTooSmall, ["baseline", "2000"], () -> Guard(identity, baseline(); anomaly_rate = 1e-6, log = false)),
    ("empty profile", BaselineTooSmall, ["baseline"], () -> Guard(identity, Profile(); log = false)),
    ("journal in no folder", PathUnusable, ["journal", "/no/such/folder"], () -> Guard(identity, baseline(); journal = "/no/such/folder/alerts.jsonl", log = false)),
    ("journal that is a device", PathUnusable, ["journal", "/dev/null", "regular file"], () -> Guard(identity, baseline(); journal = "/dev/null", log = false)),
    ("journal that is no path", InvalidArgument, ["journal", ":x"], () -> Guard(identity, baseline(); journal = :x, log = false)),
    ("journal that is no text", InvalidArgument, ["journal", "UTF-8"], () -> Guard(identity, baseline(); journal = "/tmp/a\xffb", log = false)),
    ("journal with a NUL", PathUnusable, ["journal"], () -> Guard(identity, baseline(); journal = "/tmp/a\0b", log = false)),
    ("name that is no text", InvalidArgument, ["name", "UTF-8"], () -> Guard(identity, baseline(); name = "a\xffb", log = false)),
    ("model that is no text", InvalidArgument, ["model", "UTF-8"], () -> Guard(identity, baseline(); model = "a\xffb", log = false)),
    ("feature names that are no text", InvalidArgument, ["names", "UTF-8"], () -> Profile(names = ["a", "b\xff"])),
    ("path that is no text", InvalidArgument, ["path", "UTF-8"], () -> FluxGuard.load("/tmp/a\xffb")),
    ("on_alert that is no function", InvalidArgument, ["on_alert", "3"], () -> Guard(identity, baseline(); on_alert = 3, log = false)),
    ("on_alert of no alert", InvalidArgument, ["on_alert"], () -> Guard(identity, baseline(); on_alert = () -> 1, log = false)),
    ("another that is no function", InvalidArgument, ["on_alert", "3"], () -> Guard(g -> on_alert(3, g), baseline(); log = false)),
    ("profile in no folder", PathUnusable, ["/no/such/folder"], () -> FluxGuard.save("/no/such/folder/p.fg", baseline())),
    ("unknown output", InvalidArgument, ["logit"], () -> Profile(output = :logit)),
    ("capacity", InvalidArgument, ["capacity"], () -> Profile(capacity = 0)),
    ("output differs from the profile's", Incompatible, ["values", "logits"], () -> Guard(identity, baseline(); output = :values)),
    ("unknown detector", InvalidArgument, ["gut-feeling"], () -> Guard(identity, baseline(); detectors = [:gut_feeling])),
    ("unknown test", InvalidArgument, ["coin"], () -> Guard(identity, baseline(); tests = :coin)),
    ("unknown test among others", InvalidArgument, ["tests: got kss", "one of ks, ", "wasserstein"], () -> Guard(identity, baseline(); tests = [:ks, :kss])),
    ("unknown monitor", InvalidArgument, ["monitors[2]: got adwn", "one of adwin, page_hinkley"], () -> Guard(identity, baseline(); monitors = [:martingale, :adwn])),
    ("effect of an unknown test", InvalidArgument, ["min_effect: got kss"], () -> Guard(identity, baseline(); min_effect = (kss = 0.1,))),
    ("a guard of outputs", InvalidArgument, ["profile", "fit(Profile, outputs)"], () -> Guard(y)),
    ("a profile as a guard", InvalidArgument, ["guards", "Guard(profile)"], () -> guarded(identity, baseline())),
    ("a detector that is made already", InvalidArgument, ["detector", "fit(KNN, reference"], () -> fit(KNN(neighbors = 3), y)),
    ("unknown chart", InvalidArgument, ["pie"], () -> Guard(identity, baseline(); charts = [:pie])),
    ("false alarms not positive", InvalidArgument, ["false_alarms", "-1"], () -> Guard(identity, baseline(); false_alarms = -1)),
    ("anomaly rate", InvalidArgument, ["anomaly_rate", "2"], () -> Guard(identity, baseline(); anomaly_rate = 2)),
    ("window of no length", FluxGuardError, ["window"], () -> Guard(identity, baseline(); window = 0)),
    ("window of a month", InvalidArgument, ["window"], () -> Guard(identity, baseline(); window = Month(1))),
    ("slide longer than the window", InvalidArgument, ["slide"], () -> Guard(identity, baseline(); window = 100, slide = 200)),
    ("effects without names", InvalidArgument, ["min_effect"], () -> Guard(identity, baseline(); min_effect = 0.1)),
    ("alpha", InvalidArgument, ["alpha"], () -> compare(y, y; alpha = 2)),
    ("samples of different shape", FeatureMismatch, ["3", "4"], () -> compare(y, ones(3, 9))),
]

test_faults(CASES)

@testset "NaN and Inf in an output are anomalies" begin
    Guard(baseline(); log = false) do guard
        for value in (NaN, Inf, -Inf)
            seen = observe!(guard, broken(value))
            @test seen.non_finite == 1
            @test 5 in seen.indices
        end
        flush(guard)
        @test sum(w.non_finite for w in windows(guard)) == 3
        @test any(alert -> alert.kind === :non_finite, alerts(guard))
    end
end
