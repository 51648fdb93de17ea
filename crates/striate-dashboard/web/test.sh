#!/bin/sh
# Browser tests of the dashboard: web/test.sh [arguments of playwright]
#   STRIATE=path    program to test; built when absent
#   STRIATE_DASHBOARD_DATA=folder   output of the program to show; made in target/dashboard-data when absent (minutes)
#   STRIATE_DASHBOARD_LOAD=folder   load for the test of speed; made when absent (6 GB); none: no test of speed
#   CHROMIUM=path   browser; /usr/bin/chromium when absent
# Prints SKIPPED and ends well where Node or Chromium is missing.
set -eu
cd "$(dirname "$0")"
set_up='apt-get install nodejs npm chromium (Node 20.19 or newer)'
command -v npm >/dev/null 2>&1 || { echo "SKIPPED dashboard tests: no npm; set-up: $set_up"; exit 0; }
CHROMIUM=${CHROMIUM:-/usr/bin/chromium}
[ -x "$CHROMIUM" ] || { echo "SKIPPED dashboard tests: no $CHROMIUM; set-up: $set_up"; exit 0; }
export CHROMIUM PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1
[ -d node_modules/@playwright/test ] || npm ci --no-audit --no-fund || {
    echo "SKIPPED dashboard tests: npm ci failed; set-up: network for npm, once"; exit 0; }
root=$(cd ../../.. && pwd)
if [ -z "${STRIATE:-}" ]; then
    (cd "$root" && cargo build --release -p striate-cli)
    STRIATE=$root/target/release/striate
fi
STRIATE_DASHBOARD_DATA=${STRIATE_DASHBOARD_DATA:-$root/target/dashboard-data}
STRIATE_DASHBOARD_LOAD=${STRIATE_DASHBOARD_LOAD:-$STRIATE_DASHBOARD_DATA/load}
export STRIATE STRIATE_DASHBOARD_DATA STRIATE_DASHBOARD_LOAD
tests/data.sh "$STRIATE" "$STRIATE_DASHBOARD_DATA"
if [ "$STRIATE_DASHBOARD_LOAD" != none ] && [ ! -d "$STRIATE_DASHBOARD_LOAD" ]; then
    (cd "$root" && cargo run --release -p striate-dashboard --example load -- 100 100000 10000 "$STRIATE_DASHBOARD_LOAD") ||
        echo "SKIPPED test of speed: no load"
fi
# What is built into the program must be what the sources say.
npx vite build --outDir "$STRIATE_DASHBOARD_DATA/assets" --logLevel error
diff -r "$STRIATE_DASHBOARD_DATA/assets" ../assets || { echo "assets are not those of the sources: npm run build" >&2; exit 1; }
npx svelte-check --tsconfig ./tsconfig.json --threshold error
exec npx playwright test "$@"
