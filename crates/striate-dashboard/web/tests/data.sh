#!/bin/sh
# Fills a folder with output of the program for the browser tests: tests/data.sh STRIATE FOLDER
# shown/    what is served: a fitted twin with latents and experiments, its recording, an extracted movie, a hostile name
# Everything is seeded, so that the pictures compared are the same everywhere. Kept when it is there already.
set -eu
striate=$(realpath "$1")
mkdir -p "$2/shown"
cd "$2/shown"
if [ ! -f latent/run/report.html ]; then "$striate" demo latent --out latent >&2; fi
if [ ! -f imaging/extracted/report.html ]; then "$striate" demo imaging --out imaging >&2; fi
for experiment in receptive-fields tuning most-exciting geometry features; do
    if [ ! -d "latent/run/probe/$experiment" ]; then
        "$striate" probe "$experiment" latent/run >&2 || echo "SKIPPED $experiment: striate probe $experiment failed" >&2
    fi
done
# A name that would do harm if it were taken for markup.
hostile='<img src=x onerror="window.harmed=1;alert(1)"><script>window.harmed=1<'
mkdir -p "$hostile"
for file in config.toml metrics.jsonl provenance.json status.json scores.json twin.json twin.safetensors; do
    cp "latent/run/$file" "$hostile/$file"
done
