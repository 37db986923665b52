#!/usr/bin/env bash
# push.sh IMAGE.tar.gz TAG: pushes the image under its release tag, which starts the release. Tags are immutable: one that
# is there already is not pushed again, so that a second try of the workflow follows the release that the first one began.
# A commit that main has gone past is refused (exit code 1): an approval that came late would bring old code over new.
# Reads REGISTRY, REPOSITORY, GITHUB_REF, GITHUB_SHA. Writes `since` (epoch seconds) to GITHUB_OUTPUT.
set -euo pipefail
archive=$1
tag=$2
image="$REGISTRY/$REPOSITORY:$tag"

known=$(aws ecr describe-images --repository-name "$REPOSITORY" --image-ids "imageTag=$tag" \
  --query 'imageDetails[0].imagePushedAt' --output json 2>&1) && status=0 || status=$?
if ((status == 0)); then
  # As a number or as ISO 8601, by the CLI's configuration.
  since=$(jq -r 'if type == "number" then . else (sub("\\.\\d+"; "") | sub("\\+00:00$"; "Z") | fromdateiso8601) end | floor' <<< "$known")
  echo "$image is there already; its release goes on."
elif [[ $known == *ImageNotFoundException* ]]; then
  if [[ ${GITHUB_REF:-} == refs/heads/main ]]; then
    main=$(git ls-remote origin refs/heads/main | cut -f 1)
    if [[ $main != "$GITHUB_SHA" ]]; then
      echo "Superseded: main is at $main; approve that run, or give this commit a version (git tag v1.2.3)." >&2
      exit 1
    fi
  fi
  since=$(date +%s)
  docker load --quiet --input "$archive"
  docker tag "release:$tag" "$image"
  docker push --quiet "$image"
else
  echo "$known" >&2
  exit "$status"
fi
echo "since=$since" >> "${GITHUB_OUTPUT:-/dev/stdout}"
