/** The built command, run as users run it. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const BIN = fileURLToPath(new URL('../../dist/sluice.mjs', import.meta.url));

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Nothing of the machine that runs the tests: no CI, no colours of its own. */
export const environment = (more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'] ?? '',
  LANG: 'C.UTF-8',
  TERM: 'xterm-256color',
  ...more,
});

export const sluice = (words: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Ran> =>
  ended(spawnSluice(words, more));

/** Ctrl-C as soon as stdout reads so. */
export function interrupted(
  words: readonly string[],
  at: RegExp,
  more: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const child = spawnSluice(words, more);
  let told = '';
  child.stdout.on('data', (text: Buffer) => {
    told += text;
    if (at.test(told)) child.kill('SIGINT');
  });
  return ended(child);
}

const spawnSluice = (words: readonly string[], more: Readonly<Record<string, string>>) =>
  spawn(process.execPath, [BIN, ...words], { env: environment(more), stdio: ['ignore', 'pipe', 'pipe'] });

async function ended(child: ReturnType<typeof spawnSluice>): Promise<Ran> {
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const [code] = (await once(child, 'close')) as [number];
  return { code, stdout: stdout(), stderr: stderr() };
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8');
}

/** A command line for `sh`, in which `sluice` is ours. */
export function shell(line: string): Ran {
  const script = `sluice() { "$NODE" "$BIN" "$@"; }\n${line}`;
  const { status, stdout, stderr } = spawnSync('sh', ['-c', script], {
    env: environment({ NODE: process.execPath, BIN }),
    encoding: 'utf8',
  });
  return { code: status ?? -1, stdout, stderr };
}

export const hasPython = spawnSync('python3', ['--version']).status === 0;

/** Runs a command on a pseudo terminal; writes Ctrl-C once `marker` was printed. */
const PTY = `
import fcntl, json, os, pty, struct, sys, termios
rows, columns, marker, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3].encode(), sys.argv[4:]
child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
    os.execv(command[0], command)
output = b''
while True:
    try:
        read = os.read(terminal, 65536)
    except OSError:
        break
    if not read:
        break
    output += read
    if marker and marker in output:
        os.write(terminal, b'\\x03')
        marker = b''
status = os.waitpid(child, 0)[1]
print(json.dumps({'code': os.waitstatus_to_exitcode(status), 'output': output.decode()}))
`;

export interface OnTerminal {
  readonly code: number;
  /** Everything that was written, both streams, with its codes. */
  readonly output: string;
}

export function onTerminal(
  words: readonly string[],
  {
    rows = 40,
    columns = 100,
    interruptAt = '',
    more = {},
  }: {
    readonly rows?: number;
    readonly columns?: number;
    readonly interruptAt?: string;
    readonly more?: Readonly<Record<string, string>>;
  } = {},
): OnTerminal {
  const { stdout, stderr } = spawnSync(
    'python3',
    ['-c', PTY, String(rows), String(columns), interruptAt, process.execPath, BIN, ...words],
    { env: environment(more), encoding: 'utf8', maxBuffer: 2 ** 28 },
  );
  if (!stdout) throw new Error(stderr);
  return JSON.parse(stdout) as OnTerminal;
}
