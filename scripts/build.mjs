/** Bundles the command, so that it starts in a fraction of a second. Runs at `npm ci` (prepare). */
import { chmod } from 'node:fs/promises';
import { build } from 'esbuild';

const outfile = 'dist/sluice.mjs';
await build({
  entryPoints: ['cli/main.ts'],
  outfile,
  bundle: true,
  minify: true,
  keepNames: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  banner: { js: '#!/usr/bin/env node' },
  logLevel: 'warning',
});
await chmod(outfile, 0o755);
