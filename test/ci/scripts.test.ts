import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseReleaseInput } from '../../functions/core/release.ts';
import { type Rule, runScript } from './commands.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

describe('the frontend', () => {
  const environment = { BUCKET: 'conductores-frontend-prod', DISTRIBUTION: 'E123' };
  const built = (...files: readonly string[]): string => {
    const folder = mkdtempSync(join(tmpdir(), 'frontend-'));
    folders.push(folder);
    for (const file of files) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), '');
    }
    return folder;
  };

  test('is uploaded hashed files first, index.html last, then CloudFront is told; nothing is deleted [S421] [S425]', async () => {
    const folder = built(
      'index.html',
      'main.8f3a1b2c4d5e6f70.js',
      'chunk-QX4ZRT7B.js',
      'assets/logo.svg',
      'assets/font.9a8b7c6d5e.woff2',
      'ngsw.json',
      'manifest.webmanifest',
      'assets/something-important.js',
    );
    const { code, calls } = await runScript('frontend', [folder], [], environment);
    expect(code).toBe(0);
    expect(calls).toEqual([
      'aws s3 sync . s3://conductores-frontend-prod --no-progress --cache-control public, max-age=31536000, immutable --exclude * --include assets/font.9a8b7c6d5e.woff2 --include chunk-QX4ZRT7B.js --include main.8f3a1b2c4d5e6f70.js',
      'aws s3 sync . s3://conductores-frontend-prod --no-progress --cache-control no-cache --exclude * --include assets/logo.svg --include assets/something-important.js --include manifest.webmanifest',
      'aws s3 cp index.html s3://conductores-frontend-prod/index.html --no-progress --cache-control no-cache',
      // It tells a service worker what index.html must hash to.
      'aws s3 cp ngsw.json s3://conductores-frontend-prod/ngsw.json --no-progress --cache-control no-cache',
      'aws cloudfront create-invalidation --distribution-id E123 --paths /* --query Invalidation.Id --output text',
    ]);
  });

  test('an upload that fails leaves the old page, which names only files that are there', async () => {
    const failing: Rule = { command: 'aws', words: ['sync'], answers: [{ code: 1 }] };
    const { code, calls } = await runScript(
      'frontend',
      [built('index.html', 'main.8f3a1b2c.js')],
      [failing],
      environment,
    );
    expect(code).not.toBe(0);
    expect(calls.filter((call) => call.includes('index.html'))).toEqual([]);
  });

  test('a build without a page is not uploaded', async () => {
    expect(await runScript('frontend', [built('main.8f3a1b2c.js')], [], environment)).toMatchObject({
      code: 2,
      calls: [],
    });
  });
});

describe('the push', () => {
  const environment = { REGISTRY: 'registry.example', REPOSITORY: 'conductores-backend' };
  const describe_ = (answer: Rule['answers'][number]): Rule => ({
    command: 'aws',
    words: ['describe-images'],
    answers: [answer],
  });

  test('brings a new tag, and no other [S348]', async () => {
    const unknown = describe_({ code: 254, stderr: 'An error occurred (ImageNotFoundException)' });
    const { code, calls, outputs } = await runScript('push', ['image.tar.gz', 'v1.5.0'], [unknown], environment);
    expect(code).toBe(0);
    expect(calls.slice(1)).toEqual([
      'docker load --quiet --input image.tar.gz',
      'docker tag release:v1.5.0 registry.example/conductores-backend:v1.5.0',
      'docker push --quiet registry.example/conductores-backend:v1.5.0',
    ]);
    expect(Math.abs(Number(/^since=(\d+)$/m.exec(outputs)![1]) - Date.now() / 1000)).toBeLessThan(30);
  });

  test.each([['"2026-11-24T10:00:00.500000+00:00"'], ['1795514400.5']])(
    'of a tag that is there already changes nothing, and says since when (%s)',
    async (pushedAt) => {
      const known = describe_({ stdout: pushedAt });
      const { code, calls, outputs } = await runScript('push', ['image.tar.gz', 'v1.5.0'], [known], environment);
      expect(code).toBe(0);
      expect(calls.filter((call) => call.startsWith('docker'))).toEqual([]);
      expect(outputs).toBe('since=1795514400\n');
    },
  );

  test.each([
    ['that main is at', 'refs/heads/main', 'a'.repeat(40), 0],
    ['that main has gone past', 'refs/heads/main', 'b'.repeat(40), 1],
    ['that has a version, wherever main is', 'refs/tags/v1.5.0', 'b'.repeat(40), 0],
  ])('of a commit %s', async (_, GITHUB_REF, main, expected) => {
    const unknown = describe_({ code: 254, stderr: 'An error occurred (ImageNotFoundException)' });
    const remote: Rule = { command: 'git', words: ['ls-remote'], answers: [{ stdout: `${main}\trefs/heads/main\n` }] };
    const pushed = { ...environment, GITHUB_REF, GITHUB_SHA: 'a'.repeat(40) };
    const { code, calls, output } = await runScript('push', ['image.tar.gz', 'tag'], [unknown, remote], pushed);
    expect(code).toBe(expected);
    expect(calls.filter((call) => call.startsWith('docker push')).length).toBe(1 - expected);
    if (expected === 1) expect(output).toMatch(/^Superseded: main is at b{40}/);
  });

  test('of an old commit does not happen while nobody says where main is', async () => {
    const unknown = describe_({ code: 254, stderr: 'An error occurred (ImageNotFoundException)' });
    const silent: Rule = { command: 'git', words: ['ls-remote'], answers: [{ code: 128 }] };
    const pushed = { ...environment, GITHUB_REF: 'refs/heads/main', GITHUB_SHA: 'a'.repeat(40) };
    const { code, calls } = await runScript('push', ['image.tar.gz', 'tag'], [unknown, silent], pushed);
    expect(code).not.toBe(0);
    expect(calls.filter((call) => call.startsWith('docker'))).toEqual([]);
  });

  test('does not happen while ECR does not answer', async () => {
    const denied = describe_({ code: 254, stderr: 'AccessDeniedException' });
    const { code, calls } = await runScript('push', ['image.tar.gz', 'v1.5.0'], [denied], environment);
    expect(code).toBe(254);
    expect(calls.filter((call) => call.startsWith('docker'))).toEqual([]);
  });
});

