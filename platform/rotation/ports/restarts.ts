import type { Colour } from '../../../functions/core/roles.ts';

/** New tasks of what runs already: of the same revision and number, one by one, and never fewer than there are. */
export interface Restarts {
  restart(colour: Colour): Promise<void>;
}
