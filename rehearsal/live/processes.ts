import {
  type ChildProcess,
  type SpawnOptionsWithStdioTuple,
  type StdioNull,
  type StdioPipe,
  spawn,
} from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';

/** What to run as one task. A string is for the shell; a list is a program and its arguments. */
export interface TaskDefinition {
  readonly command: string | readonly string[];
  /** Added to our own environment; PORT is set to the task's own port. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What can be switched on and off in the sample backend while it runs (`examples/sample-backend.mjs`). */
export interface Fault {
  /** Percentage points added to its error probability. @default - as it was */
  readonly errorPoints?: number;
  /** Times its usual latency. @default - as it was */
  readonly latencyFactor?: number;
  /** Whether its health check fails. @default - as it was */
  readonly unhealthy?: boolean;
  /** Exits with 1 at once; whatever it was answering is lost. @default - it lives */
  readonly crash?: true;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One running process: one task of a service. */
export interface LiveTask {
  readonly port: number;
  readonly pid: number;
  /** Resolves when it has ended, whoever ended it. */
  readonly exited: Promise<Exit>;
  /** One real health check, as the load balancer does it: `GET /health` answered 200 within a second. */
  healthy(): Promise<boolean>;
  /** Resolves once the fault is switched; an error when the task does not take faults. */
  fault(fault: Fault): Promise<void>;
  /** SIGTERM; SIGKILL to what is left three seconds later. Resolves when it has ended. */
  stop(): Promise<void>;
  /** The last lines that it wrote to stderr, oldest first; empty ones left out. */
  logTail(): readonly string[];
}

const HEALTH_TIMEOUT_MS = 1000;
const FAULT_TIMEOUT_MS = 3000;
const STOP_TIMEOUT_MS = 3000;
const ESCAPED_TIMEOUT_MS = 500;
const LOG_TAIL_LINES = 20;
const LOG_TAIL_CHARACTERS = 8000;

/**
 * Starts one task on a free port of 127.0.0.1; it runs when this resolves, its health is for `healthy()` to say.
 * Nothing of it outlives us, however we end. POSIX only: it lives in a process group of its own.
 */
export async function startTask({ command, environment }: TaskDefinition): Promise<LiveTask> {
  const port = await freePort();
  const options: SpawnOptionsWithStdioTuple<StdioPipe, StdioNull, StdioPipe> = {
    env: { ...process.env, ...environment, PORT: String(port) },
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  };
  const child =
    typeof command === 'string'
      ? spawn(command, { ...options, shell: true })
      : spawn(command[0] ?? '', command.slice(1), options);
  const pid = child.pid;
  if (pid === undefined) {
    const [error] = await once(child, 'error');
    throw new Error(`Cannot start "${[command].flat().join(' ')}": ${error.message}`, { cause: error });
  }

  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-LOG_TAIL_CHARACTERS);
  });
  child.stdin.on('error', () => {}); // it may end before it has read anything
  const endOfWatch = killWhenWeEnd(pid);

  let stopping = false;
  const sweep = () => {
    signalGroup(pid, 'SIGKILL');
    // Whoever left the group still holds stderr, and would keep us waiting for it.
    setTimeout(() => child.stderr.destroy(), ESCAPED_TIMEOUT_MS).unref();
  };
  // As in a container, when the first process ends the rest ends too; after SIGTERM the rest may finish its work.
  child.once('exit', () => stopping || sweep());
  const exited = new Promise<Exit>((resolve) => {
    // 'close' comes once nobody holds stderr any more: the log is complete.
    child.once('close', (code, signal) => {
      signalGroup(pid, 'SIGKILL');
      endOfWatch();
      resolve({ code, signal });
    });
  });

  return {
    port,
    pid,
    exited,
    healthy: async () => (await ask(port, 'GET', '/health', HEALTH_TIMEOUT_MS).catch(() => undefined)) === 200,
    async fault(fault) {
      const status = await ask(port, 'PUT', '/__fault', FAULT_TIMEOUT_MS, JSON.stringify(fault));
      if (status !== 200) throw new Error(`The task on port ${port} does not take faults: PUT /__fault gave ${status}`);
    },
    async stop() {
      stopping = true;
      if (isRunning(child)) signalGroup(pid, 'SIGTERM');
      const deadline = setTimeout(sweep, STOP_TIMEOUT_MS);
      await exited;
      clearTimeout(deadline);
    },
    logTail: () => log.split('\n').filter(Boolean).slice(-LOG_TAIL_LINES),
  };
}

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

/**
 * A shell waits at the other end of a pipe. However we end (a signal, an exception, SIGKILL), the pipe ends with us and
 * the shell kills the group. The function that is given back is for when the group has ended by itself.
 */
function killWhenWeEnd(group: number): () => void {
  const script = 'read -r gone || kill -s KILL -- "-$1"';
  const watcher = spawn('sh', ['-c', script, 'sh', String(group)], {
    detached: true, // or Ctrl-C would end it together with us
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watcher.unref();
  watcher.stdin.on('error', () => {});
  return () => watcher.stdin.end('gone\n');
}

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch (error) {
    // Nobody is left in it, or (on macOS) only processes that have ended already.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The status of the answer; an error when none came in time. No connection is kept. */
function ask(port: number, method: string, path: string, timeoutMs: number, body?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const asked = request({ host: '127.0.0.1', port, method, path, headers, signal, agent: false }, (answer) => {
      answer.on('error', reject).resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
    });
    asked.on('error', reject).end(body);
  });
}
