#!/usr/bin/env bash
# Gradients of the reference step, Striate's in f32 beside PyTorch's in f64. Needs some 12 GB.
# Usage: benches/peers/gradients.sh [tiny] (tiny: small images and few neurons)
set -euo pipefail
cd "$(dirname "$0")/../.."
source benches/peers/environment.sh
cargo build --release -p striate-model --example workload >&2
file=target/reference-gradients.safetensors
target/release/examples/workload gradients $file "${1:-full}"
exec "$environment/bin/python" benches/peers/gradients.py $file
