# The border. Each face has one file with methods of the same names; what a method does is said here, once. Everything
# above this module is written against these names and does not know which face is in use.

"""
The two faces of the Rust library, `c.jl` and `jlrs.jl`, behind one set of functions. Not part of the public interface.

A face makes handles (`profile_new`, `profile_load`, `guard_new`), and a handle's type says which face it belongs to.
All functions throw a subtype of `FluxGuardError` where Rust returns an error. `text` is JSON. An array `y` is one that
[`host`](@ref) gave, and `copied` what it said.

    abi_version(face) -> Int                      errors(face) -> text            panic(face, message)
    listen(face or h, flag)
    file_replace(face, path, bytes)               file_save(face, path, kind, version, bytes)
    file_load(face, path, kind, version) -> bytes
    profile_new(face, options) -> handle          profile_load(face, path) -> handle
    profile_fit(h, y, observations, copied)       profile_merge(into, from)
    profile_describe(h) -> text                   profile_save(h, path)           free(h)
    guard_new(face, profile, options) -> handle
    observe(h, y, observations, caller, copied) -> Int
    verdict(h, caller) -> text                    score(h, y, observations) -> text
    alerts(h, after) -> text                      windows(h, after) -> text
    counters(h) -> text                           describe(h) -> text
    flush(h, close) -> ticket                     wait(h, ticket, milliseconds) -> Bool
    wake(h, function, data)                       shutdown(face)
    compare(face, options, reference, reference_observations, current, current_observations) -> text
    moments(face, out, y)
    stream_new(face, name, options) -> handle     stream_load(face, path) -> handle
    stream_update(h, y) -> text                   stream_describe(h) -> text
    stream_reset(h)                               stream_save(h, path)
    reference_new(face, y, observations) -> handle
    reference_load(face, path) -> handle          reference_save(h, path)
    reference_compare(h, options, y, observations) -> text
    reference_describe(h) -> text                 adjust(face, correction, p_values) -> text
    e_bh(face, e_values, alpha) -> text           profile_sketch(h, kind, feature) -> handle

Privacy: `question` and `options` are JSON; `table` is a vector of [`Parameter`](@ref FluxGuard.Native.Parameter)s, whose
arrays of type `T` the caller preserves; `norms` is written (read by `run_sum`, `run_count`), a number an example.

    privacy_ask(face, question) -> text           run_new(face, options) -> handle
    privacy_clip_sum(face, options, T, table, examples, norms) -> text
    run_mean(h, options, T, table, examples, norms) -> text
    run_sum(h, options, T, table, norms) -> text  run_count(h, options, norms) -> text
    run_ask(h, question) -> text                  run_begin(h, options) -> handle
    sampler_new(face, options) -> handle          sampler_id(h) -> Int
    sampler_draw(h, rate) -> Int                  sampler_take(h, lot) -> number of the draw
    sampler_spend(h, number) -> text              correlated_step(h, sum, names or nothing)
    detector_names(face) -> text                  detector_fit(face, name, options, y, observations) -> handle
    detector_fit_classifier(face, name, options, y, observations, labels, weights, bias) -> handle
    detector_score_within(face, name, options, y, observations, labels, weights, bias, scores, p_values)
    detector_load(face, path) -> handle           detector_save(h, path)
    detector_load_mapped(face, path) -> handle
    detector_score(h, out, y, observations)       detector_pvalues(h, out, y, observations)
    detector_explain(h, out, y, observations)     detector_describe(h) -> text
    detector_threshold(h, options) -> text        threshold(face, options, scores) -> text
    detector_share(h) -> Int                      quality(face, scores, labels, threshold, curves) -> text
    compare_detectors(face, options, reference, reference_observations, y, observations, labels) -> text

Estimates of performance, late labels and sketches. `predictions` and `labels` may be empty: none; `time` may be NaN: none.

    performance_fit(face, options, y, observations, predictions, labels) -> handle
    performance_estimate(h, y, observations, predictions, labels) -> text
    performance_describe(h) -> text               performance_save(h, path)       performance_load(face, path) -> handle
    late_new(face, options) -> handle             late_record(h, ids, signed, predictions, time) -> text
    late_describe(h) -> text                      late_label(h, ids, signed, labels, time) -> text
    late_save(h, path)                            late_load(face, path) -> handle
    sketch_new(face, kind, size) -> handle        sketch_read(face, kind, bytes) -> handle
    sketch_update(h, y)                           sketch_update_words(h, words)
    sketch_merge(into, from)                      sketch_bytes(h) -> bytes        sketch_ask(h, question) -> text
    sequence_names(face) -> text                  sequence_fit(face, name, options, reference) -> handle
    sequence_load(face, path) -> handle           sequence_save(h, path)
    sequence_ask(h, question) -> text

Neighbour stores and live thresholds. `flagged` may be empty: none; `time` may be NaN: none; `numbers`, `distances`, `out` and
`verdicts` are written.

    neighbours_new(face, options) -> handle       neighbours_load(face, path, mapped) -> handle
    neighbours_add(h, y, observations, flagged, time) -> Int
    neighbours_search(h, y, observations, numbers, distances)
    neighbours_evict(h, now) -> Int               neighbours_points(h, out)
    neighbours_describe(h) -> text                neighbours_save(h, path)
    live_threshold_new(face, options, scores) -> handle
    live_threshold_load(face, path) -> handle     live_threshold_save(h, path)
    live_threshold_update(h, scores, verdicts)    live_threshold_tell(h, words) -> text
"""
module Native

