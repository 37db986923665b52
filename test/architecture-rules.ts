/** The arrows between the folders as a table, and the rules that a compiler does not hold. Each finding is a sentence. */
import { posix } from 'node:path';
import { init, parse } from 'es-module-lexer';
import { transform } from 'esbuild';

await init;

export interface Source {
  readonly path: string;
  /** As JavaScript without comments; what was imported for its types alone is still imported. */
  readonly code: string;
  /** Files of ours by their path from the root, packages by their full name; duplicates kept. */
  readonly imports: readonly string[];
  readonly exports: readonly string[];
  readonly reexports: readonly string[];
}

const IMPORT_OF_TYPES = /^(import|export) type (?=[{*]|\w+ from\b|\w+, )/gm;
const TYPE_BY_IMPORT = /\bimport\(\s*'([^']+)'\s*\)/g;

export async function read(path: string, text: string): Promise<Source> {
  const { code } = await transform(text.replace(IMPORT_OF_TYPES, '$1 '), {
    loader: path.endsWith('.ts') ? 'ts' : 'js',
    legalComments: 'none',
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  });
  const [statements, exported] = parse(code, path);
  const found = statements.flatMap((statement) =>
    'specifier' in statement && typeof statement.specifier === 'string'
      ? [{ name: statement.specifier, isReexport: code.startsWith('export', statement.importStart) }]
      : [],
  );
  const byType = [...text.matchAll(TYPE_BY_IMPORT)].map(([, name]) => ({ name: name!, isReexport: false }));
  const resolved = [...found, ...byType].map(({ name, isReexport }) => ({ name: resolve(path, name), isReexport }));
  return {
    path,
    code,
    imports: resolved.map(({ name }) => name),
    exports: exported.flatMap((one) => ('name' in one && one.name !== undefined ? [one.name] : [])),
    reexports: resolved.filter(({ isReexport }) => isReexport).map(({ name }) => name),
  };
}

const resolve = (from: string, name: string): string =>
  name.startsWith('.') ? posix.join(posix.dirname(from), name) : name;

interface Arrow {
  /** A folder. The longest that fits counts. */
  readonly from: string;
  /** Folders or files. */
  readonly to: readonly string[];
  readonly packages: RegExp;
  readonly why: string;
}

const NONE = /^(?!)/;
const ANY = /^/;
const ANY_BUT_AWS = /^(?!@aws-sdk\/|@smithy\/)/;
const [CORE, PORTS, STEPS] = ['functions/core', 'functions/ports', 'functions/steps'];
const [ADAPTERS, HANDLERS] = ['functions/adapters', 'functions/handlers'];
const [ROTATION_CORE, ROTATION_PORTS, ROTATION_STEPS] = [
  'platform/rotation/core',
  'platform/rotation/ports',
  'platform/rotation/steps',
];
const [ROTATION_ADAPTERS, ROTATION_HANDLERS] = ['platform/rotation/adapters', 'platform/rotation/handlers'];
const PLATFORM = 'platform/infra';
const GRAPH = 'rehearsal/engine-graph.ts';

