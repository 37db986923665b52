#!/usr/bin/env bash
# frontend.sh FOLDER: uploads a built frontend so that no page ever asks for what is not there. Files with a hash in their
# name first, kept by browsers for a year; then the others; index.html, which names them, last. Nothing is deleted: pages
# that are open still ask for the files that they came with.
# Reads BUCKET, DISTRIBUTION.
set -euo pipefail
folder=$1
cd "$folder"
[[ -f index.html ]] || {
  echo "There is no index.html in $folder." >&2
  exit 2
}

hashed=()
others=()
while IFS= read -r -d '' file; do
  file=${file#./}
  # main.8f3a1b2c4d5e6f70.js, chunk-ABCD2345.js: eight or more letters and digits before the last dot, a digit among them.
  if [[ $file =~ [.-]([0-9A-Za-z]{8,})\.[0-9a-z]+$ && ${BASH_REMATCH[1]} =~ [0-9] ]]; then
    hashed+=(--include "$file")
  elif [[ $file != index.html && $file != ngsw.json ]]; then
    others+=(--include "$file")
  fi
done < <(find . -type f -print0 | sort -z)

upload() {
  local cache=$1
  shift
  (($# > 0)) || return 0
  aws s3 sync . "s3://$BUCKET" --no-progress --cache-control "$cache" --exclude '*' "$@"
}
upload 'public, max-age=31536000, immutable' "${hashed[@]}"
upload 'no-cache' "${others[@]}"
aws s3 cp index.html "s3://$BUCKET/index.html" --no-progress --cache-control 'no-cache'
# Angular's service worker takes index.html only if it has the hash that stands here.
[[ ! -f ngsw.json ]] || aws s3 cp ngsw.json "s3://$BUCKET/ngsw.json" --no-progress --cache-control 'no-cache'
aws cloudfront create-invalidation --distribution-id "$DISTRIBUTION" --paths '/*' --query 'Invalidation.Id' --output text
