/** A deployed controller, as the verbs that talk to one are given it; and what all of them say of trouble in reaching it. */

import type { Values } from '../../command-line/arguments.ts';
import { ReleaseRefused, Stuck, Transient, type WrongField } from '../../functions/core/failures.ts';
import type { Clock } from '../../functions/ports/clock.ts';
import type { Executions } from '../../functions/ports/executions.ts';
import type { Fleet } from '../../functions/ports/fleet.ts';
import type { Histories } from '../../functions/ports/histories.ts';
import type { Ledger } from '../../functions/ports/ledger.ts';
import type { Registry } from '../../functions/ports/registry.ts';
import type { Signals } from '../../functions/ports/signals.ts';
import type { TrafficRouter } from '../../functions/ports/traffic-router.ts';
import type { ServiceSettings } from '../../functions/steps/shared/settings.ts';
import { displayOptions, type Terminal } from '../screen/verb.ts';

/** People write the ledger and start executions; rule and tasks they only look at. */
export interface Controller {
  readonly settings: ServiceSettings;
  readonly stateMachineArn: string;
  readonly router: Pick<TrafficRouter, 'current' | 'actions'>;
  readonly fleet: Pick<Fleet, 'observe' | 'health'>;
  readonly signals: Signals;
  readonly ledger: Ledger;
  readonly registry: Registry;
  readonly executions: Executions;
  readonly histories: Histories;
  readonly clock: Clock;
}

export interface Where {
  readonly service: string;
  /** @default - as the SDK finds it: AWS_REGION, or the profile's */
  readonly region?: string | undefined;
}

/**
 * Finds the controller of a service.
 * @throws ReleaseRefused when there is none, with the field that is wrong
 */
export type Reach = (where: Where) => Promise<Controller>;

export const controllerOptions = {
  service: { value: 'NAME', help: 'the service; or say it once in SLUICE_SERVICE' },
  region: { value: 'REGION', help: 'where it runs; credentials come as for every AWS tool' },
  json: { help: 'JSON on stdout, nothing on stderr' },
  ...displayOptions,
} as const;

const NOT_ALLOWED_NOW = 2;
export const WAITS_FOR_A_PERSON = 3;
export const CANNOT_TELL = 4;

export interface Asked {
  /** What did not happen, when it did not: "Nothing was started". */
  readonly otherwise: string;
  /** What is true when AWS did not answer. */
  readonly unanswered?: string;
  readonly problems: readonly WrongField[];
  /** A wrong field of the input under the name by which it was given. */
  readonly asFlag?: (field: WrongField) => WrongField;
}

/** Reaches the controller and lets `act` do the rest; answers with the exit code, whatever happens. */
export async function withController(
  reach: Reach,
  values: Values<typeof controllerOptions>,
  terminal: Terminal,
  { otherwise, unanswered = 'Whatever runs goes on', problems, asFlag = (field) => field }: Asked,
  act: (controller: Controller, service: string) => Promise<number>,
): Promise<number> {
  const { region, json = false } = values;
  const service = values.service ?? (terminal.environment['SLUICE_SERVICE'] || undefined);
  if (service === undefined || problems.length > 0)
    return terminal.refuse(otherwise, [...problems, ...(service === undefined ? [NO_SERVICE] : [])], json);
  try {
    return await act(await reach({ service, region }), service);
  } catch (error) {
    if (error instanceof ReleaseRefused) {
      if (error.fields.length > 0) return terminal.refuse(otherwise, error.fields.map(asFlag), json);
      tellTrouble(terminal, json, 'not-allowed', `${otherwise}: ${error.message}`);
      return NOT_ALLOWED_NOW;
    }
    if (!isOfAws(error)) throw error;
    tellTrouble(terminal, json, 'cannot-tell', `Unknown: ${sentence(error)}. ${unanswered}.`);
    return CANNOT_TELL;
  }
}

const NO_SERVICE: WrongField = {
  field: '--service',
  message: 'is missing',
  fix: 'name the service, as in the settings of its stack',
};

export function tellTrouble(terminal: Terminal, json: boolean, code: string, message: string): void {
  if (json) terminal.print(JSON.stringify({ error: { code, message, fields: [] } }));
  else terminal.tell(message);
}

export const sentence = (error: unknown): string => (error as Error).message.replace(/\.$/, '');

/** Our names for what AWS answered, an answer that has none, or credentials and a region that were not found. */
export const isOfAws = (error: unknown): boolean =>
  error instanceof Transient ||
  error instanceof Stuck ||
  (error instanceof Error && ('$metadata' in error || /Credentials|Token|Provider/.test(error.name)));
