/** Where everything of one service is: read from one environment variable, checked before anything is done with it. */
import * as z from 'zod/mini';
import { Stuck } from '../core/failures.ts';
import { arnOf, serviceFields } from '../core/registration.ts';

const { service, ...parts } = serviceFields;

const shape = z.strictObject({
  service,
  /** The ledger. */
  table: z.string().check(z.minLength(1)),
  ...parts,
  // What the controller has for itself.
  stateMachineArn: arnOf('state machine', /^arn:[\w-]+:states:.+:stateMachine:.+/),
  topicArn: arnOf('topic', /^arn:[\w-]+:sns:.+/),
  /** A bus that hears the notifications too. @default - none */
  eventBus: z.optional(z.string().check(z.minLength(1))),
});

export type Addresses = z.infer<typeof shape>;

/** What a person's command needs of it, and nothing secret. A releases stack gives it as an output of its own. */
const described = z.omit(shape, { probe: true, topicArn: true, eventBus: true, migration: true });

export type Description = z.infer<typeof described>;

/** The output's name. */
export const DESCRIPTION = 'Sluice';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The addresses in the variable SLUICE, a JSON object.
 * @throws Stuck with every wrong field: without them nothing can be done, forward or back
 */
export function addresses({ SLUICE }: Environment): Addresses {
  const found = read('The environment variable SLUICE', shape, SLUICE);
  if (found.settings.hasMigration && !found.migration)
    throw new Stuck(
      'The environment variable SLUICE is invalid: migration is missing, and settings.hasMigration says that there is one. Deploy the stack again.',
    );
  return found;
}

/**
 * What the output of a releases stack says.
 * @throws Stuck with every wrong field
 */
export const description = (output: string | undefined): Description =>
  read(`The output ${DESCRIPTION} of the stack`, described, output);

function read<T extends z.ZodMiniType>(where: string, wanted: T, written: string | undefined): z.infer<T> {
  const parsed = z.safeParse(wanted, decoded(where, written), { reportInput: true });
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(sentence);
  throw new Stuck(`${where} is invalid: ${wrong.join('; ')}. Deploy the stack again.`);
}

function decoded(where: string, written: string | undefined): unknown {
  if (written === undefined) throw new Stuck(`${where} is missing. Deploy the stack again.`);
  try {
    return JSON.parse(written);
  } catch (cause) {
    throw new Stuck(`${where} is no JSON. Deploy the stack again.`, { cause });
  }
}

function sentence({ path, code, input, message }: z.core.$ZodIssue): string {
  const field = path.join('.') || 'it';
  if (code === 'unrecognized_keys') return `${field} has a field that nobody knows`;
  if (input === undefined) return `${field} is missing`;
  return `${field} ${message.startsWith('is ') ? message : `is ${JSON.stringify(input)}`}`;
}

/** What the steps must know of the service. */
export const settingsOf = ({ settings, service, repository, ruleArn, targetGroups }: Description) => ({
  ...settings,
  service,
  repository,
  traffic: { region: ruleArn.split(':')[3]!, ruleArn, targetGroups },
});

/** The value of the CloudWatch dimension LoadBalancer: the last part of the ARN, `app/name/id`. */
export const loadBalancerDimension = (arn: string): string => arn.split(':loadbalancer/')[1] ?? arn;

/** The value of the CloudWatch dimension TargetGroup: the last part of the ARN, `targetgroup/name/id`. */
export const targetGroupDimension = (arn: string): string => arn.split(':').at(-1) ?? arn;
