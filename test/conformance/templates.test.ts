/** The templates of every profile, deployed by a CloudFormation that is not AWS', and read back from what stands then. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type App, Stack } from 'aws-cdk-lib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Addresses } from '../../functions/adapters/addresses.ts';
import { handler as taskFamily } from '../../functions/handlers/task-family.ts';
import { handler as weightedRule } from '../../functions/handlers/weighted-rule.ts';
import { StackResource } from '../handlers/cloudformation.ts';
import { stacksOf } from '../infra/fixture.ts';
import { deploy, type Resource } from './deployment.ts';
import { A_MINUTE, ACCOUNT, type Moto, motoForTests, query, REGION, startMoto, valuesIn } from './moto.ts';
import { listenerOf, PROFILES } from './profiles.ts';
import { clientsAt, setTheStage } from './stage.ts';
import { networksIn, standingIn } from './standing.ts';

const programs = motoForTests();
const RANGE = '10.0.0.0/16';

describe.skipIf(!programs)('the templates', () => {
  let moto: Moto;
  beforeAll(async () => {
    moto = await startMoto(programs!);
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: moto.endpoint,
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      POWERTOOLS_LOG_LEVEL: 'SILENT',
    });
  }, A_MINUTE);
  afterAll(() => moto?.stop());

  describe.each(PROFILES)('of $profile', ({ settings, leftOut, stands }) => {
    let app: App;
    let missing: readonly string[];
    beforeAll(async () => {
      await moto.reset();
      await moto.configure({ lambda: { use_docker: false } });
      const at = await setTheStage(moto.endpoint, clientsAt(moto.endpoint), 'shop-before');
      const [vpcId] = valuesIn(await query(moto.endpoint, 'ec2', '2016-11-15', { Action: 'DescribeVpcs' }), 'vpcId');
      ({ app } = stacksOf(settings(at, vpcId!)));
      const stacks = app.node.children.filter((one): one is Stack => Stack.isStack(one));
      missing = await deploy(moto, stacks, (resource) => played(resource, at), leftOut);
    }, 4 * A_MINUTE);

    test('are deployed whole, but for what moto does not know', () => {
      expect(missing).toEqual(leftOut.toSorted());
    });

    test('make what the plan says, as plain calls read it', async () => {
      expect(await standingIn(moto)).toMatchObject(stands);
    });

    if ('networks' in stands)
      test('empty the default security group, by the handler of the CDK itself', async () => {
        const before = (await networksIn(moto))[RANGE]!;
        expect(before.openings).toBeGreaterThan(0);
        expect(await playedByCdk(moto, app, before.defaultGroup!)).toMatchObject({ Status: 'SUCCESS' });
        expect((await networksIn(moto))[RANGE]!.openings).toBe(0);
      });
  });
});

/** What the handler of that resource returns when it is played, on a service that stands already. */
async function played({ Type, Properties }: Resource, at: Addresses): Promise<string> {
  // The CDK's own: it is played after the deployment, on the group that stands then.
  if (Type === 'Custom::VpcRestrictDefaultSG') return 'restricted';
  const isFamily = Type === 'Custom::TaskFamily';
  const texts = Object.entries(Properties).map(([name, value]) => [name, typeof value === 'object' ? 'x' : value]);
  const wanted = isFamily
    ? Object.fromEntries(texts)
    : {
        ...Properties,
        HeaderValue: 'guid',
        Service: at.service,
        Table: at.table,
        ListenerArn: listenerOf(at),
        BlueTargetGroupArn: at.targetGroups.blue,
        GreenTargetGroupArn: at.targetGroups.green,
      };
  const answer = await new StackResource((isFamily ? taskFamily : weightedRule) as never).create(wanted);
  expect(answer.Status).toBe('SUCCESS');
  return answer.PhysicalResourceId;
}

/** Lambda's runtime has the SDK's clients; here they are ours. Instead of sending its answer it prints it. */
const LAMBDA = `
const { external, handler } = require(process.argv[1]);
external.log = () => {};
external.sendHttpRequest = async (_, body) => console.log(body);
handler(JSON.parse(process.argv[2]));
`;

/** The answer to a Create of the handler that the CDK put into the assembly, run as it lies there. */
async function playedByCdk({ endpoint }: Moto, app: App, DefaultSecurityGroupId: string) {
  const [folder] = readdirSync(app.synth().directory).filter((name) =>
    existsSync(`${app.synth().directory}/${name}/__entrypoint__.js`),
  );
  const event = {
    RequestType: 'Create',
    ResponseURL: 'https://cloudformation.example/answer',
    RequestId: 'guid',
    ResourceProperties: { DefaultSecurityGroupId, Account: ACCOUNT },
  };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--eval', LAMBDA, `${app.synth().directory}/${folder}/__entrypoint__.js`, JSON.stringify(event)],
    {
      env: {
        ...process.env,
        AWS_ENDPOINT_URL: endpoint,
        NODE_PATH: fileURLToPath(new URL('../../node_modules', import.meta.url)),
      },
    },
  );
  return JSON.parse(stdout) as { readonly Status: string; readonly Reason: string };
}
