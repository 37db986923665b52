/**
 * Synthesises every profile as a newcomer would: no account, no network, no lookup. Gates: `cdk synth`, which
 * fails on any finding of cdk-nag's AwsSolutions, and cfn-lint. Exit 1 with all that was found.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';

const PROFILES: Readonly<Record<string, string>> = {
  production: 'settings=examples/production.json',
  trial: 'profile=trial',
  attach: 'settings=examples/attach.json',
};

const CFN_LINT = '1.58.0';
const VENV = `.sluice/cfn-lint-${CFN_LINT}`;

const failures: string[] = [];

function run(command: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}): boolean {
  const { status } = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...environment } });
  return status === 0;
}

function synthesise(profile: string, chosen: string): void {
  const output = `cdk.out/${profile}`;
  const args = ['cdk', 'synth', '--quiet', '--no-notices', '--no-lookups', '--output', output, '--context', chosen];
  if (!run('npx', args, OFFLINE)) failures.push(`cdk synth of ${profile} failed`);
  if (existsSync('cdk.context.json')) failures.push(`${profile} looked something up (cdk.context.json)`);
}

const OFFLINE = { CDK_DISABLE_CLI_TELEMETRY: 'true', AWS_EC2_METADATA_DISABLED: 'true' };

function lint(): void {
  const binary = `${VENV}/bin/cfn-lint`;
  const installed =
    existsSync(binary) ||
    (run('python3', ['-m', 'venv', VENV]) &&
      run(`${VENV}/bin/pip`, ['install', '--quiet', '--disable-pip-version-check', `cfn-lint==${CFN_LINT}`]));
  if (!installed) {
    console.error(`NOT RUN: cfn-lint ${CFN_LINT} could not be installed (it takes python3 with venv, and PyPI)`);
    if (process.env['CI']) failures.push('cfn-lint did not run, and this is CI');
    return;
  }
  const templates = Object.keys(PROFILES).flatMap((profile) =>
    readdirSync(`cdk.out/${profile}`)
      .filter((file) => file.endsWith('.template.json'))
      .map((file) => `cdk.out/${profile}/${file}`),
  );
  // W3005: CDK writes out dependencies that a reference implies already.
  if (!run(binary, ['--non-zero-exit-code', 'error', '--ignore-checks', 'W3005', '--', ...templates]))
    failures.push('cfn-lint found errors');
  else console.log(`cfn-lint ${CFN_LINT}: no error in ${templates.length} templates`);
}

for (const [profile, chosen] of Object.entries(PROFILES)) synthesise(profile, chosen);
if (failures.length === 0) lint();

for (const failure of failures) console.error(failure);
if (failures.length > 0) process.exitCode = 1;
else console.log(`${Object.keys(PROFILES).join(', ')}: synthesised, cdk-nag has nothing to say.`);
