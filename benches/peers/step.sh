#!/usr/bin/env bash
# Striate beside PyTorch on the same work, interleaved. Sets up its own Python environment.
# Usage: benches/peers/step.sh [--quick] [--json] [--threads N] [--rounds N] [--steps N] [--workload NAME ...]
set -euo pipefail
cd "$(dirname "$0")/../.."
source benches/peers/environment.sh
cargo build --release -p striate-kernels --example peaks >&2
cargo build --release -p striate-model --example workload >&2
exec "$environment/bin/python" benches/peers/step.py target/release/examples "$@"