const ARROWS: readonly Arrow[] = [
  { from: CORE, to: [CORE], packages: /^zod\/mini$/, why: 'the core is pure: values in, values out' },
  { from: PORTS, to: [PORTS, CORE], packages: NONE, why: 'a port speaks our words, not a library’s' },
  { from: STEPS, to: [STEPS, PORTS, CORE], packages: NONE, why: 'a step reaches the world through its ports' },
  {
    from: ADAPTERS,
    to: [ADAPTERS, PORTS, CORE],
    packages: ANY,
    why: 'an adapter carries out a port, and decides nothing',
  },
  {
    from: HANDLERS,
    to: [HANDLERS, STEPS, ADAPTERS, PORTS, CORE],
    packages: ANY,
    why: 'a handler joins, it does not think',
  },
  {
    from: 'rehearsal',
    to: ['rehearsal', STEPS, PORTS, CORE, 'state-machines'],
    packages: ANY_BUT_AWS,
    why: 'a rehearsal needs no account',
  },
  {
    from: 'report',
    to: ['report', PORTS, CORE],
    packages: /^node:crypto$/,
    why: 'a record comes in, a page goes out; whoever makes the record, the report does not know it',
  },
  {
    from: 'command-line',
    to: ['command-line', CORE],
    packages: /^node:util$/,
    why: 'whoever is started by a command line reads it by the same rules; what it asks for is not known here',
  },
  {
    from: 'cli',
    to: ['cli', 'command-line', 'report', 'rehearsal', 'state-machines', STEPS, PORTS, CORE, ADAPTERS],
    packages: ANY_BUT_AWS,
    why: 'a command talks to AWS through the adapters',
  },
  {
    from: 'infra',
    to: ['infra', CORE, 'state-machines'],
    packages: ANY,
    why: 'the template takes values from the core, and handlers by path only',
  },
  { from: ROTATION_CORE, to: [ROTATION_CORE], packages: NONE, why: 'the core is pure: values in, values out' },
  {
    from: ROTATION_PORTS,
    to: [ROTATION_PORTS, ROTATION_CORE, PORTS, CORE],
    packages: NONE,
    why: 'a port speaks our words, not a library’s',
  },
  {
    from: ROTATION_STEPS,
    to: [ROTATION_STEPS, ROTATION_PORTS, ROTATION_CORE, PORTS, CORE],
    packages: NONE,
    why: 'a step reaches the world through its ports',
  },
  {
    from: ROTATION_ADAPTERS,
    to: [ROTATION_ADAPTERS, ROTATION_PORTS, ROTATION_CORE, ADAPTERS, PORTS, CORE],
    packages: ANY,
    why: 'an adapter carries out a port, and decides nothing',
  },
  {
    from: ROTATION_HANDLERS,
    to: [
      ...[ROTATION_HANDLERS, ROTATION_STEPS, ROTATION_ADAPTERS, ROTATION_PORTS, ROTATION_CORE],
      ...[HANDLERS, ADAPTERS, PORTS, CORE],
    ],
    packages: ANY,
    why: 'a handler joins, it does not think',
  },
  {
    from: PLATFORM,
    to: [PLATFORM, ROTATION_CORE, 'infra', CORE],
    packages: ANY,
    why: 'one company’s platform uses the controller’s constructs, as any other app would, and handlers by path only',
  },
  {
    from: 'state-machines',
    to: ['state-machines'],
    packages: /^(yaml|node:fs)$/,
    why: 'the policy knows no code; its loader reads one file',
  },
  {
    from: 'bin',
    to: ['bin', 'infra', PLATFORM, ROTATION_CORE, CORE],
    packages: ANY,
    why: 'the app joins settings and stacks, it does not build',
  },
  {
    from: 'bench/wire',
    to: ['bench/wire', ADAPTERS, CORE],
    packages: ANY,
    why: 'what a call costs is measured with the adapter that makes it',
  },
  {
    from: 'bench',
    to: ['bench', 'command-line', 'rehearsal', 'state-machines', STEPS, PORTS, CORE],
    packages: ANY_BUT_AWS,
    why: 'a bench measures the product, it is no part of it',
  },
  {
    from: 'scripts',
    to: ['scripts', 'command-line', GRAPH, 'state-machines'],
    packages: ANY_BUT_AWS,
    why: 'a script checks or builds, it is no part of the product',
  },
  { from: 'examples', to: ['examples'], packages: ANY_BUT_AWS, why: 'an example is somebody else’s program' },
];

const isIn = (path: string, place: string): boolean => path === place || path.startsWith(`${place}/`);

const isOurs = (name: string): boolean =>
  name.includes('/') && /\.(ts|mjs|json)$/.test(name) && !name.startsWith('node:');

const arrowOf = (path: string): Arrow | undefined =>
  ARROWS.filter(({ from }) => isIn(path, from)).sort((one, other) => other.from.length - one.from.length)[0];

