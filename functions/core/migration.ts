/**
 * A service's migration with Alembic, as commands for a container of the image that brings the revisions. Each is one
 * `sh` script that ends with 0 only when the database stands where it was asked to: what RunTask reports is the exit code.
 */

/**
 * `alembic upgrade head`, and then what is applied must be what the image has, which must be something. Source: docs/seed.md, "Database
 * Migrations". `alembic current` and `alembic heads` print `<revision> (head)`, one line each; their exit codes are seen
 * because nothing is piped from them.
 */
export const UPGRADE: readonly string[] = script(`
set -eu
heads=$(alembic heads)
if [ -z "$heads" ]; then
  echo "The image has no revision at all: is the folder of migrations in it? Nothing was changed." >&2
  exit 1
fi
alembic upgrade head
revisions() { printf '%s\\n' "$1" | cut -d ' ' -f 1 | sort; }
current=$(alembic current)
if [ "$(revisions "$current")" != "$(revisions "$heads")" ]; then
  echo "The database is at '$current', the image at '$heads'." >&2
  exit 1
fi
echo "The database is at '$current', as the image."
`);

/**
 * How far back: `-1`, `-2`: so many revisions. A revision's id, whole or its beginning: to that one, which takes back one
 * revision at most, or as many as are counted after it (`0001_drivers:2`). None of Alembic's own words: `base` is before all
 * revisions. It becomes arguments of a shell script.
 */
const TARGET = /^(?:-[1-9]\d?|(?!(?:base|heads?|current)(?::|$))[0-9a-z_]{4,64}(?::[1-9]\d?)?)$/;

export const isDowngradeTarget = (text: string): boolean => TARGET.test(text);

/**
 * Back to `target`, which is told first, and not done when it would take back more than was asked for: a name may lead past
 * other releases' revisions, which nobody meant. To be run from the newer image: an older one has no file for the applied
 * revision, and Alembic says "Can't locate revision". `alembic history` names the newest first, and last the one that it
 * goes back to.
 */
export const downgradeTo = (target: string): readonly string[] => [
  ...script(`
set -eu
reading() {
  answer=$(alembic "$@") || {
    echo "$answer" >&2
    exit 1
  }
}
reading current
before=$answer
case "$1" in
  -*)
    reading history --rev-range=":current"
    back=$(echo "$answer" | head -n "$2")
    ;;
  *)
    reading history --rev-range="$1:current"
    back=$(echo "$answer" | sed '$d')
    ;;
esac
count=$(printf '%s' "$back" | grep -c '' || true)
echo "From '$before' to '$1', revisions taken back: $count"
echo "$back"
if [ "$count" -gt "$2" ]; then
  echo "It takes back $count revisions, and $2 was asked for; nothing was changed. If all are meant, write $1:$count." >&2
  exit 1
fi
alembic downgrade "$1"
after=$(alembic current)
case "$1" in
  -*) [ "$after" != "$before" ] ;;
  *) [ "\${after#"$1"}" != "$after" ] ;;
esac || {
  echo "The database is at '$after', not at '$1'." >&2
  exit 1
}
echo "The database went from '$before' back to '$after'."
`),
  'downgrade',
  ...counted(target),
];

/** Where to, and how many revisions that may take back. */
function counted(target: string): readonly [string, string] {
  if (target.startsWith('-')) return [target, target.slice(1)];
  const [revision, most = '1'] = target.split(':');
  return [revision!, most];
}

function script(text: string): readonly string[] {
  return ['sh', '-c', text.trim()];
}
