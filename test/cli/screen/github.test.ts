import { expect, test } from 'vitest';
import { errorAnnotation, jobSummary } from '../../../cli/screen/github.ts';
import { rehearsal } from '../../rehearsal/rehearsals.ts';

test('a summary stays under 60 KiB, whatever it is made of, and no letter is cut in two', async () => {
  const rehearsed = await rehearsal('never-healthy');
  const text = jobSummary({ ...rehearsed, reason: 'ñ'.repeat(100_000) }, [], 'sluice rehearse');
  expect(new TextEncoder().encode(text).length).toBeLessThanOrEqual(60 * 1024);
  expect(text).not.toContain('\ufffd');
  expect(text.endsWith('(cut)\n')).toBe(true);
});

test('text from outside is text: no Markdown, no markup, no code of a terminal', async () => {
  const rehearsed = await rehearsal('never-healthy');
  const text = jobSummary({ ...rehearsed, reason: '<img src=x> [a](b)\n# big `code`' }, [], 'sluice rehearse');
  expect(text).toContain('- **Why**: \\<img src=x\\> \\[a\\](b) \\# big \\`code\\`\n');
});

test('an annotation is one command, however its words are', () => {
  expect(errorAnnotation('REVERTED at 25 %: worse, much', 'first\nsecond ::warning::')).toBe(
    '::error title=REVERTED at 25 %25%3A worse%2C much::first%0Asecond ::warning::',
  );
});
