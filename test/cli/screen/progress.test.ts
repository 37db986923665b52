import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ASCII, unpainted } from '../../../cli/screen/paint.ts';
import { liveProgress, plainProgress } from '../../../cli/screen/progress.ts';
import type { Screen } from '../../../cli/screen/verb.ts';
import type { Look } from '../../../rehearsal/options.ts';
import { rehearsal } from '../../rehearsal/rehearsals.ts';
import { screenAfter } from '../emulator.ts';

const display = { paint: unpainted, glyphs: ASCII };
const MINUTE = 60_000;

function recorded(columns = 100, rows = 30) {
  const written: string[] = [];
  const size = { rows, columns };
  const screen: Screen = { write: (text) => written.push(text), size: () => size, onExit: () => () => {} };
  return { screen, written, size };
}

async function lookAt(share: number): Promise<Look> {
  let found: Look | undefined;
  await rehearsal('healthy', {
    onSecond: (read) => {
      const look = read();
      if (look?.lock.share === share && look.lock.phase === 'baking') found = look;
    },
  });
  return found!;
}

describe('a line an event', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
  afterEach(() => void vi.useRealTimers());

  test('a live rehearsal in a log gives a sign of life every five minutes', async () => {
    const look = await lookAt(5);
    const { screen, written } = recorded();
    const progress = plainProgress(screen, display, true);
    progress.look(() => look);
    vi.advanceTimersByTime(4 * MINUTE);
    expect(written).toEqual([]);
    vi.advanceTimersByTime(7 * MINUTE);
    expect(written).toHaveLength(2);
    expect(written[0]).toMatch(/^2026-01-05T14:\d\d:\d\dZ +5 % +continue +15 min of 15 min, odds 0\.38 of 100\n$/);
    progress.end();
    vi.advanceTimersByTime(60 * MINUTE);
    expect(written).toHaveLength(2);
  });

  test('a virtual rehearsal gives none', async () => {
    const look = await lookAt(5);
    const { screen, written } = recorded();
    plainProgress(screen, display, false).look(() => look);
    vi.advanceTimersByTime(60 * MINUTE);
    expect(written).toEqual([]);
  });
});

describe('the redrawn frame', () => {
  const line = { at: 1_767_621_845, sign: '▲', share: 5, word: 'shift', text: 'read back' } as const;

  test('is one write, and none when nothing changed', async () => {
    const look = await lookAt(5);
    const { screen, written } = recorded();
    const progress = liveProgress(screen, display, 'service', 'Ctrl-C stops');
    progress.look(() => look);
    await new Promise((resolve) => setTimeout(resolve, 60));
    progress.look(() => look);
    expect(written).toHaveLength(1);
  });

  test('leaves the story and the cursor behind, and nothing else, however often it is ended', async () => {
    const look = await lookAt(5);
    const { screen, written, size } = recorded();
    const progress = liveProgress(screen, display, 'service', 'Ctrl-C stops');
    progress.tell(line);
    progress.look(() => look);
    progress.end();
    progress.end();
    const { lines, hasCursor, unknown } = screenAfter(written.join(''), size);
    expect([hasCursor, unknown]).toEqual([true, []]);
    expect(lines).toEqual(['14:04:05  ^    5 %  shift     read back', '']);
  });

  test('a window that became narrower is redrawn from its wrapped top', async () => {
    const look = await lookAt(5);
    const { screen, written, size } = recorded(100, 60);
    const progress = liveProgress(screen, display, 'service', 'Ctrl-C stops');
    progress.look(() => look);
    size.columns = 50;
    const rows = written.join('').split('\n').length;
    progress.end();
    const [, back] = /^\r.\[(\d+)A/.exec(written.at(-1)!)!;
    expect(Number(back)).toBeGreaterThan(rows - 1);
  });
});
