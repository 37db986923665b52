/** What must be true at every moment of a release, by its number (docs/architecture.md). A rehearsal is audited for all of it. */
export const PROMISES: Readonly<Record<number, string>> = {
  1: 'Weights first: the first write of a revert is the rule, read back before anything else',
  2: 'No colour with users was without a healthy target, and none was scaled down before its share had settled at 0',
  3: 'One owner: only the execution that held the lock moved the service',
  4: 'A stopped controller leaves nobody split: users are safe within two minutes, the lock is free within five',
  5: 'Silence never advanced by itself',
  6: 'A deploy of the stacks moves no traffic',
  7: 'Every wait listened: an order acted within a tick',
  8: 'Input is refused before anything changes',
  9: 'Shares always summed to 100',
  10: 'Whoever was above 0 % was being judged',
  11: 'Every wait was bounded',
  12: 'A healthy version was not rolled back for nothing',
  13: 'Nobody ended on an older version than anybody asked for',
  14: 'A push that waited was not lost',
};

export const PROMISE_IDS: readonly number[] = Object.keys(PROMISES).map(Number);
