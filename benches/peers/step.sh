#!/usr/bin/env bash
# Striate beside PyTorch on the reference training step, interleaved. Sets up its own Python environment.
# Usage: benches/peers/step.sh [--quick] [--json] [--threads N] [--rounds N] [--steps N]
set -euo pipefail
cd "$(dirname "$0")/../.."
environment=target/peers-venv
if [ ! -x "$environment/bin/python" ]; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet numpy torch >&2
fi
cargo build --release -p striate-model --example reference_step >&2
"$environment/bin/python" benches/peers/step.py target/release/examples/reference_step "$@"
