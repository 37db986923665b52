/** The two things every refusal needs: the word that was probably meant, and a safe way to repeat what was written. */

const FARTHEST = 2;
const LONGEST_ECHO = 60;

/**
 * The nearest of `words` to `word` by edit distance (Levenshtein: inserted, dropped or changed letters), the first of
 * equals; undefined when all are more than two letters away, or so far that every letter differs.
 */
export function closest<Word extends string>(word: string, words: readonly Word[]): Word | undefined {
  const limit = Math.min(FARTHEST, word.length - 1);
  const [best] = words
    // A longer word cannot be near, and must not cost time.
    .filter((candidate) => Math.abs(candidate.length - word.length) <= limit)
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= limit)
    .sort((one, other) => one.distance - other.distance);
  return best?.candidate;
}

/** One row of the Wagner-Fischer table at a time. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (let column = 1; column <= to.length; column++) {
      const changed = row[column - 1]! + (letter === to[column - 1] ? 0 : 1);
      next.push(Math.min(changed, row[column]! + 1, next[column - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}

/**
 * Part of an input, repeated in a message: short, on one line, and without a character that means something to Slack,
 * HTML, a shell or the state machine. Never empty.
 */
export function plain(text: string): string {
  if (text === '') return '(empty)';
  const inert = text.slice(0, LONGEST_ECHO).replace(/[^\w .:/+-]/g, '?');
  return text.length > LONGEST_ECHO ? `${inert}...` : inert;
}

/** Any value of an input, named in a message. */
export function quoted(value: unknown): string {
  if (typeof value === 'string') return value === '' ? '""' : `"${plain(value)}"`;
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
