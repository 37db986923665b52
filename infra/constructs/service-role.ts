import { Stack } from 'aws-cdk-lib';
import { AccountRootPrincipal, type Role } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { RIGHTS_OF, type ServiceRight } from '../../functions/core/service-rights.ts';
import { roleFor } from './permission.ts';
import { rightsOver } from './rights.ts';
import type { TwoColourService } from './two-colour-service.ts';

export interface ServiceRoleProps {
  readonly service: TwoColourService;
  readonly rule: string;
  readonly probeRule: string;
  /** ARNs of the roles of the controller's functions: nobody else may assume it. */
  readonly trusts: readonly string[];
}

/**
 * The one role of a service. The controller assumes it for every call that touches the service, with a session that is
 * narrower still (functions/core/service-rights.ts); so whatever goes wrong there, no other service is touched.
 */
export class ServiceRole extends Construct {
  readonly role: Role;

  constructor(scope: Construct, id: string, { service, rule, probeRule, trusts }: ServiceRoleProps) {
    super(scope, id);
    const reach = { service, rule, probeRule };
    const rights = new Set<ServiceRight>(Object.values(RIGHTS_OF).flat());
    this.role = roleFor(this, 'Role', {
      named: `sluice-${service.settings.name}`,
      // The account, and of it only these: a role that names another one as its principal loses it when that one is made anew.
      isOf: new AccountRootPrincipal().withConditions({ ArnEquals: { 'aws:PrincipalArn': [...trusts] } }),
      who: 'the controller, for this service',
      may: rightsOver([...rights], reach, Stack.of(this)),
    });
  }
}
