/**
 * The nightly dump of the database: one task of two containers that share a folder. The first has PostgreSQL's own
 * tools, the second the AWS CLI; neither image is built by us. Beside RDS's snapshots, a dump restores into any server.
 */

/** Where both containers have the shared folder. */
export const BACKUP_FOLDER = '/backup';
const FILE = 'database.dump';

/**
 * Reads libpq's variables (PGHOST, PGUSER, PGPASSWORD, PGDATABASE, PGSSLMODE) and BACKUP_FOLDER. The dump says nothing of
 * owners and grants, so that it restores under another user; a file whose contents cannot be listed, or that has no
 * table's data, is no backup.
 */
export const DUMP: readonly string[] = [
  'sh',
  '-c',
  `
set -eu
pg_dump --format=custom --no-owner --no-privileges --file="$BACKUP_FOLDER/${FILE}"
contents=$(pg_restore --list "$BACKUP_FOLDER/${FILE}")
case "$contents" in
  *' TABLE DATA '*) ;;
  *)
    echo "There is no table with data in the dump of $PGDATABASE: is it the right database?" >&2
    exit 1
    ;;
esac
`.trim(),
];

/** Reads BACKUP_BUCKET and BACKUP_FOLDER. Each night has a key of its own, UTC, so that no backup replaces another. */
export const UPLOAD: readonly string[] = [
  'sh',
  '-c',
  `
set -eu
aws s3 cp --no-progress "$BACKUP_FOLDER/${FILE}" "s3://$BACKUP_BUCKET/$(date -u +%Y/%m/%Y-%m-%dT%H%M%SZ).dump"
`.trim(),
];