using Libdl: Libdl
using ..FluxGuard: FluxGuard, ElementTypeUnsupported, InvalidArgument, LibraryUnavailable, exception

abstract type Face end

# What a face makes: something of Rust's that Julia owns. How each kind is copied and saved: copies/rule.jl.
abstract type Handle end
abstract type ProfileHandle <: Handle end
abstract type GuardHandle <: Handle end
abstract type StreamHandle <: Handle end
abstract type DetectorHandle <: Handle end
abstract type PerformanceHandle <: Handle end
abstract type LateHandle <: Handle end
abstract type SketchHandle <: Handle end
abstract type SequenceHandle <: Handle end
abstract type NeighboursHandle <: Handle end
abstract type ThresholdHandle <: Handle end
abstract type ReferenceHandle <: Handle end

# The version of the border that this package is written to.
const ABI_VERSION = 2

function abi_version end
function errors end
function panic end
function listen end
function file_replace end
function file_save end
function file_load end
function profile_new end
function profile_load end
function profile_fit end
function profile_merge end
function profile_describe end
function profile_save end
function guard_new end
function observe end
function verdict end
function score end
function alerts end
function windows end
function counters end
function describe end
function flush end
function wait end
function wake end
function free end
function shutdown end
function compare end
function moments end
function stream_new end
function stream_load end
function stream_update end
function stream_describe end
function stream_reset end
function stream_save end
function reference_new end
function reference_load end
function reference_compare end
function reference_describe end
function reference_save end
function adjust end
function e_bh end
function profile_sketch end
function detector_names end
function detector_fit end
function detector_fit_classifier end
function detector_score_within end
function detector_load end
function detector_load_mapped end
function detector_save end
function detector_score end
function detector_pvalues end
function detector_explain end
function detector_describe end
function detector_threshold end
function detector_share end
function threshold end
function quality end
function compare_detectors end
function performance_fit end
function performance_estimate end
function performance_describe end
function performance_save end
function performance_load end
function late_new end
function late_record end
function late_label end
function late_describe end
function late_save end
function late_load end
function sketch_new end
function sketch_read end
function sketch_update end
function sketch_update_words end
function sketch_merge end
function sketch_bytes end
function sketch_ask end
function sequence_names end
function sequence_fit end
function sequence_load end
function sequence_save end
function sequence_ask end
function neighbours_new end
function neighbours_load end
function neighbours_save end
function neighbours_add end
function neighbours_search end
function neighbours_evict end
function neighbours_points end
function neighbours_describe end
function live_threshold_new end
function live_threshold_load end
function live_threshold_save end
function live_threshold_update end
function live_threshold_tell end

include("interrupts.jl")
include("privacy.jl")
include("arrays.jl")
include("c.jl")
include("c_marks.jl")
include("c_handles.jl")
include("c_guards.jl")
include("c_streams.jl")
include("c_privacy.jl")
include("c_detectors.jl")
include("c_performance.jl")
include("c_sequences.jl")
include("c_neighbours.jl")
include("c_reference.jl")

end
