#!/usr/bin/env bash
# Penalised matrix decomposition beside localmd, interleaved. Sets up its own Python environment.
# Usage: benches/peers/pmd.sh [--json] [--quick] [--movie FILE] [--height N] [--width N] [--frames N] [--block N]
#                             [--repeats N] [--threads N] [--batch N]
set -euo pipefail
cd "$(dirname "$0")/../.."
environment=target/localmd-venv packages="localmd==0.0.4"
source benches/peers/environment.sh
cargo build --release -p striate-imaging --example pmd >&2
exec "$environment/bin/python" benches/peers/pmd.py target/release/examples/pmd "$@"
