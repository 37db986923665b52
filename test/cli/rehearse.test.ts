import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { BIN, environment, hasPython, onTerminal, shell, sluice } from './bin.ts';
import { screenAfter } from './emulator.ts';

const ESCAPE = String.fromCharCode(27);

/** "9.9 s" is the wall's, and differs. */
const withoutWallTime = (text: string): string => text.replace(/ in \d+\.\d s/, '');

describe('in a pipe or a log', () => {
  test('progress is a line an event on stderr, with ISO time and without codes; the end is on stdout', async () => {
    const { code, stdout, stderr } = await sluice(['rehearse', 'errors']);
    expect(code).toBe(0);
    const events = stderr.split('\n').slice(4, -1);
    expect(events.length).toBeGreaterThan(5);
    for (const line of events) expect(line).toMatch(/^2026-01-05T\d\d:\d\d:\d\dZ {2}. +\d+ % {2}\w+ +\S/);
    expect(stdout + stderr).not.toContain(ESCAPE);
    expect(stdout).toMatch(/^\nREVERTED at 25 %, as this scenario expects\.\n/);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^ {2}Why {5}green /);
  });

  test('letters beyond ASCII need a locale that has them', async () => {
    const { stdout, stderr } = await sluice(['rehearse', 'errors'], { LANG: 'C' });
    expect(stdout + stderr).toMatch(/^[ -~\n]+$/);
    expect(stderr).toContain('^    5 %  shift');
  });

  test('a reader that goes away ends it quietly', () => {
    const { stdout, stderr } = shell('sluice rehearse errors 2>&1 | head -1');
    expect(stdout).toMatch(/^Rehearsing conductores-backend: [^\n]+\n$/);
    expect(stderr).toBe('');
  });

  test('a reader of the result that goes away does not make a bad end a good one', () => {
    const { stdout, stderr } = shell(
      'sluice rehearse errors --points 0 --warm-minutes 0 2>/dev/null | :; sluice rehearse errors --points 0 --warm-minutes 0 2>/dev/null >/dev/null; echo $?',
    );
    expect([stdout, stderr]).toEqual(['1\n', '']);
  });
});

describe('exit codes', () => {
  test('0: it ended as the scenario expects, promoted or reverted', async () => {
    expect((await sluice(['rehearse', 'healthy', '--warm-minutes', '0'])).code).toBe(0);
    expect((await sluice(['rehearse', 'crash'])).code).toBe(0);
  });

  test('1: it ended otherwise', async () => {
    const { code, stdout } = await sluice(['rehearse', 'errors', '--points', '0', '--warm-minutes', '0']);
    expect(code).toBe(1);
    expect(stdout).toContain('PROMOTED, but this scenario expects reverted at 25 %.');
  });

  test('2: wrong input, all of it told at once, and nothing was rehearsed', async () => {
    const words = ['eror', '--shrae', '5', '--at', '7', '--speed', '0', '--stable', 'a', '--candidate', 'b'];
    const { code, stdout, stderr } = await sluice(['rehearse', ...words, '--port', '80']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^Nothing was rehearsed: 9 fields are wrong\.\n/);
    for (const part of [
      '--shrae',
      'SCENARIO',
      '--at',
      '--speed',
      'add --live',
      'add --serve',
      'sluice rehearse --help',
    ])
      expect(stderr).toContain(part);
  });

  test('2: no such command, with the one that was meant', async () => {
    const { code, stderr } = await sluice(['reherse']);
    expect(code).toBe(2);
    expect(stderr).toContain('did you mean "rehearse"?');
    expect(stderr).toContain('Help: sluice --help');
  });

  test('2: the state machine refuses the input, in the words of Open', async () => {
    const { code, stdout } = await sluice(['rehearse', '--input', '{"imagen":"v1.5.0"}']);
    expect(code).toBe(2);
    expect(stdout).toContain('imagen: is no field of a request; did you mean "image"?');
  });
});

