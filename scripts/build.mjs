/** Bundles the command, and the thread that it flies kill points on, so that it starts in a fraction of a second. Runs at `npm ci` (prepare). */
import { chmod } from 'node:fs/promises';
import { build } from 'esbuild';

await build({
  entryPoints: { sluice: 'cli/main.ts', 'kill-worker': 'cli/kill-worker.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  minify: true,
  keepNames: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  banner: { js: '#!/usr/bin/env node' },
  logLevel: 'warning',
});
await chmod('dist/sluice.mjs', 0o755);
