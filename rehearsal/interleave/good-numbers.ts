/** Numbers that are always good, and alarms that somebody may let fire. */
import { COLOURS, type Colour } from '../../functions/core/roles.ts';
import type { AlarmReading, MinuteReading } from '../../functions/ports/signals.ts';
import type { WorldNumbers } from '../world-parts.ts';

const MINUTE = 60;
const MOST_MINUTES = 12;

export class GoodNumbers implements WorldNumbers {
  /** The schedule delivers alarms itself. */
  onChange = undefined;
  /** As they stand; somebody may put others in their place. */
  readonly list: AlarmReading[];

  constructor(service: string) {
    this.list = COLOURS.flatMap((colour) => [
      alarm(service, colour, 'backstop', 'backstop-no-healthy-target'),
      alarm(service, colour, 'literal', 'literal-error-rate'),
    ]);
  }

  minutes(_now: number, from: number, to: number, thresholdsMs: readonly number[]): readonly MinuteReading[] {
    return goodMinutes(from, to, thresholdsMs);
  }

  wasHeard(): boolean {
    return true;
  }

  alarms(): readonly AlarmReading[] {
    return [...this.list];
  }
}

function alarm(service: string, colour: Colour, kind: AlarmReading['kind'], rule: string): AlarmReading {
  return { name: `${service}-${colour}-${rule}`, colour, kind, state: 'OK', since: 0, reason: 'all is well' };
}

/** Both colours are as well as can be; what the judge makes of other numbers is shown elsewhere. */
function goodMinutes(from: number, to: number, thresholdsMs: readonly number[]): readonly MinuteReading[] {
  const well = {
    requests: 1000,
    answered: 1000,
    p95Ms: 100,
    withinPercent: thresholdsMs.map(() => 99),
    healthyHosts: 2,
    unhealthyHosts: 0,
  };
  const first = Math.max(from, to - MOST_MINUTES * MINUTE);
  return Array.from({ length: Math.max(0, Math.ceil((to - first) / MINUTE)) }, (_, index) => ({
    minute: first + index * MINUTE,
    colours: { blue: well, green: well },
    zones: { blue: [well], green: [well] },
  }));
}
