/** A real PostgreSQL for tests: a cluster of its own in a temporary folder, on a free port of this machine. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toolForTests } from './tool.ts';

export interface Postgres {
  /** PATH with PostgreSQL's own programs, and libpq's variables for the superuser. */
  readonly environment: NodeJS.ProcessEnv;
  readonly port: number;
  readonly admin: string;
  stop(): Promise<void>;
}

const DEBIAN = '/usr/lib/postgresql';
const ADMIN = 'conductores_admin';

/** The programs' folder, newest version; undefined after telling how to get them. */
export const postgresForTests = (): string | undefined =>
  toolForTests('PostgreSQL', ['postgresql'], () =>
    (existsSync(DEBIAN) ? readdirSync(DEBIAN) : [])
      .toSorted((one, other) => Number(other) - Number(one))
      .map((version) => `${DEBIAN}/${version}/bin`)
      .find((folder) => existsSync(`${folder}/initdb`)),
  );

export async function startPostgres(programs: string): Promise<Postgres> {
  const data = mkdtempSync(join(tmpdir(), 'postgres-'));
  // PostgreSQL refuses to run as root.
  const user = process.getuid?.() === 0 ? idsOf('postgres') : undefined;
  if (user) chownSync(data, user.uid, user.gid);
  const port = await freePort();
  const asServer = { ...user, cwd: data, stdio: ['ignore', 'ignore', 'inherit'] as ['ignore', 'ignore', 'inherit'] };
  execFileSync(
    `${programs}/initdb`,
    ['--pgdata', data, '--username', ADMIN, '--auth-local', 'trust', '--auth-host', 'scram-sha-256', '--no-sync'],
    asServer,
  );
  const server = spawn(
    `${programs}/postgres`,
    ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', data, '-c', 'fsync=off', '-c', 'logging_collector=off'],
    { ...asServer, stdio: 'ignore' },
  );
  const environment = {
    PATH: `${programs}:${process.env['PATH'] ?? ''}`,
    PGHOST: data,
    PGPORT: String(port),
    PGUSER: ADMIN,
    PGDATABASE: 'postgres',
  };
  for (let look = 0; !accepts(programs, environment); look++) {
    if (look === 50) throw new Error('PostgreSQL did not start');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    environment,
    port,
    admin: ADMIN,
    async stop() {
      server.kill('SIGINT');
      if (server.exitCode === null) await once(server, 'exit');
      rmSync(data, { recursive: true, force: true });
    },
  };
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { readonly port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}

function accepts(programs: string, env: NodeJS.ProcessEnv): boolean {
  try {
    execFileSync(`${programs}/pg_isready`, ['--quiet'], { env });
    return true;
  } catch {
    return false;
  }
}

function idsOf(name: string): { readonly uid: number; readonly gid: number } {
  const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
