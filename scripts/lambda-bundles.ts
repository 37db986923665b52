/** The Lambdas' bundles: which there are, and how they are built. The SDK goes along, pinned and loaded faster. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type BuildOptions, build } from 'esbuild';

const HANDLERS = ['functions/handlers', 'platform/rotation/handlers'];

const LAMBDA: BuildOptions = {
  bundle: true,
  minify: true,
  // Lambda reports a failure by its class, and the state machine catches it by that name.
  keepNames: true,
  sourcemap: false,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  mainFields: ['module', 'main'],
  outExtension: { '.js': '.mjs' },
  // The SDK's dependencies that are no modules call require.
  banner: { js: "import{createRequire}from'module';const require=createRequire(import.meta.url);" },
  logLevel: 'warning',
};

export interface Bundle {
  readonly name: string;
  readonly file: string;
  /** The packages of the SDK clients that are in it, as `@aws-sdk/client-ecs`. */
  readonly clients: readonly string[];
}

/** Every file that exports a handler, into `<folder>/<name>/index.mjs`; the others are what those share. */
export async function bundleLambdas(folder: string): Promise<readonly Bundle[]> {
  const handlers = HANDLERS.flatMap((room) => readdirSync(room).map((file) => `${room}/${file}`)).filter((file) =>
    /^export const handler\b/m.test(readFileSync(file, 'utf8')),
  );
  const named = handlers.map((source) => ({ source, name: basename(source, '.ts') }));
  const { metafile } = await build({
    ...LAMBDA,
    metafile: true,
    entryPoints: named.map(({ source, name }) => ({ in: source, out: `${name}/index` })),
    outdir: folder,
  });
  const inputsOf = new Map(Object.values(metafile.outputs).map((output) => [output.entryPoint, output.inputs]));
  return named.map(({ source, name }) => {
    const used = Object.entries(inputsOf.get(source) ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
    const clients = used.flatMap(
      ([path]) => /(@aws-sdk\/client-[\w-]+)\/dist-es\/\w+Client\.js$/.exec(path)?.[1] ?? [],
    );
    return { name, file: `${folder}/${name}/index.mjs`, clients: clients.toSorted() };
  });
}

/** Any other module, built in the same way, to be compared. */
export async function bundleLikeLambda(source: string, outfile: string): Promise<void> {
  const { outExtension: _, ...options } = LAMBDA;
  await build({ ...options, stdin: { contents: source, resolveDir: '.' }, outfile });
}
