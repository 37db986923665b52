/** What people and the registry do in a rehearsal, carried out at its moment. */
import { weightsFor } from '../functions/core/roles.ts';
import { NONE } from '../functions/core/share.ts';
import { sendCommand } from '../functions/steps/shared/operator-command.ts';
import type { RehearsalEvent, When } from './events.ts';
import { START } from './timeline.ts';
import { image } from './versions.ts';
import type { World } from './world.ts';
import type { WriteRow } from './writes.ts';

/** The candidate is brought to more tasks while it has users. */
export const isGrowth = ({ call, actor }: WriteRow, world: World): boolean =>
  call === 'UpdateService' && actor.verb === 'Prepare' && (world.ledger.state.lock?.share ?? NONE) > NONE;

/** Waits for the event's moment, and then does once what it says. */
export function plan(event: RehearsalEvent, index: number, world: World): void {
  const { clock } = world;
  const happen = () => clock.at(clock.now() + (event.afterSeconds ?? 0), () => void carryOut(event, index, world));
  if ('second' in event.when) {
    clock.at(START + event.when.second, happen);
    return;
  }
  let isOver = false;
  world.onWrite((row) => {
    if (isOver || !isMoment(event.when, row, world)) return;
    isOver = true;
    happen();
  });
}

const WRITE_OF = {
  asked: 'ask',
  warm: 'warm',
  closing: 'closing',
  reverting: 'reverting',
  promoted: 'free after close',
  reverted: 'free after revert',
} as const;

function isMoment(when: When, row: WriteRow, world: World): boolean {
  const { call, share } = row;
  if ('share' in when) return call === 'ledger: share' && share === when.share;
  if (!('event' in when)) return false;
  if (when.event === 'growing') return isGrowth(row, world);
  return call === `ledger: ${WRITE_OF[when.event]}`;
}

async function carryOut(event: RehearsalEvent, index: number, world: World): Promise<void> {
  const person = world.ports({ by: 'person' });
  if ('say' in event) {
    // Too late is an answer too: the command is refused and the rehearsal goes on.
    await sendCommand(person, { word: event.say, by: 'a person', id: `command-${index}` }).catch(() => undefined);
  } else if ('start' in event) {
    world.executions.start(`by-hand-${index}`, event.start);
  } else if ('setShare' in event) {
    await person.router.route(weightsFor(world.roles, event.setShare));
  } else if ('setWeights' in event) {
    await person.router.route(event.setWeights);
  } else {
    const pushedAt = Math.round(world.clock.now());
    world.push(event.push, image(event.push, pushedAt));
    if (!event.eventLost) world.executions.start(`push-${index}`, { image: event.push, source: 'push', pushedAt });
  }
}
