/**
 * Bundles the command, and the thread that it runs kill points on, so that it starts in a fraction of a second; what it
 * needs for AWS only is in files of its own, which are read when a verb asks for them. Runs at `npm ci` (prepare).
 */
import { chmod, rm } from 'node:fs/promises';
import { build } from 'esbuild';
import { policyAsJson } from '../state-machines/policy-as-json.ts';

await rm('dist/parts', { recursive: true, force: true });

await build({
  entryPoints: { sluice: 'cli/main.ts', 'kill-worker': 'cli/kill-worker.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  chunkNames: 'parts/[name]-[hash]',
  bundle: true,
  splitting: true,
  minify: true,
  keepNames: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  mainFields: ['module', 'main'],
  plugins: [policyAsJson],
  banner: { js: '#!/usr/bin/env node' },
  logLevel: 'warning',
});
await chmod('dist/sluice.mjs', 0o755);
