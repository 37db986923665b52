/** Where the story of a rehearsal goes while it is rehearsed: a frame that is redrawn, or a line an event. */
import { stripVTControlCharacters } from 'node:util';
import { duration, oddsInWords } from '../../functions/core/numerals.ts';
import type { Look } from '../../rehearsal/options.ts';
import { frame } from './frame.ts';
import { type Display, formatLine, type Line } from './lines.ts';
import type { Screen } from './verb.ts';

export interface Progress {
  tell(line: Line): void;
  /** Told of every second. */
  look(read: () => Look | undefined): void;
  /** Afterwards the screen shows the lines and nothing else, and has its cursor. May be called again. */
  end(): void;
}

/** For `--json`. */
export const silent: Progress = { tell() {}, look() {}, end() {} };

const HEARTBEAT_MS = 5 * 60_000;

/** One line an event; with `heartbeat` a line every five minutes of wall time as well, so that no CI takes it for dead. */
export function plainProgress(screen: Screen, display: Display, heartbeat: boolean): Progress {
  let read: () => Look | undefined = () => undefined;
  let last: Line | undefined;
  const tell = (line: Line): void => screen.write(`${formatLine(line, 'iso', display)}\n`);
  const beat = (): void => {
    const look = read();
    if (look) tell(heartbeatLine(look, last?.word ?? 'open'));
  };
  const timer = heartbeat ? setInterval(beat, HEARTBEAT_MS).unref() : undefined;
  return {
    tell(line) {
      last = line;
      tell(line);
    },
    look(reader) {
      read = reader;
    },
    end: () => clearInterval(timer),
  };
}

/** "25 %  continue  5 min of 15 min, odds 0.30 of 100" */
function heartbeatLine({ now, lock, minutes }: Look, word: string): Line {
  const { share, stageFrom, plan } = lock;
  const bake = plan.stages.find((stage) => stage.share === share)?.bakeSeconds || plan.warmSeconds;
  const since = stageFrom === undefined ? lock.openedAt : stageFrom;
  const passed = duration(Math.floor((now - since) / 60) * 60);
  const time = share > 0 ? `${passed} of ${duration(bake)}` : passed;
  const odds = minutes.at(-1)?.odds;
  const said = odds === undefined ? '' : `, odds ${oddsInWords(odds)} of 100`;
  return { at: Math.floor(now), sign: ' ', share, word: share > 0 ? 'continue' : word, text: `${time}${said}` };
}

const FRAME_MS = 50;
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
const up = (rows: number): string => (rows > 0 ? `\u001b[${rows}A` : '');

/** The frame, at most twenty times a second and only when it changed, each in one write. */
export function liveProgress(screen: Screen, display: Display, service: string, footer: string): Progress {
  const lines: Line[] = [];
  let look: Look | undefined;
  let drawn: readonly string[] = [];
  let drawnAt = Number.NEGATIVE_INFINITY;
  let isOver = false;

  /** Rows that the drawn frame takes now: a window that became narrower has wrapped it. */
  const height = (): number =>
    drawn.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(stripVTControlCharacters(line).length / screen.size().columns)),
      0,
    );
  const toTop = (): string => `\r${up(height() - 1)}`;
  const draw = (): void => {
    const { rows, columns } = screen.size();
    // One column stays free: a full last one makes some terminals wrap.
    const next = frame({ service, look, lines, footer }, { rows, columns: columns - 1 }, display);
    if (next.join('\n') === drawn.join('\n')) return;
    const start = drawn.length === 0 ? HIDE_CURSOR : toTop();
    screen.write(start + next.map((line) => line + CLEAR_LINE).join('\r\n') + CLEAR_BELOW);
    drawn = next;
  };
  const leave = screen.onExit(() => end());

  function end(): void {
    if (isOver) return;
    isOver = true;
    leave();
    const wiped = drawn.length === 0 ? '' : `${toTop()}${CLEAR_BELOW}${SHOW_CURSOR}`;
    screen.write(wiped + lines.map((line) => `${formatLine(line, 'clock', display)}\n`).join(''));
  }

  return {
    tell: (line) => {
      lines.push(line);
    },
    look(read) {
      const now = performance.now();
      if (now < drawnAt + FRAME_MS) return;
      drawnAt = now;
      look = read() ?? look;
      draw();
    },
    end,
  };
}
