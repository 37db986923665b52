import { describe, expect, test } from 'vitest';
import { ASCII, glyphsFor, paint, UNICODE } from '../../../cli/screen/paint.ts';

const terminal = { isTTY: true };
const painted = (...given: Parameters<typeof paint>): boolean => paint(...given)('red', 'x') !== 'x';

describe('colour', () => {
  test('is for terminals', () => {
    expect(painted(terminal, { TERM: 'xterm' }, false)).toBe(true);
    expect(painted({}, { TERM: 'xterm' }, false)).toBe(false);
  });

  test.each([
    ['NO_COLOR', { NO_COLOR: '1' }, false],
    ['TERM=dumb', { TERM: 'dumb' }, false],
    ['--no-color', {}, true],
    ['NO_COLOR against FORCE_COLOR', { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
  ])('%s turns it off', (_, environment, noColour) => {
    expect(painted(terminal, environment, noColour)).toBe(false);
  });

  test('an empty NO_COLOR says nothing, and FORCE_COLOR makes no terminal', () => {
    expect(painted(terminal, { NO_COLOR: '' }, false)).toBe(true);
    expect(painted({}, { FORCE_COLOR: '1' }, false)).toBe(false);
  });
});

describe('signs', () => {
  test('are ASCII unless the locale says UTF-8, and the first that is set decides', () => {
    expect(glyphsFor({ LANG: 'es_PE.UTF-8' })).toBe(UNICODE);
    expect(glyphsFor({ LANG: 'C.utf8' })).toBe(UNICODE);
    expect(glyphsFor({ LC_ALL: 'C', LANG: 'es_PE.UTF-8' })).toBe(ASCII);
    expect(glyphsFor({})).toBe(ASCII);
  });
});
