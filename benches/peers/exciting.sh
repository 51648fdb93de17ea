#!/usr/bin/env bash
# Most exciting inputs beside the same search in PyTorch, interleaved. Sets up its own Python environment.
# Usage: benches/peers/exciting.sh [--quick] [--threads N] [--rounds N] [--neurons N] [--steps N]
set -euo pipefail
cd "$(dirname "$0")/../.."
source benches/peers/environment.sh
cargo build --release -p striate-insilico --example exciting >&2
exec "$environment/bin/python" benches/peers/exciting.py target/release/examples/exciting "$@"
