#!/usr/bin/env bash
# False alarms where nothing changes, of every test, detector and monitor, beside peers: benches/nulls. The table goes to
# docs/false-alarms-table.md, the cells to target/nulls/. FLUXGUARD_NULLS: seconds for each cell (2), of which there are over 2,000;
# quick: 0.1, and the table goes to target/nulls/table.md. FLUXGUARD_NULLS_PEERS=no: ours alone.
set -euo pipefail
folder=$PWD/target/nulls
rm -rf "$folder"
mkdir -p "$folder"
export FLUXGUARD_NULLS_SECONDS=${FLUXGUARD_NULLS:-2} table=docs/false-alarms-table.md
if [[ $FLUXGUARD_NULLS_SECONDS == quick ]]; then
    FLUXGUARD_NULLS_SECONDS=0.1 table=$folder/table.md
fi
suite() { cargo bench --quiet --locked --bench nulls -- "$folder" "--seconds=$FLUXGUARD_NULLS_SECONDS" "$@"; }

# python_of NAME PACKAGE...: an environment of its own for each peer, for they ask for different versions of the same packages.
python_of() {
    local venv=$PWD/target/nulls-venv-$1
    command -v python3 >/dev/null || return 1
    [[ -x $venv/bin/python ]] || python3 -m venv "$venv" >"$venv.log" 2>&1 || return 1
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "${@:2}" >>"$venv.log" 2>&1 || return 1
    echo "$venv/bin/python"
}

if python=$(python_of digits scikit-learn numpy); then
    "$python" evaluate/support/nulls_digits.py "$folder"
else
    echo "left out: digits' logits and embeddings (no Python with scikit-learn: target/nulls-venv-digits.log)"
fi
suite
if [[ ${FLUXGUARD_NULLS_PEERS:-} != no ]]; then
    suite export
    # What a peer needs beside what it asks for: Evidently imports what pandas 3 has no more, NannyML what it does not name.
    declare -A beside=([evidently]='pandas<3' [nannyml]=statsmodels)
    for peer in evidently alibi-detect nannyml river; do
        if python=$(python_of "$peer" "$peer" ${beside[$peer]:+"${beside[$peer]}"}); then
            "$python" evaluate/support/nulls_peers.py "$peer" "$folder" || echo "left out: $peer, which failed"
        else
            echo "left out: $peer, which cannot be installed here (target/nulls-venv-$peer.log)"
        fi
    done
fi
suite report "$table"
echo "the table is in $table"
