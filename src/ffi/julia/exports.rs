//! The list of what Julia sees. `TypedArray<T>` is `Array{T}` of any rank.

// The macro makes a public function.
#![allow(missing_docs)]

use half::f16;
use jlrs::data::managed::string::StringRet;
use jlrs::data::managed::value::ValueRet;
use jlrs::data::managed::value::typed::TypedValue;
use jlrs::prelude::*;

use super::detector::{
    DetectorHandle, compare_detectors, detector_fit, detector_fit_classifier, detector_load, detector_load_mapped,
    detector_names, detector_score_within, quality, threshold,
};
use super::file::{file_load, file_replace, file_save};
use super::guard::GuardHandle;
use super::neighbours::{NeighboursHandle, neighbours_load, neighbours_new};
use super::performance::{LateHandle, PerformanceHandle, late_load, late_new, performance_fit, performance_load};
use super::privacy::{CorrelatedHandle, RunHandle, SamplerHandle, privacy_ask, privacy_clip_sum, run_new, sampler_new};
use super::profile::{ProfileHandle, profile_load, profile_new};
use super::reference::{ReferenceHandle, adjust, e_bh, reference_load, reference_new};
use super::sequence::{SequenceHandle, sequence_fit, sequence_load, sequence_names};
use super::sketch::{SketchHandle, sketch_new, sketch_read};
use super::stream::{StreamHandle, stream_load, stream_new};
use super::threshold::{ThresholdHandle, live_threshold_load, live_threshold_new};
use super::{abi_version, compare, errors, last_error, listen, moments, panic, shutdown, worker_running};

