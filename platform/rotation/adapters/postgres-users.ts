/** The database's users. Statements that hold a password are quoted by the driver: PostgreSQL takes no parameters there. */
import { Client, escapeIdentifier, escapeLiteral } from 'pg';
import { Transient } from '../../../functions/core/failures.ts';
import type { DatabaseUsers } from '../ports/credentials.ts';

export interface DatabaseAddress {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** The server's certificate is checked. */
  readonly tls: boolean;
}

export interface Login {
  readonly user: string;
  readonly password: string;
}

/** "invalid_password" and "invalid_authorization_specification" of PostgreSQL's table of error codes. */
const REFUSED = ['28P01', '28000'];
const WITHIN_MS = 10_000;

/** `admin`: may create roles; it is not one of the users that take turns. */
export function postgresUsers(at: DatabaseAddress, admin: () => Promise<Login>): DatabaseUsers {
  async function connected<Result>(login: Login, use: (client: Client) => Promise<Result>): Promise<Result> {
    const { host, port, database, tls } = at;
    const client = new Client({
      host,
      port,
      database,
      ssl: tls,
      ...login,
      connectionTimeoutMillis: WITHIN_MS,
      query_timeout: WITHIN_MS,
    });
    client.on('error', () => {});
    try {
      await client.connect();
      return await use(client);
    } catch (cause) {
      throw isRefusal(cause) ? cause : new Transient(`The database at ${host}: ${(cause as Error).message}`, { cause });
    } finally {
      await client.end();
    }
  }

  return {
    async accepts(user, password) {
      try {
        return await connected({ user, password }, async (client) => (await client.query('SELECT 1')).rowCount === 1);
      } catch (error) {
        if (isRefusal(error)) return false;
        throw error;
      }
    },

    admit: async (user, password, owner) =>
      connected(await admin(), async (client) => {
        const [name, role] = [escapeIdentifier(user), escapeIdentifier(owner)];
        const exists = async (one: string) =>
          (await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [one])).rowCount === 1;
        await client.query('BEGIN');
        if (!(await exists(owner))) await client.query(`CREATE ROLE ${role} NOLOGIN`);
        await client.query(`GRANT ALL ON DATABASE ${escapeIdentifier(at.database)} TO ${role}`);
        await client.query(`GRANT ALL ON SCHEMA public TO ${role}`);
        const verb = (await exists(user)) ? 'ALTER' : 'CREATE';
        await client.query(`${verb} ROLE ${name} LOGIN PASSWORD ${escapeLiteral(password)}`);
        await client.query(`GRANT ${role} TO ${name}`);
        await client.query(`ALTER ROLE ${name} SET role TO ${role}`);
        await client.query('COMMIT');
      }),
  };
}

const isRefusal = (error: unknown): boolean => REFUSED.includes((error as { readonly code?: string }).code ?? '');
