/** Requests to one colour past the weights, through a rule of its own that only requests with a secret header match. */
import { otherColour, rolesWhenStableIs, weightsFor } from '../core/roles.ts';
import { ALL, NONE } from '../core/share.ts';
import type { Clock } from '../ports/clock.ts';
import type { TrafficRouter } from '../ports/traffic-router.ts';
import type { Addresses } from './addresses.ts';
import { actionsOf, type Elb, forwardOf, weightsIn, writeWeights } from './weighted-actions.ts';

const PROBES = 6;
const PROBE_WITHIN_MS = 2000;
/** A change of a rule reaches every node of the load balancer within seconds; AWS gives no figure. */
const IN_FORCE_AFTER_SECONDS = 8;

export const albProbe = (
  elb: Elb,
  { targetGroups, probe }: Pick<Addresses, 'targetGroups' | 'probe'>,
  clock: Pick<Clock, 'sleep'>,
): Pick<TrafficRouter, 'probe' | 'resetProbe'> => ({
  async probe(colour) {
    const toColour = weightsFor(rolesWhenStableIs(otherColour(colour)), ALL);
    const atRest = weightsFor(rolesWhenStableIs(colour), ALL);
    await writeWeights(elb, probe.ruleArn, targetGroups, toColour);
    await clock.sleep(IN_FORCE_AFTER_SECONDS);
    const answers = await Promise.all(Array.from({ length: PROBES }, () => passes(probe)));
    await writeWeights(elb, probe.ruleArn, targetGroups, atRest);
    return { passed: answers.filter(Boolean).length, tried: PROBES };
  },

  async resetProbe(stable) {
    const wanted = weightsFor(rolesWhenStableIs(stable), NONE);
    const { [stable]: has } = weightsIn(forwardOf(await actionsOf(elb, probe.ruleArn)), targetGroups);
    if (has !== wanted[stable]) await writeWeights(elb, probe.ruleArn, targetGroups, wanted);
  },
});

/** One new request with the secret header; only an answer of 2xx counts. */
async function passes({ url, header, secret }: Addresses['probe']): Promise<boolean> {
  try {
    const answer = await fetch(url, {
      headers: { [header]: secret },
      redirect: 'manual',
      signal: AbortSignal.timeout(PROBE_WITHIN_MS),
    });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}