describe('the rollback', () => {
  const start: Rule = { command: 'aws', words: ['start-execution'], answers: [{ stdout: 'arn:execution\n' }] };
  const roll = (environment: Readonly<Record<string, string>>) =>
    runScript('rollback', [], [start], { STATE_MACHINE_ARN: 'arn:machine', ...environment });
  const repository = { registry: 'registry.example', name: 'conductores-backend' };

  test.each([['v1.2.3'], ['a'.repeat(40)], [`sha256:${'b'.repeat(64)}`], ['r-20261124-100000'], ['']])(
    'to "%s" starts what the controller takes [S585]',
    async (VERSION) => {
      const { code, calls, outputs } = await roll({ VERSION, REASON: 'It is "slow"', ACCEPT_SCHEMA: 'true' });
      expect(code).toBe(0);
      expect(outputs).toBe('execution=arn:execution\n');
      const input: unknown = JSON.parse(/--input (\{.*\}) --query/.exec(calls[0]!)![1]!);
      expect(input).toEqual({
        action: 'rollback',
        ...(VERSION ? { to: VERSION } : {}),
        reason: 'It is "slow"',
        acceptSchema: true,
      });
      expect(parseReleaseInput({ ...(input as object), reason: 'It is slow' }, { repository }).ok).toBe(true);
    },
  );

  test.each([['latest'], ['abc1234'], ['v1; id'], ['$(id)'], ['r-2026']])('to "%s" starts nothing', async (VERSION) => {
    expect(await roll({ VERSION })).toMatchObject({ code: 2, calls: [] });
  });
});

describe('the migration', () => {
  const SILENT = { code: 255, stderr: 'Could not connect to the endpoint URL' };
  const lambda = (...answers: readonly object[]): Rule => ({
    command: 'aws',
    words: ['invoke'],
    answers: answers.map((answer) =>
      answer === SILENT
        ? SILENT
        : { stdout: 'errorMessage' in answer ? 'Unhandled' : 'None', file: JSON.stringify(answer) },
    ),
  });
  const migrate = (rule: Rule, environment: Readonly<Record<string, string>> = {}) =>
    runScript('migrate', ['run-7-1'], [rule], {
      ACTION: 'downgrade',
      IMAGE: 'v1.5.0',
      TO: '-1',
      MIGRATE_FUNCTION: 'migrate',
      MIGRATE_SECONDS: '0.01',
      ...environment,
    });
  const payloads = (calls: readonly string[]) => calls.map((call) => /--payload (\{.*?\}) --query/.exec(call)![1]);

  test('is asked for again, under the same id, until it has ended [S548]', async () => {
    const { code, calls } = await migrate(
      lambda(
        { is: 'waits', behind: 'by-hand-run-6' },
        { is: 'running' },
        { errorType: 'Transient', errorMessage: 'ask again' },
        { errorType: 'Sandbox.Timedout', errorMessage: 'Task timed out after 30.00 seconds' },
        { errorMessage: 'no type' },
        SILENT,
        { is: 'done' },
      ),
    );
    expect(code).toBe(0);
    expect(payloads(calls)).toEqual(Array(7).fill('{"id":"run-7-1","action":"downgrade","image":"v1.5.0","to":"-1"}'));
  });

  test.each(['-1', '-2'])(
    're-run from GitHub never goes back once more: %s is refused, and nothing is asked',
    async (TO) => {
      const { code, calls, output } = await migrate(lambda({ is: 'done' }), { TO, GITHUB_RUN_ATTEMPT: '2' });
      expect({ code, calls }).toEqual({ code: 2, calls: [] });
      expect(output).toMatch(/would take back more.*name the revision.*or start a new run/s);
    },
  );

  test.each<Readonly<Record<string, string>>>([
    { TO: '-1', GITHUB_RUN_ATTEMPT: '1' },
    { TO: '0001_drivers', GITHUB_RUN_ATTEMPT: '2' },
    { ACTION: 'upgrade', TO: '', GITHUB_RUN_ATTEMPT: '2' },
  ])('of which a second run changes nothing more may be run: %o', async (environment) => {
    expect((await migrate(lambda({ is: 'done' }), environment)).code).toBe(0);
  });

  test('that failed says why', async () => {
    const ran = await migrate(lambda({ is: 'failed', reason: 'exit code 1' }));
    expect(ran).toMatchObject({ code: 1, output: 'The downgrade failed: exit code 1\n' });
  });

  test('that was refused started nothing', async () => {
    const ran = await migrate(lambda({ errorType: 'ReleaseRefused', errorMessage: 'No migration was started: why.' }));
    expect(ran).toMatchObject({ code: 2, output: 'No migration was started: why.\n' });
  });

  test('that could not be started has failed', async () => {
    const ran = await migrate(lambda({ errorType: 'MigrationFailed', errorMessage: 'no such cluster' }));
    expect(ran).toMatchObject({ code: 1, output: 'no such cluster\n' });
  });

  test('that takes too long is stopped', async () => {
    const stopped = { is: 'failed', reason: 'it took too long and was stopped' };
    const notYet = { errorType: 'Transient', errorMessage: 'told to stop and has not stopped yet' };
    const { code, calls } = await migrate(lambda({ is: 'running' }, notYet, stopped), { MIGRATE_MINUTES: '0' });
    expect(code).toBe(1);
    expect(payloads(calls).map((payload) => JSON.parse(payload!).action)).toEqual(['downgrade', 'stop', 'stop']);
  });

  test('of which nothing is heard is neither good nor bad, and says where to look', async () => {
    const ran = await migrate(lambda(SILENT), { MIGRATE_MINUTES: '0' });
    expect(ran.code).toBe(4);
    expect(ran.output).toMatch(/a running task that was started by by-hand-run-7-1/);
  });
});

