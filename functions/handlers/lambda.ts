/** The steps as Lambdas: input checked, a line of log and a few metrics for each invocation, errors by their name. */
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import middy, { type MiddlewareObj } from '@middy/core';
import { type Addresses, addresses, settingsOf } from '../adapters/addresses.ts';
import { ReleaseRefused } from '../core/failures.ts';
import type { ServiceSettings } from '../steps/shared/settings.ts';
import type { StepOutput } from '../steps/shared/step.ts';
import { beginInvocation } from './deadline.ts';

/** What the state machine passes: the execution's ARN beside the state, or, to the first verb, the input. */
type Payload = Readonly<Record<string, unknown>> & { readonly state?: { readonly release?: { readonly id: string } } };

/** What an invocation is logged by: its sentence, and facts beside it. */
interface StepLog {
  readonly summary: string;
  readonly verdict?: string;
  readonly share?: number;
  readonly release?: StepOutput['release'];
}

/** A handler. `play` is made anew for each invocation, so that every address is the environment's. */
export const lambda = <Answer extends StepLog>(
  name: string,
  play: (at: Addresses, settings: ServiceSettings) => (payload: unknown) => Promise<Answer>,
) =>
  middy()
    .use(observe(name))
    .handler(async function carryOut(payload: unknown): Promise<Answer> {
      beginInvocation();
      const at = addresses(process.env);
      return play(at, settingsOf(at))(payload);
    });

/** The handler of one verb of the state machine. `needs`: the fields that its payload must have. */
export const verb = <Input>(
  name: string,
  needs: readonly (keyof Input & string)[],
  step: (at: Addresses, settings: ServiceSettings) => (input: Input) => Promise<StepOutput>,
) => lambda(name, (at, settings) => async (payload) => step(at, settings)(checked(name, needs, payload)));

function checked<Input>(name: string, needs: readonly (keyof Input & string)[], payload: unknown): Input {
  const given = (typeof payload === 'object' && payload !== null ? payload : {}) as Readonly<Record<string, unknown>>;
  const missing = needs.filter((field) => given[field] === undefined || given[field] === null || given[field] === '');
  if (missing.length === 0) return payload as Input;
  throw new ReleaseRefused(
    `${name} was called without ${missing.map((field) => `"${field}"`).join(' and ')}; it is a step of the release state machine, which passes them. Start an execution of that instead.`,
  );
}

function observe(name: string): MiddlewareObj<Payload, StepLog> {
  let began = 0;
  const seconds = () => (Date.now() - began) / 1000;
  const who = (payload: Payload, answer?: StepLog) => ({
    verb: name,
    release: answer?.release?.id ?? payload?.state?.release?.id,
  });
  return {
    before: function begin() {
      began = Date.now();
    },
    after: function logOutcome({ event, response }) {
      if (!response) return;
      const { summary, ...facts } = response;
      const { verdict, share } = facts;
      logger().info(summary, { ...facts, ...who(event, response), seconds: seconds() });
      const metrics = metricsOf(name);
      metrics.addDimension('verdict', verdict ?? 'looked');
      metrics.addMetric('verdicts', MetricUnit.Count, 1);
      if (share !== undefined) metrics.addMetric('share', MetricUnit.Percent, share);
      metrics.addMetric('seconds', MetricUnit.Seconds, seconds());
      metrics.publishStoredMetrics();
    },
    onError: function logFailure({ event, error }) {
      logger().error(error?.message ?? 'failed', { ...who(event), seconds: seconds(), error: error as Error });
      const metrics = metricsOf(name);
      metrics.addDimension('failure', error?.name ?? 'Error');
      metrics.addMetric('failures', MetricUnit.Count, 1);
      metrics.publishStoredMetrics();
    },
  };
}

const service = (): string => {
  try {
    return addresses(process.env).service;
  } catch {
    return 'unknown';
  }
};

const logger = () => new Logger({ serviceName: service() });

function metricsOf(name: string): Metrics {
  const metrics = new Metrics({ namespace: 'Sluice', serviceName: service() });
  metrics.addDimension('verb', name);
  return metrics;
}
