#!/usr/bin/env bash
# Detection of cells: suite2p, localmd with a short demixing, and any regions.json, against labels. Sets up its own
# Python environments.
# Usage: benches/peers/detection.sh MOVIE TRUTH.json [--found FOUND.json] [--quick]
set -euo pipefail
cd "$(dirname "$0")/../.."
movie=$1 truth=$2
shift 2
found="" quick=""
while [ $# -gt 0 ]; do
    case $1 in
        --found) found=$2; shift 2 ;;
        --quick) quick=--quick; shift ;;
        *) echo "unknown option $1; see the head of benches/peers/detection.sh" >&2; exit 2 ;;
    esac
done
environment=target/suite2p-venv packages="suite2p==1.1.0"
source benches/peers/environment.sh
environment=target/localmd-venv packages="localmd==0.0.4"
source benches/peers/environment.sh
suite2p=$(target/suite2p-venv/bin/python benches/peers/detection.py suite2p "$movie" "$truth" $quick)
localmd=$(target/localmd-venv/bin/python benches/peers/detection.py localmd "$movie" "$truth" $quick)
ours=null
if [ -n "$found" ]; then
    ours=$(target/localmd-venv/bin/python benches/peers/detection.py score "$found" "$truth")
fi
printf '{"found": %s, "suite2p": %s, "localmd": %s}\n' "$ours" "$suite2p" "$localmd"
