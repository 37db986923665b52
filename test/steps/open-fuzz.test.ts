/** Thousands of inputs that nobody should write, through Open, in a world that can tell whether anything changed. */
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { COLOURS } from '../../functions/core/roles.ts';
import { amount } from '../amounts.ts';
import { type Fixture, fixture, IMAGES, lockIn, NOW, SETTINGS, SOMEBODY_ELSE } from './fixture.ts';

const RUNS = amount({ onPush: 2000, inAll: 20_000 });
const LARGEST_MESSAGE = 32_768;

/** What would mean something to a shell, a template, HTML, Slack, a log, SQL, a path or JavaScript itself. */
const INJECTED = [
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'toString',
  '$.release.fence',
  '$$.Execution.Id',
  'States.Format(1)',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as somebody would write it into an input.
  '${jndi:ldap://example.org/a}',
  '{% $states.input %}',
  "v1.2.3'; DROP TABLE releases; --",
  'v1.5.0 && curl example.org',
  'v1.5.0\nFATAL: done',
  'v1.5.0\u0000',
  '<script>alert(1)</script>',
  '<!channel>',
  '../../../etc/passwd',
  '\u202ev0.5.1',
  '\ud800',
  '-1',
  '1e999',
  '',
  ' v1.5.0',
];

const images = fc.constantFrom(...Object.keys(IMAGES), IMAGES['v1.5.0'].digest, 'v9.9.9', 'latest');
const injected = fc.constantFrom(...INJECTED);
const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  injected,
  fc.constantFrom(-1, 0, -0, 1e308, 0.1, Number.MAX_SAFE_INTEGER, null),
);

const right = fc.oneof(
  fc.record(
    {
      image: images,
      strategy: fc.constantFrom('canary', 'blue-green'),
      policy: fc.constantFrom('compare', 'literal'),
      onUnproven: fc.constantFrom('ask', 'proceed', 'abort'),
      warmMinutes: fc.integer({ min: 0, max: 720 }),
      force: fc.boolean(),
      schemaCompatible: fc.boolean(),
      hotfix: fc.constant('the login is down'),
      pushedAt: fc.integer({ min: NOW - 200_000, max: NOW }),
      source: fc.constantFrom('push', 'person'),
      note: fc.constant('a note'),
    },
    { requiredKeys: ['image'] },
  ),
  fc.record({ image: images, stages: fc.constantFrom([100], [10, 100], [{ share: 5, bake: '15m' }, 100]) }),
  fc.record(
    {
      action: fc.constant('rollback'),
      to: fc.oneof(images, fc.constant('r-20260103-090000')),
      reason: fc.constant('slow'),
      acceptSchema: fc.boolean(),
    },
    { requiredKeys: ['action'] },
  ),
);

const FIELDS = [
  'image',
  'action',
  'strategy',
  'stages',
  'to',
  'force',
  'hotfix',
  'pushedAt',
  'source',
  'policy',
  'note',
];
const field = fc.oneof(fc.constantFrom(...FIELDS), injected, fc.string());

/** As it comes out of JSON.parse: a field named `__proto__` is a field like any other. */
const withField = (input: object, name: string, value: unknown): object =>
  Object.defineProperty({ ...input }, name, { value, enumerable: true, writable: true, configurable: true });

const faultOf = fc
  .tuple(right, fc.array(fc.tuple(field, odd), { minLength: 1, maxLength: 3 }))
  .map(([input, changes]) => changes.reduce<object>((it, [name, value]) => withField(it, name, value), input));

const stages = fc
  .array(fc.oneof(fc.integer({ min: -1, max: 101 }), odd, fc.record({ share: odd, bake: odd }, { requiredKeys: [] })), {
    maxLength: 25,
  })
  .map((all) => ({ image: 'v1.5.0', stages: all }));

const deep = fc.tuple(fc.integer({ min: 1, max: 3000 }), fc.constantFrom('list', 'object')).map(([levels, kind]) => {
  let value: unknown = 'v1.5.0';
  for (let level = 0; level < levels; level++) value = kind === 'list' ? [value] : { image: value };
  return { image: 'v1.5.0', note: value };
});

const huge = fc.oneof(
  fc.tuple(injected, fc.integer({ min: 1000, max: 20_000 })).map(([text, times]) => ({ image: text.repeat(times) })),
  fc
    .integer({ min: 100, max: 3000 })
    .map((count) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`f${n}`, n]))),
  fc.integer({ min: 21, max: 5000 }).map((count) => ({ image: 'v1.5.0', stages: new Array(count).fill(1) })),
);

const inputs = fc.oneof(
  { weight: 20, arbitrary: fc.jsonValue() },
  { weight: 10, arbitrary: fc.oneof(injected, fc.string(), fc.integer(), fc.constant(null)) },
  { weight: 20, arbitrary: right },
  { weight: 35, arbitrary: faultOf },
  { weight: 10, arbitrary: stages },
  { weight: 2, arbitrary: deep },
  { weight: 2, arbitrary: huge },
);

/** All that an input could have changed, the calls that only look left out. */
function everything({ world, started }: Fixture) {
  return {
    state: world.ledger.state,
    weights: world.balancer.weights,
    sides: COLOURS.map((colour) => ({ ...world.tasks.side(colour) })),
    writes: world.writes.length,
    notifications: world.notifications.length,
    started: started.length,
  };
}

const MOMENTS = {
  'nothing runs': {},
  'a release runs': { lock: lockIn('baking', 25, { owner: SOMEBODY_ELSE }) },
} as const;

describe.each(Object.entries(MOMENTS))('while %s', (_, moment) => {
  const ends = { accepted: 0, refused: 0 };
  let it: Fixture | undefined;

  test('any input is accepted, or refused with a reason and without a trace; Open never crashes [F14]', {
    timeout: 300_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(inputs, async (input) => {
        it ??= await fixture(moment);
        const before = everything(it);
        const refusal = await it.open(input).then(
          ({ verdict, summary }) => {
            expect(['opened', 'nothing']).toContain(verdict);
            expect(summary).not.toBe('');
            return undefined;
          },
          (error: Error) => error,
        );
        if (!refusal) {
          ends.accepted += 1;
          it = undefined;
          return;
        }
        ends.refused += 1;
        expect(refusal.name, refusal.message).toBe('ReleaseRefused');
        expect(refusal.message).not.toBe('');
        expect(refusal.message.length).toBeLessThan(LARGEST_MESSAGE);
        expect(refusal.message).not.toMatch(/[<>`$\\\p{Cf}\p{Cs}]/u);
        expect(everything(it)).toEqual(before);
      }),
      { numRuns: RUNS / Object.keys(MOMENTS).length, endOnFailure: true },
    );
    // The inputs were neither all right nor all wrong.
    expect(Math.min(ends.accepted, ends.refused)).toBeGreaterThan(RUNS / 50);
  });
});

afterAll(() => {
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as { readonly image?: string }).image).toBeUndefined();
  expect(SETTINGS.repository.name).toBe('conductores-backend');
});
