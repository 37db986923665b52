import { guard } from '../steps/safety/guard.ts';
import { clock } from './deadline.ts';
import { guardEvent } from './guard-events.ts';
import { lambda } from './lambda.ts';
import { fleet, ledger, router } from './ports.ts';

export const handler = lambda('Guard', (at) => async (event) => {
  const meant = guardEvent(event, at);
  if (!meant) return { aborted: false, summary: "the event is none of this service's" };
  return guard({ router: router(at), fleet: fleet(at), ledger: ledger(at), clock })(meant);
});
