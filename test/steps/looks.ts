/** The reconciler's looks, as its schedule gives them, and what people were told by then. */
import type { Fixture } from './fixture.ts';

/** A look a minute; what each said. */
export async function lookOn(it: Fixture, looks = 8): Promise<readonly string[]> {
  const summaries: string[] = [];
  for (let look = 0; look < looks; look++) {
    summaries.push((await it.reconcile()).summary);
    await it.wait(60);
  }
  return summaries;
}

export const titles = ({ world }: Fixture): readonly string[] =>
  world.notifications.map(({ notification }) => notification.title);
