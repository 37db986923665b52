import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { expect, test } from 'vitest';
import { withDeadline } from '../../../functions/adapters/client.ts';
import { secretsManager } from '../../../platform/rotation/adapters/secrets-manager.ts';
import { LABELS } from '../../../platform/rotation/core/rotation.ts';
import { answering, PLACE, refusal } from '../../adapters/answering.ts';

const APP = 'conductores/prod/app';

interface Asked {
  readonly VersionId?: string;
  readonly ClientRequestToken?: string;
  readonly SecretString?: string;
  readonly VersionStages?: readonly string[];
  readonly VersionStage?: string;
  readonly MoveToVersionId?: string;
  readonly RemoveFromVersionId?: string;
}

/** Secrets Manager's rules for versions and their labels. Source: its API reference, UpdateSecretVersionStage. */
function fixture() {
  const values = new Map([['one', '{"SECRET_KEY":"signs"}']]);
  const stages: Record<string, string[]> = { one: [LABELS.current], two: [LABELS.pending] };
  const holder = (label: string) => Object.keys(stages).find((version) => stages[version]!.includes(label));
  const put = (label: string, version: string | undefined) => {
    const from = holder(label);
    if (from) stages[from] = stages[from]!.filter((one) => one !== label);
    if (version) stages[version] = [...(stages[version] ?? []), label];
  };
  const client = answering(new SecretsManagerClient(PLACE), {
    DescribeSecret: () => ({ VersionIdsToStages: structuredClone(stages) }),
    GetSecretValue({ VersionId }: Asked) {
      if (!values.has(VersionId!)) throw refusal('ResourceNotFoundException');
      return { SecretString: values.get(VersionId!) };
    },
    PutSecretValue({ ClientRequestToken: version, SecretString, VersionStages }: Asked) {
      const known = values.get(version!);
      if (known !== undefined && known !== SecretString) throw refusal('ResourceExistsException');
      values.set(version!, SecretString!);
      for (const label of VersionStages!) put(label, version);
      return {};
    },
    UpdateSecretVersionStage({ VersionStage: label, MoveToVersionId: to, RemoveFromVersionId: from }: Asked) {
      if (from !== holder(label!)) throw refusal('InvalidParameterException');
      put(label!, to);
      if (label === LABELS.current) put(LABELS.previous, from);
      return {};
    },
  });
  return { secrets: secretsManager(withDeadline(client)), values };
}

test('a version that was announced has no value until it is written, and the same again is the same', async () => {
  const { secrets } = fixture();
  expect(await secrets.read(APP, 'one')).toEqual({ SECRET_KEY: 'signs' });
  expect(await secrets.read(APP, 'two')).toBeUndefined();
  await secrets.write(APP, 'two', { SECRET_KEY: 'signs anew' });
  await secrets.write(APP, 'two', { SECRET_KEY: 'signs anew' });
  expect(await secrets.read(APP, 'two')).toEqual({ SECRET_KEY: 'signs anew' });
  await expect(secrets.write(APP, 'two', { SECRET_KEY: 'other' })).rejects.toThrow();
});

test('a label moves from where it stands, and twice is once; the one before the current one is remembered', async () => {
  const { secrets } = fixture();
  await secrets.move(APP, LABELS.current, 'two');
  await secrets.move(APP, LABELS.current, 'two');
  await secrets.move(APP, LABELS.alone, 'two');
  expect(await secrets.labels(APP)).toEqual({
    [LABELS.previous]: 'one',
    [LABELS.pending]: 'two',
    [LABELS.current]: 'two',
    [LABELS.alone]: 'two',
  });
});

test('a label is dropped once, and a version keeps its others', async () => {
  const { secrets } = fixture();
  await secrets.drop(APP, LABELS.pending);
  await secrets.drop(APP, LABELS.pending);
  expect(await secrets.labels(APP)).toEqual({ [LABELS.current]: 'one' });
});
