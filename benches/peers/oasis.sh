#!/usr/bin/env bash
# Deconvolution beside oasis-deconv on traces with recorded spikes. Sets up its own Python environment.
# Usage: STRIATE_DATA=FOLDER benches/peers/oasis.sh [--quick] [--json]
set -euo pipefail
cd "$(dirname "$0")/../.."
environment=target/oasis-venv
if [ ! -e "$environment/ready" ]; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet numpy scipy oasis-deconv >&2
    touch "$environment/ready"
fi
cargo build --release -p striate-imaging --example deconvolve >&2
export OMP_NUM_THREADS=1
exec "$environment/bin/python" benches/peers/oasis_traces.py target/release/examples/deconvolve "$@"
