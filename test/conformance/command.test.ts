/** The built command over the wire: it finds its service by the stack's output, and every verb reads and writes there. */

import { PutImageCommand } from '@aws-sdk/client-ecr';
import { ListExecutionsCommand, StartExecutionCommand, UpdateStateMachineCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Addresses, DESCRIPTION } from '../../functions/adapters/addresses.ts';
import { systemClock } from '../../functions/adapters/system-clock.ts';
import { writes } from '../../functions/core/protocol.ts';
import { interrupted, sluice } from '../cli/bin.ts';
import { lockIn } from '../steps/fixture.ts';
import { A_MINUTE, type Moto, motoForTests, query, REGION, startMoto } from './moto.ts';
import { clientsAt, hangAlarms, portsAt, SERVICE, setTheStage } from './stage.ts';

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';

const programs = motoForTests();
let moto: Moto;
let at: Addresses;
let own: ReturnType<typeof clientsAt>;
beforeAll(async () => {
  if (!programs) return;
  moto = await startMoto(programs);
  await moto.configure({ stepfunctions: { execute_state_machine: true } });
  own = clientsAt(moto.endpoint);
  at = await setTheStage(moto.endpoint, own);
  await hangAlarms(own);
  const imageManifest = JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config: { digest: 'v1.5.0' } });
  await own.ecr.send(new PutImageCommand({ repositoryName: SERVICE, imageTag: 'v1.5.0', imageManifest }));
  // Only the end of the policy: no Lambda runs here.
  const summary = 'already live: v1.5.0 is what users get now';
  await executionsDo({
    Open: { Type: 'Pass', Result: { summary, verdict: 'nothing' }, Next: 'Nothing to do' },
    'Nothing to do': { Type: 'Succeed' },
  });
  const { probe: _, topicArn: __, eventBus: ___, migration: ____, ...described } = at;
  await query(moto.endpoint, 'cloudformation', '2010-05-15', {
    Action: 'CreateStack',
    StackName: `sluice-${SERVICE}`,
    TemplateBody: JSON.stringify({
      Resources: { Topic: { Type: 'AWS::SNS::Topic' } },
      Outputs: { [DESCRIPTION]: { Value: JSON.stringify(described) } },
    }),
  });
}, A_MINUTE);
afterAll(() => moto?.stop());

/** What the executions do that are started from now on. */
async function executionsDo(states: Readonly<Record<string, object>>): Promise<void> {
  const definition = JSON.stringify({ StartAt: 'Open', States: states });
  await own.sfn.send(new UpdateStateMachineCommand({ stateMachineArn: at.stateMachineArn, definition }));
}

const there = () => ({
  AWS_ENDPOINT_URL: moto.endpoint,
  AWS_REGION: REGION,
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
});
const typed = (...words: readonly string[]) => sluice([...words, '--service', SERVICE], there());

const ledger = () => portsAt(moto.endpoint, at, systemClock).ledger;

describe.runIf(programs)('over the wire', () => {
  test('status at rest', async () => {
    const { code, stdout, stderr } = await typed('status', '--json');
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      service: SERVICE,
      stable: 'blue',
      weights: { blue: 100, green: 0 },
      colours: { blue: { healthy: 0, scalingSuspended: false } },
    });
  });

  test('doctor finds that nobody answers on stable, and no more', async () => {
    const { code, stdout } = await typed('doctor', '--json');
    const wrong = JSON.parse(stdout).checks.flatMap(({ findings }: { findings: { what: string }[] }) =>
      findings.map(({ what }) => what),
    );
    expect([code, wrong]).toEqual([
      1,
      ['blue has 100 % of the requests and no healthy target', 'blue has no healthy target'],
    ]);
  });

  test('start is refused beside a dead stable; as a hotfix it starts an execution and follows it to its end', async () => {
    const refused = await typed('start', 'v1.5.0');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('blue has no healthy target');
    const { code, stdout, stderr } = await typed('start', 'v1.5.0', '--hotfix', 'it mends the outage', '--follow');
    expect(code).toBe(0);
    expect(stderr).toMatch(/already live: v1\.5\.0 is what users get now\n$/);
    expect(stdout).toMatch(/Started by-hand-\d+-\w{8}\.\n[\s\S]*LIVE already\.\n[\s\S]*already live: v1\.5\.0/);
  });

  test(
    'a running release is shown, and hears every word',
    async () => {
      await executionsDo({ Open: { Type: 'Wait', Seconds: 3600, End: true } });
      const { executionArn: owner } = await own.sfn.send(
        new StartExecutionCommand({ stateMachineArn: at.stateMachineArn }),
      );
      const seen = await ledger().read();
      const lock = { ...lockIn('baking', 25), owner: owner!, fence: seen.fence + 1 };
      const { releaseId, digest, image, pushedAt, fence, openedAt } = lock;
      const record = { releaseId, digest, image, pushedAt, fence, openedAt, status: 'open' } as const;
      expect((await ledger().write(writes.open(seen, lock, record, false))).written).toBe(true);
      expect((await typed('status')).stdout).toMatch(
        // The rule was not moved with the ledger here, and status tells the rule.
        /^conductores-backend {3}100 % on blue {3}bake 15:00 of 15:00.* {3}r-20260105-135500\n/,
      );
      expect((await typed('hold', '--by', 'ana')).code).toBe(0);
      expect((await ledger().read()).lock?.hold?.by).toBe('ana');
      expect((await typed('resume')).code).toBe(0);
      expect((await typed('promote')).code).toBe(0);
      expect((await ledger().read()).lock).toMatchObject({ command: { verb: 'advance', share: 25 } });
      expect((await typed('abort', '--reason', 'the shop is slow')).code).toBe(0);
      expect((await ledger().read()).lock?.abort).toMatchObject({ by: 'person', reason: 'the shop is slow' });
      const late = await typed('hold');
      expect([late.code, late.stderr]).toEqual([2, expect.stringContaining('does not take "hold"')]);
    },
    A_MINUTE,
  );

  test.each([
    ['start', 'by-hand', 'v1.5.0'],
    ['rollback', 'rollback', '--reason', 'the shop is slow'],
  ])(
    'Ctrl-C ends the following of what "%s" did, not the release, and says how to look again',
    async (verb, started, ...words) => {
      const before = await ledger().read();
      const typedWords = [verb, ...words, '--follow', '--service', SERVICE];
      const { code, stderr } = await interrupted(typedWords, /^Started .*\n/m, there());
      expect([code, stderr.trimEnd().split('\n').at(-1)]).toEqual([
        130,
        `Stopped watching; the release goes on. Look again: sluice status --follow --service ${SERVICE}`,
      ]);
      expect(await ledger().read()).toEqual(before);
      const { executions = [] } = await own.sfn.send(
        new ListExecutionsCommand({ stateMachineArn: at.stateMachineArn, statusFilter: 'RUNNING' }),
      );
      expect(executions.map(({ executionArn }) => executionArn)).toContain(before.lock!.owner);
      expect(executions.map(({ name }) => name?.replace(/-\d.*/, ''))).toContain(started);
    },
    A_MINUTE,
  );

  test('a service of another name is not there', async () => {
    const { code, stderr } = await sluice(['status', '--service', 'shop', '--region', REGION], {
      AWS_ENDPOINT_URL: moto.endpoint,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    });
    expect(code).toBe(2);
    expect(stderr).toContain(`there is no stack sluice-shop in ${REGION}, for these credentials`);
  });
});
