#!/usr/bin/env bash
# The likelihood of neurons that share latents beside PyTorch's, interleaved. Sets up its own Python environment.
# Usage: benches/peers/latent.sh [--quick] [--threads N] [--rounds N]
set -euo pipefail
cd "$(dirname "$0")/../.."
source benches/peers/environment.sh
cargo build --release -p striate-model --example workload >&2
exec "$environment/bin/python" benches/peers/latent.py target/release/examples/workload "$@"