julia_module! {
    become fluxguard_jlrs_init;

    struct ProfileHandle;
    struct GuardHandle;
    struct StreamHandle;
    struct RunHandle;
    struct SamplerHandle;
    struct CorrelatedHandle;
    struct DetectorHandle;
    struct PerformanceHandle;
    struct LateHandle;
    struct SketchHandle;
    struct SequenceHandle;
    struct NeighboursHandle;
    struct ThresholdHandle;
    struct ReferenceHandle;

    fn abi_version() -> i64;
    fn errors() -> ValueRet;
    fn last_error() -> StringRet;
    fn panic(message: JuliaString) -> i64;
    fn listen(flag: usize);
    fn shutdown() -> i64;
    fn worker_running() -> i64;

    fn file_replace(path: JuliaString, bytes: TypedArray<u8>) -> i64;
    fn file_save(path: JuliaString, kind: JuliaString, version: u32, bytes: TypedArray<u8>) -> i64;
    fn file_load(path: JuliaString, kind: JuliaString, version: u32) -> ValueRet;

    fn profile_new(options: JuliaString) -> ValueRet;
    fn profile_load(path: JuliaString) -> ValueRet;
    #[untracked_self]
    in ProfileHandle fn profile_merge(&self, from: TypedValue<ProfileHandle>) -> i64;
    #[untracked_self]
    in ProfileHandle fn profile_describe(&self) -> ValueRet;
    #[untracked_self]
    in ProfileHandle fn profile_save(&self, path: JuliaString) -> i64;
    #[untracked_self]
    in ProfileHandle fn guard_new(&self, options: JuliaString) -> ValueRet;

    fn stream_new(name: JuliaString, options: JuliaString) -> ValueRet;
    fn stream_load(path: JuliaString) -> ValueRet;
    #[untracked_self]
    in StreamHandle fn stream_describe(&self) -> ValueRet;
    #[untracked_self]
    in StreamHandle fn stream_reset(&self) -> i64;
    #[untracked_self]
    in StreamHandle fn stream_save(&self, path: JuliaString) -> i64;

    for T in [f16, f32, f64] {
        #[untracked_self]
        in StreamHandle fn stream_update(&self, values: TypedArray<T>) -> ValueRet;
        #[untracked_self]
        in ProfileHandle fn profile_fit(&self, reference: TypedArray<T>, observations: i64) -> i64;
        #[untracked_self]
        in GuardHandle fn guard_observe(&self, output: TypedArray<T>, observations: i64, caller: u64, copied: Bool) -> i64;
        #[untracked_self]
        in GuardHandle fn guard_score(&self, output: TypedArray<T>, observations: i64) -> ValueRet;
        fn moments(out: TypedArray<f64>, y: TypedArray<T>, observations: i64) -> i64;
        for U in [f16, f32, f64] {
            fn compare(options: JuliaString, reference: TypedArray<T>, reference_observations: i64,
                       current: TypedArray<U>, current_observations: i64) -> ValueRet;
        };
    };

    fn detector_names() -> ValueRet;
    fn detector_load(path: JuliaString) -> ValueRet;
    fn detector_load_mapped(path: JuliaString) -> ValueRet;
    #[untracked_self]
    in DetectorHandle fn detector_describe(&self) -> ValueRet;
    #[untracked_self]
    in DetectorHandle fn detector_threshold(&self, method: JuliaString) -> ValueRet;
    #[untracked_self]
    in DetectorHandle fn detector_save(&self, path: JuliaString) -> i64;
    fn threshold(method: JuliaString, scores: TypedArray<f64>) -> ValueRet;
    fn quality(scores: TypedArray<f64>, labels: TypedArray<u8>, threshold: f64, curves: Bool) -> ValueRet;
    for T in [f16, f32, f64] {
        fn detector_fit(name: JuliaString, options: JuliaString, reference: TypedArray<T>, observations: i64) -> ValueRet;
        fn detector_fit_classifier(name: JuliaString, options: JuliaString, reference: TypedArray<T>, observations: i64,
                                   labels: TypedArray<u32>, weights: TypedArray<f64>, bias: TypedArray<f64>) -> ValueRet;
        fn detector_score_within(name: JuliaString, options: JuliaString, reference: TypedArray<T>, observations: i64,
                                 labels: TypedArray<u32>, weights: TypedArray<f64>, bias: TypedArray<f64>,
                                 scores: TypedArray<f64>, p_values: TypedArray<f64>) -> i64;
        #[untracked_self]
        in DetectorHandle fn detector_score(&self, out: TypedArray<f64>, batch: TypedArray<T>, observations: i64) -> i64;
        #[untracked_self]
        in DetectorHandle fn detector_pvalues(&self, out: TypedArray<f64>, batch: TypedArray<T>, observations: i64) -> i64;
        #[untracked_self]
        in DetectorHandle fn detector_explain(&self, out: TypedArray<f64>, batch: TypedArray<T>, observations: i64) -> i64;
        for U in [f16, f32, f64] {
            fn compare_detectors(options: JuliaString, reference: TypedArray<T>, reference_observations: i64,
                                 batch: TypedArray<U>, observations: i64, labels: TypedArray<u8>) -> ValueRet;
        };
    };

    #[untracked_self]
    in DetectorHandle fn detector_share(&self) -> i64;

    fn neighbours_new(options: JuliaString) -> ValueRet;
    fn neighbours_load(path: JuliaString, mapped: Bool) -> ValueRet;
    #[untracked_self]
    in NeighboursHandle fn neighbours_evict(&self, now: f64) -> i64;
    #[untracked_self]
    in NeighboursHandle fn neighbours_points(&self, out: TypedArray<f64>) -> i64;
    #[untracked_self]
    in NeighboursHandle fn neighbours_describe(&self) -> ValueRet;
    #[untracked_self]
    in NeighboursHandle fn neighbours_save(&self, path: JuliaString) -> i64;
    for T in [f16, f32, f64] {
        #[untracked_self]
        in NeighboursHandle fn neighbours_add(&self, batch: TypedArray<T>, observations: i64, flagged: TypedArray<u8>, time: f64) -> i64;
        #[untracked_self]
        in NeighboursHandle fn neighbours_search(&self, batch: TypedArray<T>, observations: i64, numbers: TypedArray<u64>, distances: TypedArray<f64>) -> i64;
    };

    fn live_threshold_new(options: JuliaString, scores: TypedArray<f64>) -> ValueRet;
    fn live_threshold_load(path: JuliaString) -> ValueRet;
    #[untracked_self]
    in ThresholdHandle fn live_threshold_update(&self, scores: TypedArray<f64>, verdicts: TypedArray<u8>) -> i64;
    #[untracked_self]
    in ThresholdHandle fn live_threshold_tell(&self, words: JuliaString) -> ValueRet;
    #[untracked_self]
    in ThresholdHandle fn live_threshold_save(&self, path: JuliaString) -> i64;
    fn reference_load(path: JuliaString) -> ValueRet;
    #[untracked_self]
    in ReferenceHandle fn reference_describe(&self) -> ValueRet;
    #[untracked_self]
    in ReferenceHandle fn reference_save(&self, path: JuliaString) -> i64;
    for T in [f16, f32, f64] {
        fn reference_new(reference: TypedArray<T>, observations: i64) -> ValueRet;
        #[untracked_self]
        in ReferenceHandle fn reference_compare(&self, options: JuliaString, current: TypedArray<T>, observations: i64) -> ValueRet;
    };
    fn adjust(correction: JuliaString, p_values: TypedArray<f64>) -> ValueRet;
    fn e_bh(e_values: TypedArray<f64>, alpha: f64) -> ValueRet;
    #[untracked_self]
    in ProfileHandle fn profile_sketch(&self, kind: JuliaString, feature: i64) -> ValueRet;

    fn sequence_names() -> ValueRet;
    fn sequence_fit(name: JuliaString, options: JuliaString, reference: JuliaString) -> ValueRet;
    fn sequence_load(path: JuliaString) -> ValueRet;
    #[untracked_self]
    in SequenceHandle fn sequence_ask(&self, question: JuliaString) -> ValueRet;
    #[untracked_self]
    in SequenceHandle fn sequence_save(&self, path: JuliaString) -> i64;

    #[untracked_self]
    in GuardHandle fn guard_observe_at(&self, dtype: i32, data: usize, length: i64, observations: i64, caller: u64) -> i64;
    #[untracked_self]
    in GuardHandle fn guard_verdict(&self, caller: u64) -> ValueRet;
    #[untracked_self]
    in GuardHandle fn guard_alerts(&self, after: u64) -> ValueRet;
    #[untracked_self]
    in GuardHandle fn guard_windows(&self, after: u64) -> ValueRet;
    #[untracked_self]
    in GuardHandle fn guard_counters(&self) -> ValueRet;
    #[untracked_self]
    in GuardHandle fn guard_describe(&self) -> ValueRet;
    #[untracked_self]
    in GuardHandle fn guard_flush(&self, close: Bool) -> i64;
    #[untracked_self]
    in GuardHandle fn guard_wait(&self, ticket: u64, milliseconds: u32) -> i64;
    #[untracked_self]
    in GuardHandle fn guard_wake(&self, function: usize, data: usize) -> i64;

    fn privacy_ask(question: JuliaString) -> ValueRet;
    fn privacy_clip_sum(options: JuliaString, dtype: i32, table: usize, parameters: i64, examples: i64, norms: usize) -> ValueRet;
    fn run_new(options: JuliaString) -> ValueRet;
    fn sampler_new(options: JuliaString) -> ValueRet;
    #[untracked_self]
    in RunHandle fn run_ask(&self, question: JuliaString) -> ValueRet;
    #[untracked_self]
    in RunHandle fn run_mean(&self, options: JuliaString, dtype: i32, table: usize, parameters: i64, examples: i64, norms: usize) -> ValueRet;
    #[untracked_self]
    in RunHandle fn run_sum(&self, options: JuliaString, dtype: i32, table: usize, parameters: i64, examples: i64, norms: usize) -> ValueRet;
    #[untracked_self]
    in RunHandle fn run_count(&self, options: JuliaString, norms: usize, examples: i64) -> ValueRet;
    #[untracked_self]
    in RunHandle fn run_begin(&self, options: JuliaString) -> ValueRet;
    #[untracked_self]
    in SamplerHandle fn sampler_id(&self) -> i64;
    #[untracked_self]
    in SamplerHandle fn sampler_draw(&self, rate: f64) -> i64;
    #[untracked_self]
    in SamplerHandle fn sampler_take(&self, out: usize, length: i64) -> i64;
    #[untracked_self]
    in SamplerHandle fn sampler_spend(&self, draw: u64) -> ValueRet;
    #[untracked_self]
    in CorrelatedHandle fn correlated_step(&self, sum: usize, length: i64, examples: usize, count: i64) -> i64;

    fn performance_load(path: JuliaString) -> ValueRet;
    #[untracked_self]
    in PerformanceHandle fn performance_describe(&self) -> ValueRet;
    #[untracked_self]
    in PerformanceHandle fn performance_save(&self, path: JuliaString) -> i64;
    fn late_new(options: JuliaString) -> ValueRet;
    fn late_load(path: JuliaString) -> ValueRet;
    #[untracked_self]
    in LateHandle fn late_record(&self, ids: TypedArray<u64>, signed: u8, predictions: TypedArray<f64>, time: f64) -> ValueRet;
    #[untracked_self]
    in LateHandle fn late_label(&self, ids: TypedArray<u64>, signed: u8, labels: TypedArray<f64>, time: f64) -> ValueRet;
    #[untracked_self]
    in LateHandle fn late_describe(&self) -> ValueRet;
    #[untracked_self]
    in LateHandle fn late_save(&self, path: JuliaString) -> i64;
    fn sketch_new(kind: JuliaString, size: u32) -> ValueRet;
    fn sketch_read(kind: JuliaString, bytes: TypedArray<u8>) -> ValueRet;
    #[untracked_self]
    in SketchHandle fn sketch_update_words(&self, words: JuliaString) -> i64;
    #[untracked_self]
    in SketchHandle fn sketch_merge(&self, from: TypedValue<SketchHandle>) -> i64;
    #[untracked_self]
    in SketchHandle fn sketch_bytes(&self) -> ValueRet;
    #[untracked_self]
    in SketchHandle fn sketch_ask(&self, question: JuliaString) -> ValueRet;
    for T in [f16, f32, f64] {
        fn performance_fit(options: JuliaString, scores: TypedArray<T>, observations: i64,
                           predictions: TypedArray<f64>, labels: TypedArray<f64>) -> ValueRet;
        #[untracked_self]
        in PerformanceHandle fn performance_estimate(&self, scores: TypedArray<T>, observations: i64,
                                                     predictions: TypedArray<f64>, labels: TypedArray<f64>) -> ValueRet;
        #[untracked_self]
        in SketchHandle fn sketch_update(&self, values: TypedArray<T>) -> i64;
    };
}