function strayArrows({ path, imports }: Source): readonly string[] {
  if (isIn(path, 'test') || !path.includes('/')) return [];
  const arrow = arrowOf(path);
  if (!arrow) return [`${path} stands in a folder without arrows; say in ARROWS what it may import.`];
  const { from, to, packages, why } = arrow;
  return imports
    .filter((name) => (isOurs(name) ? !to.some((place) => isIn(name, place)) : !packages.test(name)))
    .map(
      (name) =>
        `${path} imports ${name}, but ${from} may import ${isOurs(name) ? `only ${to.join(', ')}` : 'no such package'}: ${why}. Move the code, or take it in through a port.`,
    );
}

function barrels({ path, reexports }: Source): readonly string[] {
  if (/(^|\/)index\.\w+$/.test(path)) return [`${path} is a barrel; name the file after what is in it.`];
  return reexports.map((name) => `${path} re-exports ${name}; import it from there, where it is written.`);
}

function defaultExports({ path, exports }: Source): readonly string[] {
  const isConfiguration = /^[^/]+\.config\.ts$/.test(path);
  return exports.includes('default') && !isConfiguration
    ? [`${path} has a default export; give it a name, so that it has the same one everywhere.`]
    : [];
}

const COLOUR = /"(?:blue|green)"|\bblue: ?[\w.]+\.green\b|\bgreen: ?[\w.]+\.blue\b/g;

function coloursOutsideRoles({ path, code }: Source): readonly string[] {
  if (!['functions', 'platform/rotation'].some((room) => isIn(path, room)) || path === `${CORE}/roles.ts`) return [];
  return [...code.matchAll(COLOUR)].map(
    ([found]) => `${path} says ${found}; which role has which colour is decided in ${CORE}/roles.ts only, ask there.`,
  );
}

const THROUGH_THE_DOOR: Readonly<Record<string, RegExp>> = {
  time: /\bDate\.now\b|\bnew Date\(\)|\bnew Date\b(?!\()|(?<!new )\bDate\(|\bperformance\./g,
  chance: /\bMath\.random\b|\bcrypto\.(randomUUID|getRandomValues)\b/g,
  environment: /\bprocess\b\.|\bglobalThis\b/g,
  waiting: /\bset(Timeout|Interval|Immediate)\b/g,
};

function impurities({ path, code }: Source): readonly string[] {
  if (![CORE, STEPS, ROTATION_CORE, ROTATION_STEPS].some((folder) => isIn(path, folder))) return [];
  return Object.entries(THROUGH_THE_DOOR).flatMap(([what, pattern]) =>
    [...code.matchAll(pattern)].map(
      ([found]) => `${path} says ${found}; ${what} comes in through a port, waiting belongs to the state machine.`,
    ),
  );
}

const unknownPackages =
  (known: readonly string[]) =>
  ({ path, imports }: Source): readonly string[] =>
    imports
      .filter((name) => !isOurs(name) && !name.startsWith('node:'))
      .map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/'))
      .filter((name) => !known.includes(name))
      .map((name) => `${path} imports ${name}, which package.json does not name; ask before you add it.`);

/** Each cycle once, from its first file on. */
function cycles(sources: readonly Source[]): readonly string[] {
  const importsOf = new Map(sources.map(({ path, imports }) => [path, imports]));
  const done = new Set<string>();
  const found: string[] = [];
  const follow = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) {
      const round = [...way.slice(way.indexOf(path)), path].join(' -> ');
      found.push(`${round} is a cycle, types included; move what both need into a file of its own.`);
    }
    if (done.has(path)) return;
    done.add(path);
    for (const next of importsOf.get(path) ?? []) follow(next, [...way, path]);
  };
  for (const { path } of sources) follow(path, []);
  return found;
}

/** Everything that is wrong, one sentence each: where, what, and what to do. */
export function findingsIn(sources: readonly Source[], packages: readonly string[]): readonly string[] {
  const rules = [strayArrows, barrels, defaultExports, coloursOutsideRoles, impurities, unknownPackages(packages)];
  return [...sources.flatMap((source) => rules.flatMap((rule) => rule(source))), ...cycles(sources)];
}
