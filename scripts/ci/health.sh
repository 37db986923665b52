#!/usr/bin/env bash
# health.sh URL: asks as the public does until it answers 200. HEALTH_TRIES (10), HEALTH_SECONDS between them (30).
set -euo pipefail
url=$1
tries=${HEALTH_TRIES:-10}
for ((try = 1; try <= tries; try++)); do
  status=$(curl --silent --output /dev/null --max-time 10 --write-out '%{http_code}' "$url") || true
  if [[ $status == 200 ]]; then
    echo "$url answers."
    exit 0
  fi
  echo "$url answers $status ($try of $tries)"
  ((try == tries)) || sleep "${HEALTH_SECONDS:-30}"
done
exit 1
