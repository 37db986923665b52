/** Services as they are registered, one beside the other in one account. */
import { parseRegistration, type Registered, type Registration } from '../../functions/core/registration.ts';
import { groupArn, LOAD_BALANCER } from './balancer.ts';
import { SLUICE } from './sluice.ts';

const { table: _, stateMachineArn: __, topicArn: ___, eventBus: ____, ...conductores } = SLUICE;

export const ACCOUNT = '111111111111';
const ruleOf = (name: string) => `${LOAD_BALANCER.replace(':loadbalancer/', ':listener-rule/')}/f2f7/${name}`;

/** Every part by the service's own name. */
export const registrationOf = (service: string, facts: Partial<Registration> = {}): Registration => ({
  ...(structuredClone(conductores) as unknown as Omit<Registration, 'role'>),
  service,
  ruleArn: ruleOf(`${service}-weighted`),
  probe: { ...conductores.probe, ruleArn: ruleOf(`${service}-probe`) },
  targetGroups: { blue: groupArn(`${service}-blue`), green: groupArn(`${service}-green`) },
  services: { blue: `${service}-blue`, green: `${service}-green` },
  families: { blue: `${service}-blue`, green: `${service}-green`, template: `${service}-template` },
  repository: { ...conductores.repository, name: service },
  role: `arn:aws:iam::${ACCOUNT}:role/sluice-${service}`,
  ...facts,
});

export const registeredOf = (service: string, facts: Partial<Registered> = {}): Registered => ({
  ...registrationOf(service, facts),
  stack: `${service}-stack`,
  version: 1,
  registeredAt: 1_790_000_000,
  ...facts,
});

export function accepted(raw: unknown): Registration {
  const parsed = parseRegistration(raw);
  if (!parsed.ok) throw new Error(parsed.fields.map(({ field, message }) => `${field} ${message}`).join('; '));
  return parsed.registration;
}
