/** Versions of secrets in Secrets Manager. A value is a JSON object of strings. */
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { isCalled } from '../../../functions/adapters/failures.ts';
import { type Fields, LABELS } from '../core/rotation.ts';
import type { Secrets } from '../ports/secrets.ts';

export function secretsManager(client: Pick<SecretsManagerClient, 'send'>): Secrets {
  async function labels(SecretId: string): Promise<Readonly<Record<string, string>>> {
    const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId }));
    return Object.fromEntries(
      Object.entries(VersionIdsToStages).flatMap(([version, stages]) => stages.map((stage) => [stage, version])),
    );
  }

  return {
    labels,

    async read(SecretId, VersionId) {
      try {
        const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId, VersionId }));
        return SecretString === undefined ? undefined : (JSON.parse(SecretString) as Fields);
      } catch (error) {
        // A version that was announced has no value: Secrets Manager then says that it cannot find it.
        if (isCalled(error, 'ResourceNotFound')) return undefined;
        throw error;
      }
    },

    async write(SecretId, version, fields) {
      await client.send(
        new PutSecretValueCommand({
          SecretId,
          ClientRequestToken: version,
          SecretString: JSON.stringify(fields),
          VersionStages: [LABELS.pending],
        }),
      );
    },

    async move(SecretId, VersionStage, version) {
      const from = (await labels(SecretId))[VersionStage];
      if (from === version) return;
      await client.send(
        new UpdateSecretVersionStageCommand({
          SecretId,
          VersionStage,
          MoveToVersionId: version,
          ...(from === undefined ? {} : { RemoveFromVersionId: from }),
        }),
      );
    },

    async drop(SecretId, VersionStage) {
      const { [VersionStage]: RemoveFromVersionId } = await labels(SecretId);
      if (RemoveFromVersionId === undefined) return;
      await client.send(new UpdateSecretVersionStageCommand({ SecretId, VersionStage, RemoveFromVersionId }));
    },
  };
}
