/**
 * Bundles the command, and the thread that it flies kill points on, so that it starts in a fraction of a second; what it
 * needs for AWS only is in files of its own, which are read when a verb asks for them. Runs at `npm ci` (prepare).
 */
import { chmod, rm } from 'node:fs/promises';
import { build } from 'esbuild';
import { policy } from '../state-machines/policy.ts';

await rm('dist/parts', { recursive: true, force: true });

/** The policy is read when the command is built, so that the command needs neither the file nor a YAML reader. */
const policyAsJson = {
  name: 'policy as JSON',
  setup({ onLoad }) {
    onLoad({ filter: /state-machines[/\\]policy\.ts$/ }, () => ({
      contents: `export const policy = ${JSON.stringify(policy)};`,
      loader: 'js',
    }));
  },
};

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
