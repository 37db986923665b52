/**
 * A service's migration with Alembic, as commands for a container of the image that brings the revisions. Each is one
 * `sh` script that ends with 0 only when the database stands where it was asked to: what RunTask reports is the exit code.
 */

/**
 * `alembic upgrade head`, and then what is applied must be what the image has. Source: docs/seed.md, "Database
 * Migrations". `alembic current` and `alembic heads` print `<revision> (head)`, one line each; their exit codes are seen
 * because nothing is piped from them.
 */
export const UPGRADE: readonly string[] = script(`
set -eu
alembic upgrade head
revisions() { printf '%s\\n' "$1" | cut -d ' ' -f 1 | sort; }
current=$(alembic current)
heads=$(alembic heads)
if [ "$(revisions "$current")" != "$(revisions "$heads")" ]; then
  echo "The database is at '$current', the image at '$heads'." >&2
  exit 1
fi
echo "The database is at '$current', as the image."
`);

/** A revision's id, whole or its beginning, or how many steps back (`-1`); it becomes an argument of a shell script. */
const TARGET = /^(?:-[1-9]\d?|[0-9a-z_]{4,64})$/;

export const isDowngradeTarget = (text: string): boolean => TARGET.test(text);

/**
 * Back to `target`. To be run from the newer image: an older one has no file for the applied revision, and Alembic says
 * "Can't locate revision".
 */
export const downgradeTo = (target: string): readonly string[] => [
  ...script(`
set -eu
before=$(alembic current) || {
  echo "$before" >&2
  exit 1
}
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
  target,
];

function script(text: string): readonly string[] {
  return ['sh', '-c', text.trim()];
}
