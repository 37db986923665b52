/** The scripts of `scripts/ci` as GitHub runs them, with commands on PATH that record what they were asked. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SCRIPTS = fileURLToPath(new URL('../../scripts/ci', import.meta.url));

const COMMANDS = ['aws', 'docker', 'curl', 'git'] as const;

/** What a command answers: the first rule whose words all are among the arguments. The last of its answers stays. */
export interface Rule {
  readonly command: (typeof COMMANDS)[number];
  readonly words: readonly string[];
  readonly answers: readonly Answer[];
}

export interface Answer {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly code?: number;
  /** What the command writes into the file that its last argument names. */
  readonly file?: string;
}

export interface Ran {
  readonly code: number;
  readonly output: string;
  /** One line each: the command and its arguments. */
  readonly calls: readonly string[];
  /** What was written to GITHUB_OUTPUT. */
  readonly outputs: string;
}

const FAKE = `#!${process.execPath}
const { appendFileSync, readFileSync, writeFileSync } = require('node:fs');
const [command, args] = [require('node:path').basename(process.argv[1]), process.argv.slice(2)];
const folder = process.env.FAKES;
appendFileSync(folder + '/calls', [command, ...args].join(' ').replaceAll('\\n', ' ') + '\\n');
const rules = JSON.parse(readFileSync(folder + '/rules.json', 'utf8'));
const rule = rules.find((one) => one.command === command && one.words.every((word) => args.includes(word)));
if (!rule) process.exit(0);
const answer = rule.answers.length > 1 ? rule.answers.shift() : rule.answers[0];
writeFileSync(folder + '/rules.json', JSON.stringify(rules));
if (answer.file !== undefined) writeFileSync(args.at(-1), answer.file);
process.stdout.write(answer.stdout ?? '');
process.stderr.write(answer.stderr ?? '');
process.exit(answer.code ?? 0);
`;

export async function runScript(
  script: string,
  args: readonly string[],
  rules: readonly Rule[],
  environment: Readonly<Record<string, string>> = {},
  alsoRecorded: readonly string[] = [],
): Promise<Ran> {
  const folder = mkdtempSync(join(tmpdir(), 'ci-'));
  for (const name of [...COMMANDS, ...alsoRecorded]) {
    writeFileSync(`${folder}/${name}`, FAKE);
    chmodSync(`${folder}/${name}`, 0o755);
  }
  for (const name of ['calls', 'outputs']) writeFileSync(`${folder}/${name}`, '');
  writeFileSync(`${folder}/rules.json`, JSON.stringify(rules));
  const child = spawn(`${SCRIPTS}/${script}.sh`, [...args], {
    env: {
      PATH: `${folder}:${process.env['PATH']}`,
      FAKES: folder,
      GITHUB_OUTPUT: `${folder}/outputs`,
      TZ: 'UTC',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  const [code] = (await once(child, 'close')) as [number];
  const calls = readFileSync(`${folder}/calls`, 'utf8').split('\n').filter(Boolean);
  const outputs = readFileSync(`${folder}/outputs`, 'utf8');
  rmSync(folder, { recursive: true });
  return { code, output, calls, outputs };
}
