/** Images of a service as a migration sees them: a folder with Alembic's environment and some of the revisions. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Postgres } from '../postgres.ts';

const PROJECT = fileURLToPath(new URL('../../examples/migrations', import.meta.url));

export interface Image {
  readonly folder: string;
  remove(): void;
}

/** The example's image: `without` revisions that came later, `and` with others. */
export function image(without: readonly string[] = [], and: Readonly<Record<string, string>> = {}): Image {
  const folder = mkdtempSync(join(tmpdir(), 'image-'));
  cpSync(PROJECT, folder, { recursive: true });
  for (const revision of without) rmSync(`${folder}/versions/${revision}.py`);
  for (const [revision, text] of Object.entries(and)) writeFileSync(`${folder}/versions/${revision}.py`, text);
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export interface Ran {
  readonly code: number | null;
  /** Both streams. */
  readonly output: string;
}

/** As RunTask does: the command replaces the image's own. */
export function run({ folder }: Image, command: readonly string[], environment: NodeJS.ProcessEnv): Ran {
  const [program, ...args] = command;
  const { status, stdout, stderr } = spawnSync(program!, args, { cwd: folder, env: environment, encoding: 'utf8' });
  return { code: status, output: stdout + stderr };
}

/** What the container would have in its environment. */
export const environmentFor = (bin: string, { environment }: Postgres, database: string): NodeJS.ProcessEnv => ({
  ...environment,
  PATH: `${bin}:${environment['PATH']}`,
  PGDATABASE: database,
  // libpq's variables say where.
  DATABASE_URL: 'postgresql+psycopg://',
});

export function sql({ environment }: Postgres, database: string, text: string): string {
  const { stdout, stderr, status } = spawnSync('psql', ['-qAtX', '-v', 'ON_ERROR_STOP=1', '-c', text], {
    env: { ...environment, PGDATABASE: database },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}
