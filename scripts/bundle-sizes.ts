/**
 * What a cold start has to load: the bytes of each bundle and the time that a fresh process takes to import it, beside
 * the SDK clients in it alone, which it cannot do without. All is measured in one run, in turns, so that the machine's
 * mood falls on all alike. `--json` for one object, `--runs N` imports of each.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { bundleLambdas, bundleLikeLambda } from './lambda-bundles.ts';

interface Measured {
  readonly bytes: number;
  readonly gzipBytes: number;
  /** Milliseconds, each of a fresh process. */
  readonly importMs: number[];
}

const { values } = parseArgs({ options: { json: { type: 'boolean' }, runs: { type: 'string', default: '9' } } });
const runs = Number(values.runs);
const folder = mkdtempSync(join(tmpdir(), 'sluice-bundles-'));

try {
  const bundles = await bundleLambdas(folder);
  const bareFileOf = (clients: readonly string[]): string =>
    join(folder, `${clients.map((client) => client.split('/')[1]).join('+')}.mjs`);
  for (const { clients } of bundles) await bundleLikeLambda(bareClients(clients), bareFileOf(clients));

  const files = [...new Set(bundles.flatMap(({ file, clients }) => [file, bareFileOf(clients)]))];
  const measured = new Map<string, Measured>(
    files.map((file) => {
      const content = readFileSync(file);
      return [file, { bytes: content.length, gzipBytes: gzipSync(content).length, importMs: [] }];
    }),
  );
  for (let run = 0; run < runs; run++)
    for (const [file, { importMs }] of measured) importMs.push(importMilliseconds(file));

  const rows = bundles.map(({ name, file, clients }) => {
    const [ours, bare] = [told(measured.get(file)!), told(measured.get(bareFileOf(clients))!)];
    return { name, clients, ours, bare, ratio: Math.round((100 * ours.importMs) / bare.importMs) / 100 };
  });
  if (values.json) {
    const worstRatio = Math.max(...rows.map(({ ratio }) => ratio));
    console.log(JSON.stringify({ schema: 'sluice.bundles/1', node: process.version, runs, worstRatio, bundles: rows }));
  } else {
    line(['bundle', 'bytes', 'gzip', 'import ms', 'bare bytes', 'bare ms', 'ratio']);
    for (const { name, ours, bare, ratio } of rows)
      line([name, ours.bytes, ours.gzipBytes, ours.importMs, bare.bytes, bare.importMs, ratio]);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** A module that makes each client and does nothing with it. */
function bareClients(packages: readonly string[]): string {
  const lines = packages.map((name) => {
    const index = readFileSync(`node_modules/${name}/dist-es/index.js`, 'utf8');
    const client = /export \* from "\.\/(\w+Client)"/.exec(index)?.[1];
    return { from: `import { ${client} } from '${name}';`, made: `new ${client}({ region: 'us-east-1' })` };
  });
  return `${lines.map(({ from }) => from).join('\n')}\nexport const make = () => [${lines.map(({ made }) => made).join(', ')}];`;
}

function importMilliseconds(file: string): number {
  const code = `const began = performance.now(); await import(${JSON.stringify(file)}); console.log(performance.now() - began);`;
  const args = ['--input-type=module', '--no-warnings', '--eval', code];
  return Number(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

/** Of the imports, the median. */
function told({ importMs, ...sizes }: Measured) {
  const sorted = importMs.toSorted((one, other) => one - other);
  return { ...sizes, importMs: Math.round(sorted[Math.floor(sorted.length / 2)]! * 10) / 10 };
}

function line(cells: readonly (string | number)[]): void {
  console.log(cells.map((cell, at) => (at === 0 ? String(cell).padEnd(14) : String(cell).padStart(11))).join(''));
}
