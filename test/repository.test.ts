import { posix } from 'node:path';
import { expect, test } from 'vitest';
import { writes } from '../functions/core/protocol.ts';
import { policy } from '../state-machines/policy.ts';
import { dependencies, isSource, isThere, packageJson, repositoryFiles, textOf } from './repository-files.ts';
import { APART, LIVE, TOGETHER } from './rooms.ts';

const COMMANDS = ['npm ci && npm start', 'npm ci && npm test'];

/** Lines that a file may have before a reader loses the thread; comments and blank lines are free. */
const LONGEST_FILE = 300;
const LONG_FOR_A_REASON: Readonly<Record<string, string>> = {
  'functions/core/protocol.ts': 'one table: every write of the ledger beside its condition',
  'test/core/judge/judge.test.ts': 'one list: the laws of the judge',
  'test/core/protocol.test.ts': 'one list: every condition of the ledger, held against every phase',
  'test/core/release.test.ts': 'one list: what a person may write, field by field',
  'test/platform/infra/core-stack.test.ts': 'one list: the plan, value by value',
  'test/rehearsal/violations.test.ts': 'one list: every violation of the protocol, each a short story',
  'test/rehearsal/engine.test.ts': 'one list: the engine, behaviour by behaviour, each a short story',
};

const files = repositoryFiles();
const documents = files.filter((path) => path.endsWith('.md'));

const wherever = (pattern: RegExp, paths: readonly string[]): readonly string[] =>
  paths.flatMap((path) =>
    textOf(path)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim().slice(0, 120)}`] : [])),
  );

interface Installed {
  readonly resolved?: string;
  readonly integrity?: string;
  /** Came inside another package, under that one's fingerprint. */
  readonly inBundle?: boolean;
}

/** A URL whose host is a registry's or a mirror's, and the usual hosts without their scheme. */
const REGISTRY =
  /https?:\/\/[^/\s"'`]*(?:registry|npm|pypi|pythonhosted|artifactory|nexus)|registry\.(?:npmjs|yarnpkg)/i;
const MACHINE_PATH = /(?<![\w.:/~-])\/(?:home|work|root|Users)\/\w/;

test('no file names a package registry: a clone installs from whatever its user has configured', () => {
  expect(REGISTRY.test(`"resolved": "https://${'registry'}.example.org/zod"`)).toBe(true);
  expect(wherever(REGISTRY, files)).toEqual([]);
});

test('no file names a folder of the machine that it was written on', () => {
  expect(MACHINE_PATH.test(`see /${'home'}/ana/sluice`)).toBe(true);
  expect(MACHINE_PATH.test('https://example.org/work/plan')).toBe(false);
  expect(wherever(MACHINE_PATH, files)).toEqual([]);
});

test('the lock file says what is installed, with its fingerprint, and not from where', () => {
  const { packages } = JSON.parse(textOf('package-lock.json')) as {
    readonly packages: Readonly<Record<string, Installed>>;
  };
  const installed = Object.entries(packages).filter(([path]) => path !== '');
  expect(installed.length).toBeGreaterThan(0);
  expect(installed.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  const printed = installed.filter(([, { inBundle }]) => !inBundle);
  expect(printed.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'))).toEqual([]);
});

test('every dependency has one exact version', () => {
  const exact = /^(?:npm:(?:@[\w-]+\/)?[\w-]+@)?\d+\.\d+\.\d+$/;
  expect(Object.entries(dependencies).filter(([, version]) => !exact.test(version))).toEqual([]);
});

test('every dependency says in docs/decisions why it earns its place', () => {
  const reasons = textOf('docs/decisions/0007-dependencies.md');
  expect(Object.keys(dependencies).filter((name) => !reasons.includes(`| \`${name}\` |`))).toEqual([]);
});

test('the README begins with two commands, they exist, and CI runs the second of them', () => {
  const readme = textOf('README.md');
  expect(COMMANDS.filter((command) => !readme.includes(command))).toEqual([]);
  expect(Object.keys(packageJson.scripts)).toEqual(expect.arrayContaining(['start', 'test']));
  expect(textOf('.ci/run').split('\n')).toContain(COMMANDS[1]);
});

test('the six files in the README are six, and under 600 lines together', () => {
  const [, list] = /Six files explain[^\n]*\n\n([\s\S]*?)\n\n/.exec(textOf('README.md'))!;
  const six = [...list!.matchAll(/\]\(([^)]+)\)/g)].map(([, path]) => path!);
  const lines = six.reduce((sum, path) => sum + textOf(path).trimEnd().split('\n').length, 0);
  expect(six.length).toBe(6);
  expect(lines).toBeLessThan(600);
});

