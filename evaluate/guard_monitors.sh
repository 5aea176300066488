#!/usr/bin/env bash
# False alarms and delays of every monitor of a guard, by simulation: benches/guard_monitors.rs. FLUXGUARD_PANES and FLUXGUARD_SHIFTS: how
# many panes without a change, and how many shifts.
set -euo pipefail
cargo bench --locked --bench guard_monitors -- "${FLUXGUARD_PANES:-10000}" "${FLUXGUARD_SHIFTS:-20}"