describe('--json', () => {
  test('is alone on stdout, and stderr is empty, also when the input is wrong', async () => {
    const right = await sluice(['rehearse', 'errors', '--json']);
    expect(right.stderr).toBe('');
    expect(JSON.parse(right.stdout)).toMatchObject({ schema: 'sluice.rehearsal/1', outcome: 'reverted' });
    const wrong = await sluice(['rehearse', 'errors', '--json', '--nonsense']);
    expect(wrong.stderr).toBe('');
    expect(JSON.parse(wrong.stdout)).toMatchObject({ error: { code: 'wrong-input' } });
  });

  test('is the same byte for byte for the same seed, the wall clock aside', async () => {
    const run = async (seed: string) =>
      (await sluice(['rehearse', 'leak', '--json', '--seed', seed])).stdout.replace(/"wallSeconds":[\d.]+/, '');
    expect(await run('7')).toBe(await run('7'));
    expect(await run('8')).not.toBe(await run('7'));
  });

  test('has the numbers that are told in words', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'sluice-words-')), 'rehearsal.html');
    const { stdout } = await sluice(['rehearse', 'errors', '--json']);
    const words = await sluice(['rehearse', 'errors', '--report', file]);
    const record = JSON.parse(/id="record">([\s\S]*?)<\/script>/.exec(readFileSync(file, 'utf8'))![1]!);
    const { reason, evidence, secondsFromVerdictToStable } = JSON.parse(stdout);
    for (const field of ['outcome', 'reason', 'evidence', 'requests', 'secondsFromVerdictToStable', 'violations'])
      expect(record[field]).toEqual(JSON.parse(stdout)[field]);
    const count = (number: number): string => number.toLocaleString('en-US');
    const told = `green failed ${count(evidence.candidate.failures)} of ${count(evidence.candidate.requests)} requests`;
    for (const text of [reason, words.stdout, words.stderr]) expect(text).toContain(told);
    expect(words.stdout.trimEnd().endsWith(reason)).toBe(true);
    expect(words.stderr).toContain(`${secondsFromVerdictToStable} s after the verdict`);
  });
});

/** Every frame that was drawn; what comes after the last one only wipes it. */
const framesIn = (output: string): readonly string[] =>
  output
    .slice(output.indexOf(`${ESCAPE}[?25l`) + `${ESCAPE}[?25l`.length)
    .split(`${ESCAPE}[J`)
    .slice(0, -2);

describe.skipIf(!hasPython && !process.env['CI'])('on a terminal', () => {
  const errors = ['rehearse', 'errors'];

  test.each([
    [100, 40],
    [80, 24],
    [40, 24],
    [80, 5],
  ])(
    'of %d columns and %d rows: at the end it shows the story and the result, and has its cursor',
    async (columns, rows) => {
      const { code, output } = onTerminal(errors, { columns, rows });
      expect(code).toBe(0);
      const screen = screenAfter(output, { columns: 1000, rows });
      expect([screen.hasCursor, screen.unknown]).toEqual([true, []]);
      const plain = await sluice(errors);
      const story = plain.stderr.replaceAll(/^2026-01-05T([\d:]+)Z/gm, '$1');
      expect(withoutWallTime(screen.lines.join('\n'))).toBe(
        withoutWallTime(`${story}${plain.stdout}`).replaceAll(/ +$/gm, ''),
      );
    },
  );

  test.each([
    [80, 24],
    [40, 24],
    [80, 5],
  ])('of %d columns and %d rows: no frame is wider or higher than that', (columns, rows) => {
    const { output } = onTerminal([...errors, '--at', '5', '--speed', '300'], { columns, rows });
    // How many there are is the machine's affair: one at least, for the first second is always drawn.
    const frames = framesIn(output);
    expect(frames.length).toBeGreaterThan(0);
    for (const frame of frames) {
      const lines = stripVTControlCharacters(frame).replace(/^\r/, '').split(/\r+\n/);
      expect(lines.length).toBeLessThanOrEqual(rows);
      expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThan(columns);
      expect(lines[0]).toMatch(/^conductores-backend/);
    }
  });

  test('it is drawn at most twenty times a second', () => {
    const startedAt = performance.now();
    const { output } = onTerminal(['rehearse', 'healthy']);
    const seconds = (performance.now() - startedAt) / 1000;
    expect(framesIn(output).length).toBeLessThanOrEqual(20 * seconds + 1);
  });

  test('without colour it is redrawn all the same', () => {
    const { output } = onTerminal(errors, { more: { NO_COLOR: '1' } });
    expect(output).toContain(`${ESCAPE}[?25l`);
    expect(output).not.toMatch(new RegExp(`${ESCAPE}\\[[\\d;]*m`));
    expect(onTerminal(errors).output).toMatch(new RegExp(`${ESCAPE}\\[[\\d;]*m`));
  });

  test.each([
    ['--plain', [...errors, '--plain', '--no-color'], {}],
    ['TERM=dumb', errors, { TERM: 'dumb' }],
    ['CI', [...errors, '--no-color'], { CI: 'true' }],
  ])('%s gives lines, and no code at all', (_, words, more) => {
    const { output } = onTerminal(words, { more });
    expect(output).not.toContain(ESCAPE);
    expect(output).toMatch(/^2026-01-05T14:01:\d\dZ/m);
  });

  test('Ctrl-C says that nothing remains, gives the cursor back and exits with 130', () => {
    const { code, output } = onTerminal([...errors, '--speed', '60'], { interruptAt: 'worse?' });
    const screen = screenAfter(output, { rows: 40, columns: 100 });
    expect(code).toBe(130);
    expect(screen.hasCursor).toBe(true);
    expect(screen.lines.filter(Boolean).at(-1)).toBe('Stopped rehearsing conductores-backend; nothing of it remains');
  });
});

