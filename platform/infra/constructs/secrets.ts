import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import { type CfnSecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { keysByHand } from '../../rotation/core/rotation.ts';
import type { Names } from '../core-settings.ts';

export interface SecretsProps {
  readonly named: Names['secrets'];
  readonly databaseUser: string;
}

/** The plan's two secrets. Their keys, and how each is changed, are in platform/rotation/core/rotation.ts. */
export class Secrets extends Construct {
  readonly app: Secret;
  readonly integrations: Secret;

  constructor(scope: Construct, id: string, { named, databaseUser }: SecretsProps) {
    super(scope, id);
    this.app = new Secret(this, 'App', {
      secretName: named.app,
      description: 'SECRET_KEY, DATABASE_PASSWORD, REDIS_PASSWORD; changed every month by rotation',
      // The cache must be made with a password; the first rotation, right after, makes all the rest.
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ DATABASE_USER: databaseUser }),
        generateStringKey: 'REDIS_PASSWORD',
        excludePunctuation: true,
        passwordLength: 64,
      },
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    this.integrations = new Secret(this, 'Integrations', {
      secretName: named.integrations,
      description: `${keysByHand.join(', ')}; written by people`,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    // No value of ours: CloudFormation would write it again, over the people's, whenever it changes.
    (this.integrations.node.defaultChild as CfnSecret).generateSecretString = undefined;
    Validations.of(this.integrations).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason: 'third parties have no interface to change a key; people are reminded every month',
    });
  }
}
