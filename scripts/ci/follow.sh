#!/usr/bin/env bash
# Follows a release to its end. The exit code is its outcome:
#   0 promoted (or live already, or gone back as a rollback wanted)
#   1 reverted, or another one's turn   2 refused, nothing was changed
#   3 stuck: an operator must decide    4 cannot tell: nothing took the image, or AWS does not answer
#
#   follow.sh image TAG SINCE     whichever execution takes the image, started at SINCE (epoch seconds) or later
#   follow.sh execution ARN       this one
#
# One that waits in the queue ends its execution; the one that takes it from there is followed in its place. So is the
# release that a rollback told to go back, and the rollback that somebody else started before.
# Reads STATE_MACHINE_ARN; FOLLOW_SECONDS between looks (15), FOLLOW_MINUTES in all (340), START_MINUTES until it must have
# been taken (10).
set -euo pipefail
readonly every=${FOLLOW_SECONDS:-15}
readonly deadline=$((SECONDS + ${FOLLOW_MINUTES:-340} * 60))
readonly start_by=$((SECONDS + ${START_MINUTES:-10} * 60))

say() { printf '%s\n' "$*"; }
conclude() {
  say "$2"
  exit "$1"
}

seen=' '
# The execution that queued it.
queued=''
going_back=false
last=''

# Executions that started since then, newest first. Times come as numbers or as ISO 8601, by the CLI's configuration.
started() {
  aws stepfunctions list-executions --state-machine-arn "$STATE_MACHINE_ARN" --max-items 50 --output json |
    jq -r --argjson since "$since" '
      def seconds: if type == "number" then . else sub("\\.\\d+"; "") | sub("\\+00:00$"; "Z") | fromdateiso8601 end;
      # A minute for clocks that disagree.
      .executions[] | select((.startDate | seconds) >= $since - 60) | .executionArn'
}

# The execution that began with this image (or is a rollback), newest first; not one that was followed already.
find_execution() {
  local arn input
  for arn in $(started); do
    [[ $seen == *" $arn "* ]] && continue
    input=$(aws stepfunctions describe-execution --execution-arn "$arn" --output json | jq -r .input)
    if jq --exit-status --arg wanted "$wanted" \
      '.image == $wanted or ($wanted == "rollback" and .action == "rollback")' <<< "$input" > /dev/null; then
      execution=$arn
      return 0
    fi
  done
  return 1
}

# One place is all that the queue has, and the newest is in it: whoever took the lock and started later than the one that
# queued ours has put ours away. What a step answered names the release once the lock is taken.
is_replaced() {
  local arn
  for arn in $(started); do
    [[ $arn != "$queued" ]] || return 1
    if aws stepfunctions get-execution-history --execution-arn "$arn" --max-items 60 --output json |
      jq --exit-status 'any(.events[] | .stateExitedEventDetails.output // empty | fromjson?; .release)' > /dev/null; then
      return 0
    fi
  done
  return 1
}

# Looks until the execution has ended; tells each new state of it once.
wait_for_end() {
  local told='' now misses=0
  while true; do
    if description=$(aws stepfunctions describe-execution --execution-arn "$execution" --output json); then
      misses=0
      [[ $(jq -r .status <<< "$description") == RUNNING ]] || return 0
      now=$(aws stepfunctions get-execution-history --execution-arn "$execution" --reverse-order --max-items 30 --output json |
        jq -r '[.events[] | .stateExitedEventDetails.output // empty | fromjson? | .summary // empty][0] // empty') || now=''
      [[ -z $now || $now == "$told" ]] || say "$now"
      told=$now
    else
      misses=$((misses + 1))
      ((misses < 20)) || conclude 4 "AWS does not answer; how $execution goes on cannot be seen from here."
    fi
    ((SECONDS < deadline)) || conclude 4 "$execution is still running; it goes on without us."
    sleep "$every"
  done
}

judge_end() {
  local status error cause summary owner
  status=$(jq -r .status <<< "$description")
  error=$(jq -r '.error // empty' <<< "$description")
  cause=$(jq -r '.cause // empty' <<< "$description")
  summary=$(jq -r '.output // "{}" | fromjson | .summary // empty' <<< "$description")
  case "$status:$error" in
    SUCCEEDED:)
      owner=$(jq -r '.output // "{}" | fromjson | .owner // empty' <<< "$description")
      if [[ -n $owner ]]; then
        say "$summary"
        [[ $owner == arn:* ]] || conclude 4 "The $owner brings users back; sluice status shows when they are."
        # One that brings a version back must end promoted; a release that is told to go back must end reverted.
        [[ $summary == 'on its way:'* ]] || going_back=true
        next=$owner
        return
      fi
      case "$summary" in
        queued:*) queued=$execution ;;
        duplicate:*) ;;
        stale:*) conclude 1 "$summary" ;;
        *) conclude 0 "$summary" ;;
      esac
      last=$summary
      say "$summary"
      ;;
    FAILED:ReleaseRefused) conclude 2 "Refused, nothing was changed: $cause" ;;
    FAILED:ReleaseReverted)
      if $going_back; then conclude 0 "Rolled back: $cause"; fi
      conclude 1 "$error: $cause"
      ;;
    FAILED:Stuck) conclude 3 "Stuck: $cause" ;;
    FAILED:*) conclude 1 "$error: $cause" ;;
    *) conclude 1 "The execution was ended from outside ($status); the reconciler brings users back." ;;
  esac
}

case $1 in
  execution)
    execution=$2
    since=$(date +%s)
    wanted=rollback
    ;;
  image)
    execution=''
    wanted=$2
    since=$3
    ;;
  *) conclude 2 "follow.sh image TAG SINCE, or follow.sh execution ARN" ;;
esac

while true; do
  if [[ -n $execution ]] || find_execution; then
    say "Following $execution"
    seen+="$execution "
    wait_for_end
    next=''
    judge_end
    execution=$next
  else
    # Whoever waits in the queue may wait for hours; everything else begins within minutes.
    if [[ -n $queued ]]; then
      ! is_replaced || conclude 1 "$wanted waits no longer: a newer push took its place."
    elif ((SECONDS >= start_by)); then
      [[ -z $last ]] || conclude 1 "$last"
      conclude 4 "No execution took $wanted; the push may have been lost (the reconciler reports it)."
    fi
    ((SECONDS < deadline)) || conclude 4 "$wanted still waits; it starts by itself."
    sleep "$every"
  fi
done