describe('the public health check', () => {
  const environment = { HEALTH_SECONDS: '0.01', HEALTH_TRIES: '3' };
  const answering = (...codes: readonly string[]): Rule => ({
    command: 'curl',
    words: ['https://api.example/health'],
    answers: codes.map((stdout) => ({ stdout, code: stdout === '000' ? 7 : 0 })),
  });

  test.each([
    [['200'], 0, 1],
    [['000', '503', '200'], 0, 3],
    [['503', '503', '503'], 1, 3],
  ])('answers of %j end with %i [S388] [S395]', async (codes, code, tries) => {
    const ran = await runScript('health', ['https://api.example/health'], [answering(...codes)], environment);
    expect([ran.code, ran.calls.length]).toEqual([code, tries]);
  });

  test('asks ten times, half a minute apart [S395]', async () => {
    const { code, calls } = await runScript('health', ['https://api.example/health'], [answering('503')], {}, [
      'sleep',
    ]);
    expect(code).toBe(1);
    expect(calls.filter((call) => call.startsWith('curl')).length).toBe(10);
    expect(calls.filter((call) => call.startsWith('sleep'))).toEqual(Array(9).fill('sleep 30'));
  });
});

describe('Slack', () => {
  const tell = (results: Readonly<Record<string, string>>, more: Readonly<Record<string, string>> = {}) =>
    runScript('notify', ['Deploy of v1.5.0'], [], {
      NEEDS: JSON.stringify(Object.fromEntries(Object.entries(results).map(([job, result]) => [job, { result }]))),
      RUN_URL: 'https://github.example/runs/7',
      ACTOR: 'ana',
      SLACK_WEBHOOK: 'https://slack.example/hook',
      ...more,
    });

  test.each([
    [{ test: 'success', deploy: 'success' }, '*success*, started by ana'],
    [{ test: 'success', deploy: 'failure', frontend: 'skipped' }, '*failure* (deploy: failure, frontend: skipped)'],
    [{ test: 'success', deploy: 'cancelled' }, '*cancelled* (deploy: cancelled)'],
    [{ test: 'success', deploy: 'skipped' }, '*skipped* (deploy: skipped)'],
  ])('hears the real result of %j [S436]', async (results, sentence) => {
    const { code, calls } = await tell(results);
    expect(code).toBe(0);
    expect(calls).toEqual([expect.stringMatching(/^curl .*https:\/\/slack\.example\/hook$/)]);
    expect(calls[0]).toContain(sentence);
  });

  test('is told which commit, and by whom [S436]', async () => {
    const { calls } = await tell({ deploy: 'success' }, { COMMIT: 'a'.repeat(40) });
    expect(calls[0]).toContain(`*success*, commit ${'a'.repeat(40)}, started by ana.`);
  });

  test('is not needed: without a webhook the message stands in the log', async () => {
    const ran = await tell({ deploy: 'success' }, { SLACK_WEBHOOK: '' });
    expect(ran).toMatchObject({ code: 0, calls: [], output: /\*success\*/ });
  });
});
