import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';

export interface ReleaseTableProps {
  readonly outlivesItsStack: boolean;
}

/** The ledger: state and lock of the service in one item, releases and the judge's memory beside it. */
export class ReleaseTable extends Construct {
  readonly table: TableV2;

  constructor(scope: Construct, id: string, { outlivesItsStack }: ReleaseTableProps) {
    super(scope, id);
    this.table = new TableV2(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billing: Billing.onDemand(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: outlivesItsStack,
      removalPolicy: outlivesItsStack ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
  }
}
