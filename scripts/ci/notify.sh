#!/usr/bin/env bash
# notify.sh WHAT: tells Slack how it really ended: the worst of all jobs, and each that was not well.
# Reads NEEDS (GitHub's `needs` as JSON), RUN_URL, ACTOR, SLACK_WEBHOOK; COMMIT, where one was deployed.
set -euo pipefail
message=$(jq --null-input --compact-output --arg what "$1" --arg by "$ACTOR" --arg commit "${COMMIT:-}" --arg url "$RUN_URL" --argjson needs "$NEEDS" '
  [$needs[].result] as $results
  | (["failure", "cancelled", "skipped"] | map(select(. as $one | any($results[]; . == $one)))[0] // "success") as $worst
  | [$needs | to_entries[] | select(.value.result != "success") | "\(.key): \(.value.result)"] as $unwell
  | {text: "\($what): *\($worst)*\(if $unwell == [] then "" else " (" + ($unwell | join(", ")) + ")" end)\(if $commit == "" then "" else ", commit \($commit)" end), started by \($by). \($url)"}')
echo "$message"
if [[ -z ${SLACK_WEBHOOK:-} ]]; then
  echo 'SLACK_WEBHOOK is not set; nobody was notified.' >&2
  exit 0
fi
curl --silent --show-error --fail --max-time 10 --retry 3 --header 'Content-Type: application/json' --data "$message" "$SLACK_WEBHOOK"
