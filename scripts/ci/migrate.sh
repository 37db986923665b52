#!/usr/bin/env bash
# migrate.sh ID: migrates from an image without a release, or takes a migration back, and waits for the end of it. The same
# id is the same run. Exit code 0: the database is where it was asked to be. 1: it failed. 2: refused, nothing was started.
# Reads ACTION (upgrade, downgrade), IMAGE, TO, MIGRATE_FUNCTION; MIGRATE_SECONDS between looks (15), MIGRATE_MINUTES (30).
set -euo pipefail
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

ask() {
  local payload function_error
  payload=$(jq --null-input --compact-output --arg id "$id" --arg action "$1" --arg image "$IMAGE" --arg to "${TO:-}" \
    '{id: $id, action: $action, image: $image} + (if $to == "" then {} else {to: $to} end)')
  function_error=$(aws lambda invoke --function-name "$MIGRATE_FUNCTION" --cli-binary-format raw-in-base64-out \
    --payload "$payload" --query FunctionError --output text "$answer")
  [[ $function_error == None ]] || {
    jq -r '.errorMessage // .' "$answer" >&2
    # Only a refusal changed nothing; anything else may have begun, and is asked for again.
    [[ $(jq -r '.errorType // empty' "$answer") == Transient ]] && return 0
    exit 2
  }
}

id=$1
deadline=$((SECONDS + ${MIGRATE_MINUTES:-30} * 60))
while true; do
  ask "$ACTION"
  case $(jq -r '.is // "running"' "$answer") in
    done)
      echo "The $ACTION ended well."
      exit 0
      ;;
    failed)
      echo "The $ACTION failed: $(jq -r .reason "$answer")" >&2
      exit 1
      ;;
  esac
  if ((SECONDS >= deadline)); then
    ask stop
    echo "The $ACTION took too long and was stopped." >&2
    exit 1
  fi
  echo "The $ACTION runs."
  sleep "${MIGRATE_SECONDS:-15}"
done
