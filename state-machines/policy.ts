/** The one loader of the release policy: release.asl.yaml as plain JSON, as Step Functions, the rehearsal and moto are given it. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

export interface StateMachine {
  readonly Comment: string;
  readonly StartAt: string;
  readonly States: Readonly<Record<string, Readonly<Record<string, unknown>> & { readonly Type: string }>>;
}

/** Fields that begin with "x-" hold what the states share by anchors; the language knows no such fields. */
export function machineIn(yaml: string): StateMachine {
  const document = parse(yaml, { merge: true, uniqueKeys: true }) as Readonly<Record<string, unknown>>;
  const machine = Object.fromEntries(Object.entries(document).filter(([field]) => !field.startsWith('x-')));
  // Written out, so that what came from one anchor is no shared object.
  return JSON.parse(JSON.stringify(machine)) as StateMachine;
}

export const policy: StateMachine = machineIn(readFileSync(new URL('release.asl.yaml', import.meta.url), 'utf8'));
