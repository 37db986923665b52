import { expect, test } from 'vitest';
import { recordings, replay } from './replay.ts';

test('there are six recorded releases', () => {
  expect(recordings).toHaveLength(6);
});

test.each(recordings)('the recorded release $id ends as expected: $expect', (recording) => {
  const { word, last } = replay(recording);
  expect(word, last.reason).toBe(recording.expect);
});

test('a recording whose candidate answers nothing is never promoted', () => {
  for (const recording of recordings) {
    const minutes = recording.minutes.map((minute) => ({ ...minute, candidate: minute.candidate.map(() => null) }));
    expect(replay({ ...recording, minutes }).word).toBe('hold');
  }
});
