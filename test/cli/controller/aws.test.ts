/** The built command where AWS is not: a clear sentence and the right exit code, and no SDK read before it is needed. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BIN, sluice } from '../bin.ts';

const NOBODY = {
  AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
  AWS_ACCESS_KEY_ID: 'id',
  AWS_SECRET_ACCESS_KEY: 'key',
  AWS_EC2_METADATA_DISABLED: 'true',
};
const VERBS = ['status', 'doctor', 'why', 'rollback', 'start v1.5.0', 'hold', 'resume', 'promote', 'abort'];

describe.each(VERBS)('sluice %s', (verb) => {
  test('without an answer from AWS exits 4 with a sentence, and says that nothing of it is lost', async () => {
    const words = [...verb.split(' '), '--service', 'shop', '--region', 'eu-west-1'];
    const { code, stdout, stderr } = await sluice(words, NOBODY);
    expect([code, stdout]).toEqual([4, '']);
    expect(stderr).toMatch(/^Unknown: DescribeStacks: .*ECONNREFUSED.*\.\n$/);
  });
});

describe('what must be known first', () => {
  const told = async (words: readonly string[], environment: Readonly<Record<string, string>>) => {
    const { code, stdout, stderr } = await sluice([...words, '--json'], environment);
    expect(stderr).toBe('');
    return { code, error: JSON.parse(stdout).error };
  };

  test('which service, and where: from flags or the environment, with what to write', async () => {
    const nothing = await told(['status'], NOBODY);
    expect(nothing).toMatchObject({ code: 2, error: { fields: [{ field: '--service', message: 'is missing' }] } });
    const nowhere = await told(['status', '--service', 'shop'], { ...NOBODY, HOME: '/nowhere' });
    expect(nowhere).toMatchObject({
      code: 2,
      error: { fields: [{ field: '--region', message: 'is missing', fix: 'name it, or set AWS_REGION' }] },
    });
    const both = await told(['status'], { ...NOBODY, SLUICE_SERVICE: 'shop', AWS_REGION: 'eu-west-1' });
    expect(both).toMatchObject({ code: 4, error: { code: 'cannot-tell' } });
  });

  test('credentials that are not there are told as what they are', async () => {
    const { code, error } = await told(['status', '--service', 'shop', '--region', 'eu-west-1'], {
      AWS_EC2_METADATA_DISABLED: 'true',
      HOME: '/nowhere',
    });
    expect(code).toBe(4);
    expect(error.message).toMatch(/credentials/i);
  });
});

test('the command itself holds no SDK: what needs AWS reads it when it needs it', () => {
  expect(readFileSync(BIN, 'utf8')).not.toMatch(/DescribeStacksCommand|DynamoDBClient/);
});
