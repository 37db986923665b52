#!/usr/bin/env bash
# Starts a rollback. Reads VERSION (v*, commit sha, digest or release id; empty: the newest release is taken back, unless
# that is done already; further back needs a version), REASON, ACCEPT_SCHEMA, STATE_MACHINE_ARN. Writes `execution` to GITHUB_OUTPUT.
set -euo pipefail
version=${VERSION:-}
if [[ -n $version && ! $version =~ ^(v[A-Za-z0-9_.-]+|[0-9a-f]{40}|sha256:[0-9a-f]{64}|r-[0-9]{8}-[0-9]{6})$ ]]; then
  echo "\"$version\" is no release tag (v1.2.3), commit sha (40 hex digits), digest or release id." >&2
  exit 2
fi
input=$(jq --null-input --compact-output --arg to "$version" --arg reason "${REASON:-}" --arg accept "${ACCEPT_SCHEMA:-false}" '
  {action: "rollback"}
  + (if $to == "" then {} else {to: $to} end)
  + (if $reason == "" then {} else {reason: $reason} end)
  + (if $accept == "true" then {acceptSchema: true} else {} end)')
execution=$(aws stepfunctions start-execution --state-machine-arn "$STATE_MACHINE_ARN" --input "$input" --query executionArn --output text)
echo "Started $execution with $input"
echo "execution=$execution" >> "${GITHUB_OUTPUT:-/dev/stdout}"