test('the map in the README has every folder, and no other', () => {
  const [, map] = /## The map\n\n```\n([\s\S]*?)```/.exec(textOf('README.md'))!;
  const mapped = map!.split('\n').flatMap((line) => /^([\w-]+)\//.exec(line)?.[1] ?? []);
  const folders = files.flatMap((path) => (path.includes('/') && !path.startsWith('.') ? [path.split('/')[0]!] : []));
  expect([...new Set(mapped)].toSorted()).toEqual([...new Set(folders)].toSorted());
});

test('every write of the ledger stands in docs/architecture.md with its condition', () => {
  const told = [...textOf('docs/architecture.md').matchAll(/^\| `(\w+)` \| [^|]+ \| [^|]+ \|$/gm)].map(
    ([, name]) => name!,
  );
  expect(told.toSorted()).toEqual(Object.keys(writes).toSorted());
});

test('the prose of the policy names every placeholder, and every verdict that the policy reads', () => {
  const states = JSON.stringify(policy);
  const prose = textOf('state-machines/README.md');
  const placeholders = [...new Set(states.match(/\$\{\w+\}/g))];
  const verdicts = [...new Set([...states.matchAll(/"StringEquals":"([^"]+)"/g)].map(([, verdict]) => verdict!))];
  expect(placeholders.length).toBe(7);
  expect([...placeholders, ...verdicts].filter((word) => !prose.includes(`\`${word}\``))).toEqual([]);
});

test('every npm script that a document names exists', () => {
  const named = documents.flatMap((path) =>
    [...textOf(path).matchAll(/\bnpm run ([\w:-]+)/g)].map(([, script]) => `${path}: ${script!}`),
  );
  expect(named.filter((one) => !((one.split(': ')[1] ?? '') in packageJson.scripts))).toEqual([]);
});

test('every relative link in a document leads to a file', () => {
  const links = documents.flatMap((path) =>
    [...textOf(path).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)/g)].map(([, target]) => ({
      path,
      target: posix.join(posix.dirname(path), target!),
    })),
  );
  expect(links.length).toBeGreaterThan(0);
  expect(links.filter(({ target }) => !isThere(target))).toEqual([]);
});

test(`no file has more than ${LONGEST_FILE} lines of code, but for a reason`, () => {
  const long = files.filter(isSource).filter((path) => linesOfCode(textOf(path)) > LONGEST_FILE);
  expect(linesOfCode('// why\n\n/**\n * words\n */\nconst a = 1;\n')).toBe(1);
  expect(long.filter((path) => !(path in LONG_FOR_A_REASON))).toEqual([]);
});

const linesOfCode = (text: string): number =>
  text.split('\n').filter((line) => !/^\s*(?:\/\/|\/\*|\*\/|\* |\*$|$)/.test(line)).length;

const roomOf = (path: string): string => /^test\/([^/]+)\//.exec(path)?.[1] ?? '.';

test('what is run apart from its room is there', () => {
  expect([...APART, LIVE].filter((path) => !files.some((one) => one.startsWith(path)))).toEqual([]);
});

test('a test file that shares its process changes nothing of it', () => {
  const shared = files.filter(
    (path) =>
      path.startsWith('test/') &&
      path.endsWith('.ts') &&
      TOGETHER.includes(roomOf(path)) &&
      !APART.includes(path) &&
      !path.startsWith(LIVE),
  );
  const changes =
    /\bvi\.(?:mock|doMock|stub\w+|useFakeTimers|setSystemTime)\(|process\.env(?:\[[^\]]+\]|\.\w+) (?:\?\?|\|\|)?= |Object\.assign\(process\.env|delete process\.env|process\.chdir\(|globalThis\.\w+ = /;
  expect(wherever(changes, shared)).toEqual([]);
});
