/** Bundles every Lambda into dist/functions/<name>/index.mjs, in one call: the SDK goes along, pinned and loaded faster. */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

const HANDLERS = 'functions/handlers';
const OUTPUT = 'dist/functions';

/** Files that export a handler; the others are what those share. */
const names = readdirSync(HANDLERS)
  .filter((file) => /^export const handler\b/m.test(readFileSync(`${HANDLERS}/${file}`, 'utf8')))
  .map((file) => file.replace(/\.ts$/, ''));

rmSync(OUTPUT, { recursive: true, force: true });
await build({
  entryPoints: names.map((name) => ({ in: `${HANDLERS}/${name}.ts`, out: `${name}/index` })),
  outdir: OUTPUT,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  minify: true,
  // Lambda reports a failure by its class, and the state machine catches it by that name.
  keepNames: true,
  sourcemap: false,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  mainFields: ['module', 'main'],
  // The SDK's dependencies that are no modules call require.
  banner: { js: "import{createRequire}from'module';const require=createRequire(import.meta.url);" },
  logLevel: 'warning',
});
console.log(`${names.length} bundles in ${OUTPUT}: ${names.join(', ')}`);
