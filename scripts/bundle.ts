/** Bundles every Lambda into dist/functions/<name>/index.mjs, as the stacks deploy them. */
import { rmSync } from 'node:fs';
import { bundleLambdas } from './lambda-bundles.ts';

const OUTPUT = 'dist/functions';

rmSync(OUTPUT, { recursive: true, force: true });
const bundles = await bundleLambdas(OUTPUT);
console.log(`${bundles.length} bundles in ${OUTPUT}: ${bundles.map(({ name }) => name).join(', ')}`);
