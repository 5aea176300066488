#!/usr/bin/env bash
# False alarms, delays and speed of the anytime-valid monitors, by simulation: benches/anytime.rs. FLUXGUARD_STREAMS and
# FLUXGUARD_LENGTH: how many streams, and how long (10000 streams of 100000 take about 20 minutes on two cores).
set -euo pipefail
cargo bench --locked --bench anytime -- "${FLUXGUARD_STREAMS:-1000}" "${FLUXGUARD_LENGTH:-100000}"
