import { describe, expect, test } from 'vitest';
import { json, numberFrom, oneOf, readArguments } from '../../command-line/arguments.ts';

const table = {
  strategy: { value: 'canary|blue-green', help: '', read: oneOf('canary', 'blue-green') },
  share: { value: 'N', help: '', read: numberFrom(0, 100) },
  input: { value: 'JSON', help: '', read: json },
  live: { help: '' },
} as const;

describe('a command line', () => {
  test('is read by its table; words that belong to no option stay words', () => {
    expect(readArguments(['errors', '--share', '25', '--strategy=canary', '--live'], table)).toEqual({
      values: { share: 25, strategy: 'canary', live: true },
      words: ['errors'],
      wrong: [],
    });
  });

  test('is told everything that is wrong with it at once, each with its cure', () => {
    const { wrong } = readArguments(['--shrae', '5', '--strategy', 'canari', '--share', 'many', '--live=yes'], table);
    expect(wrong).toEqual([
      { field: '--shrae', message: 'is no option', fix: 'did you mean --share?' },
      { field: '--strategy', message: '"canari" is none of canary, blue-green', fix: 'did you mean "canary"?' },
      {
        field: '--share',
        message: '"many" is no whole number from 0 to 100',
        fix: 'write a whole number from 0 to 100',
      },
      { field: '--live', message: 'takes no value', fix: 'write --live alone' },
    ]);
  });

  test('an option without its value does not swallow the next option', () => {
    const { values, wrong } = readArguments(['--share', '--live'], table);
    expect(wrong).toEqual([{ field: '--share', message: 'has no value', fix: 'write --share N' }]);
    expect(values).not.toHaveProperty('share');
  });

  test('null is JSON, and a broken text is not', () => {
    expect(readArguments(['--input', 'null'], table).values.input).toEqual({ value: null });
    expect(readArguments(['--input', '{'], table).wrong[0]?.message).toMatch(/^is no JSON/);
  });

  test('a word of Object.prototype is no option', () => {
    expect(readArguments(['--constructor'], table).wrong).toHaveLength(1);
  });
});
