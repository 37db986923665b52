#!/usr/bin/env bash
# migrate.sh ID: migrates from an image without a release, or takes a migration back, and waits for the end of it. The same
# id is the same run. Exit code 0: the database is where it was asked to be. 1: it failed. 2: refused, nothing was started.
# 4: cannot tell; the message says what to look at.
# Reads ACTION (upgrade, downgrade), IMAGE, TO, MIGRATE_FUNCTION, GITHUB_RUN_ATTEMPT; MIGRATE_SECONDS between looks (15), MIGRATE_MINUTES (30).
set -euo pipefail
readonly id=$1
readonly deadline=$((SECONDS + ${MIGRATE_MINUTES:-30} * 60))
# A step back is one from wherever the database is: the run before may have gone it already, whatever became of its job.
if [[ $ACTION == downgrade && ${TO:-} == -* && ${GITHUB_RUN_ATTEMPT:-1} != 1 ]]; then
  echo "Re-run, \"$TO\" would take back more if the first attempt went through. See where the database is, then name the revision" \
    "to go back to (it is taken back to there and no further), or start a new run. Nothing was started." >&2
  exit 2
fi
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

# What the Lambda answers to that action: `done`, `failed`, `running`, the name of its error, or `silent` if none of these
# came. Whatever is no answer changes nothing: the same id is asked for again.
ask() {
  local payload function_error
  payload=$(jq --null-input --compact-output --arg id "$id" --arg action "$1" --arg image "$IMAGE" --arg to "${TO:-}" \
    '{id: $id, action: $action, image: $image} + (if $to == "" then {} else {to: $to} end)')
  function_error=$(aws lambda invoke --function-name "$MIGRATE_FUNCTION" --cli-binary-format raw-in-base64-out \
    --payload "$payload" --query FunctionError --output text "$answer") || {
    said=silent
    return
  }
  if [[ $function_error == None ]]; then
    said=$(jq -r '.is' "$answer")
  else
    jq -r '.errorMessage // .' "$answer" >&2
    said=$(jq -r '.errorType // "silent"' "$answer")
  fi
}

while true; do
  ask "$ACTION"
  case $said in
    done)
      echo "The $ACTION ended well."
      exit 0
      ;;
    failed)
      echo "The $ACTION failed: $(jq -r .reason "$answer")" >&2
      exit 1
      ;;
    ReleaseRefused) exit 2 ;;
    MigrationFailed | Stuck) exit 1 ;;
    waits) echo "The $ACTION waits for another migration." ;;
    running) echo "The $ACTION runs." ;;
    *) echo "No answer ($said); the same is asked again." >&2 ;;
  esac
  if ((SECONDS >= deadline)); then
    # A container has half a minute to obey.
    for _ in {1..6}; do
      ask stop
      [[ $said != failed ]] || {
        echo "The $ACTION took too long and was stopped." >&2
        exit 1
      }
      sleep "${MIGRATE_SECONDS:-15}"
    done
    echo "How the $ACTION goes on cannot be seen from here: look for a running task that was started by by-hand-$id." >&2
    exit 4
  fi
  sleep "${MIGRATE_SECONDS:-15}"
done
