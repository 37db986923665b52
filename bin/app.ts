/** `cdk synth -c profile=trial`, or `-c settings=FILE` for everything that bin/settings.ts lists. */
import { readFileSync } from 'node:fs';
import { App } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { InvalidSettings } from '../infra/invalid-settings.ts';
import { readSettings } from './settings.ts';
import { makeStacks } from './stacks.ts';

const app = new App();
const file: unknown = app.node.tryGetContext('settings');
const profile: unknown = app.node.tryGetContext('profile');
const written = typeof file === 'string' ? JSON.parse(readFileSync(file, 'utf8')) : profile ? { profile } : {};

try {
  makeStacks(app, readSettings(written), (name) => Code.fromAsset(`dist/functions/${name}`));
} catch (error) {
  if (!(error instanceof InvalidSettings)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
