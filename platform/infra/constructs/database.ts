import { Duration, RemovalPolicy, Tags, Validations } from 'aws-cdk-lib';
import { InstanceType, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import type { CfnDBInstance } from 'aws-cdk-lib/aws-rds';
import {
  Credentials,
  DatabaseInstance,
  DatabaseInstanceEngine,
  PostgresEngineVersion,
  StorageType,
} from 'aws-cdk-lib/aws-rds';
import { Construct } from 'constructs';
import type { Database as DatabaseSettings, Names } from '../core-settings.ts';
import type { Network } from './network.ts';

export interface DatabaseProps {
  readonly runs: DatabaseSettings;
  readonly named: Names;
  readonly standsIn: Network;
}

/** The plan's PostgreSQL. */
export class Database extends Construct {
  readonly instance: DatabaseInstance;
  /** `username` and `password` of the user that may create others; RDS makes it, and changes it every week. */
  readonly adminSecretArn: string;
  readonly port = 5432;

  constructor(scope: Construct, id: string, { runs, named, standsIn: { vpc, dataClients } }: DatabaseProps) {
    super(scope, id);
    const securityGroup = new SecurityGroup(this, 'Door', {
      vpc,
      description: 'The database',
      allowAllOutbound: false,
    });
    securityGroup.addIngressRule(dataClients, Port.tcp(this.port), 'from whoever may reach the data');
    this.instance = new DatabaseInstance(this, 'Instance', {
      instanceIdentifier: named.database,
      engine: DatabaseInstanceEngine.postgres({ version: PostgresEngineVersion.of(runs.version, '15') }),
      instanceType: new InstanceType(runs.instance.replace(/^db\./, '')),
      allocatedStorage: runs.storageGb,
      storageType: StorageType.GP3,
      storageEncrypted: true,
      multiAz: runs.multiAz,
      vpc,
      vpcSubnets: { subnets: vpc.privateSubnets },
      securityGroups: [securityGroup],
      databaseName: named.databaseName,
      credentials: Credentials.fromUsername(named.databaseAdmin),
      manageMasterUserPassword: true,
      backupRetention: Duration.days(runs.backupDays),
      preferredBackupWindow: runs.backupWindow,
      preferredMaintenanceWindow: runs.maintenanceWindow,
      cloudwatchLogsExports: ['postgresql', 'upgrade'],
      copyTagsToSnapshot: true,
      // The version is the settings'; one that moves by itself could not be deployed any more.
      autoMinorVersionUpgrade: false,
      parameters: { 'rds.force_ssl': '1' },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    Tags.of(this.instance).add('Name', `${named.databaseName}-postgres`);
    this.adminSecretArn = (this.instance.node.defaultChild as CfnDBInstance).attrMasterUserSecretSecretArn;
    Validations.of(this.instance).acknowledge({
      id: 'AwsSolutions-RDS11',
      reason: 'another port hides nothing; only one security group reaches it',
    });
  }
}