describe('a live rehearsal', () => {
  const processes = (): readonly { readonly pid: number; readonly parent: number }[] =>
    spawnSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' })
      .stdout.trim()
      .split('\n')
      .map((row) => row.trim().split(/\s+/).map(Number))
      .map(([pid = 0, parent = 0]) => ({ pid, parent }));
  const runs = (pid: number): boolean => processes().some((one) => one.pid === pid);

  async function until(what: () => boolean): Promise<void> {
    const deadline = Date.now() + 15_000;
    while (!what()) {
      if (Date.now() > deadline) throw new Error('it did not happen in time');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  test('Ctrl-C ends its processes with it', async () => {
    const child = spawn(process.execPath, [BIN, 'rehearse', 'errors', '--live', '--rps', '1'], {
      env: environment(),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let told = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      told += text;
    });
    const children = () => processes().filter(({ parent }) => parent === child.pid);
    await until(() => children().length >= 4);
    const started = children();
    child.kill('SIGINT');
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(130);
    expect(told).toMatch(/Stopped rehearsing conductores-backend; nothing of it remains\n$/);
    await until(() => started.every(({ pid }) => !runs(pid)));
  });
});

describe('in GitHub Actions', () => {
  const folder = mkdtempSync(join(tmpdir(), 'summary-'));

  test('a bad end is an annotation, and the reason is still the last line', async () => {
    const { code, stdout } = await sluice(['rehearse', 'errors', '--points', '0', '--warm-minutes', '0'], {
      GITHUB_ACTIONS: 'true',
      CI: 'true',
    });
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^::error title=PROMOTED%2C but this scenario expects reverted at 25 %25\.::v1\.5\.0 is live/,
    );
    expect(stdout.trimEnd().split('\n').at(-1)).toContain('Why');
  });

  test('the summary of the job is added to what is there: about forty lines with the reason and the story', async () => {
    const file = join(folder, 'summary.md');
    writeFileSync(file, 'before\n');
    const { stdout } = await sluice(['rehearse', 'leak', '--json'], {
      GITHUB_ACTIONS: 'true',
      GITHUB_STEP_SUMMARY: file,
    });
    const { reason } = JSON.parse(stdout) as { readonly reason: string };
    const text = readFileSync(file, 'utf8');
    expect(text).toMatch(/^before\n### REVERTED at 25 %, as this scenario expects\./);
    expect(text).toContain(reason);
    expect(text).toContain('▼    0 %  revert');
    expect(text.split('\n').length).toBeLessThan(45);
    expect(statSync(file).size).toBeLessThan(60 * 1024);
  });
});
