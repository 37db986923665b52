import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { WrongField } from '../../functions/core/failures.ts';
import { HISTORY_BUDGET, historyEvents, planRelease } from '../../functions/core/plan.ts';
import { parseReleaseInput, type ReleaseRequest } from '../../functions/core/release.ts';

const registry = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
const settings = { repository: { registry, name: 'conductores-backend' } };
const planSettings = { policy: 'compare', onUnproven: 'ask', warmMinutes: 60, hasMigration: true } as const;
const sha = '4be1d90c0ffee4be1d90c0ffee4be1d90c0ffee0';
const digest = `sha256:${'9f2c4e71'.repeat(8)}`;

function accepted(raw: unknown): ReleaseRequest {
  const parsed = parseReleaseInput(raw, settings);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.fields));
  return parsed.request;
}

function wrongFields(raw: unknown): readonly WrongField[] {
  const parsed = parseReleaseInput(raw, settings);
  return parsed.ok ? [] : parsed.fields;
}

describe('what a person pastes is enough', () => {
  test.each<[unknown, ReleaseRequest]>([
    [{ image: 'v1.2.3' }, { action: 'release', image: 'v1.2.3', strategy: 'canary', source: 'person' }],
    [
      { image: 'v1.2.3', strategy: 'blue-green' },
      { action: 'release', image: 'v1.2.3', strategy: 'blue-green', source: 'person' },
    ],
    [{ action: 'rollback' }, { action: 'rollback' }],
    [
      { action: 'rollback', to: 'v1.2.2' },
      { action: 'rollback', to: 'v1.2.2' },
    ],
  ])('%j', (raw, request) => expect(accepted(raw)).toEqual(request));
});

describe('an image is known by its tag, its sha or its digest, wherever it is written in full', () => {
  test.each([
    [sha, sha],
    [digest, digest],
    ['conductores-backend:v1.2.3', 'v1.2.3'],
    [`conductores-backend@${digest}`, digest],
    [`${registry}/conductores-backend:${sha}`, sha],
    [`${registry}/conductores-backend@${digest}`, digest],
  ])('%s', (image, known) => expect(accepted({ image })).toMatchObject({ image: known }));
});

test('a bake may be said in seconds, minutes or hours, and stages as bare shares', () => {
  const { stages } = accepted({
    image: 'v1',
    stages: [
      5,
      { share: 20, bake: '15m' },
      { share: 40, bake: '900s' },
      { share: 60, bake: '1h', approval: true },
      100,
    ],
  }) as Extract<ReleaseRequest, { action: 'release' }>;
  expect(stages).toEqual([
    { share: 5 },
    { share: 20, bake: 900 },
    { share: 40, bake: 900 },
    { share: 60, bake: 3600, approval: true },
    { share: 100 },
  ]);
});

test('a push says when it was made, in either notation', () => {
  const [inWords, inNumbers] = ['2019-11-16T01:54:34Z', 1573869274].map((pushedAt) =>
    accepted({ image: 'v1', pushedAt, source: 'push' }),
  );
  expect(inWords).toEqual(inNumbers);
  expect(inWords).toMatchObject({ pushedAt: 1573869274, source: 'push' });
});

test('a field that is undefined was not said', () => {
  expect(accepted({ image: 'v1', strategy: undefined, source: undefined })).toEqual(accepted({ image: 'v1' }));
});

test('the newest push waits: the one answer to a busy service may be said, and changes nothing', () => {
  expect(accepted({ image: 'v1', onPending: 'queue-latest' })).toEqual(accepted({ image: 'v1' }));
});

describe('every wrong field is named, with what to write instead', () => {
  const v = { image: 'v1' };
  const rollback = { action: 'rollback' };
  const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
  test.each<[unknown, string, string, string]>([
    [{}, 'image', 'is missing', '{"action":"rollback"}'],
    [null, 'input', 'null is no request', '{"image":"v1.2.3"}'],
    [[], 'input', 'a list is no request', '{"image":"v1.2.3"}'],
    ['v1.2.3', 'input', '"v1.2.3" is no request', '{"image":"v1.2.3"}'],
    [{ ...v, note: 'a'.repeat(33_000) }, 'input', 'bytes', '32768'],
    [{ ...v, stages: nested(8) }, 'input', 'deeper than 8', '{"image":"v1.2.3"}'],
    [{ image: 7 }, 'image', 'is not text', 'release tag'],
    [{ image: null }, 'image', 'is not text', 'release tag'],
    [{ image: '' }, 'image', 'is no release tag', 'release tag'],
    [{ image: 'latest' }, 'image', 'starts nothing', 'release tag'],
    [{ image: 'conductores-backend:latest' }, 'image', 'starts nothing', 'release tag'],
    [{ image: 'conductores-backend' }, 'image', 'no version', 'v1.2.3'],
    [{ image: 'main' }, 'image', 'is no release tag', 'commit sha'],
    [{ image: '4be1d90' }, 'image', 'cut short', 'all 40 hex digits'],
    [{ image: sha.toUpperCase() }, 'image', 'is no release tag', 'lower case'],
    [{ image: 'sha256:9f2c' }, 'image', 'not whole', '64 hex digits'],
    [{ image: digest.toUpperCase() }, 'image', 'not whole', '64 hex digits'],
    [{ image: `conductores-backend:${digest}` }, 'image', 'is not of conductores-backend', 'digest'],
    [{ image: 'conductores-backend@v1.2.3' }, 'image', 'is not of conductores-backend', 'release tag'],
    [{ image: 'conductores-frontend:v1' }, 'image', 'is not of conductores-backend', 'release tag'],
    [{ image: 'conductores-backend-two:v1' }, 'image', 'is not of conductores-backend', 'release tag'],
    [{ image: 'docker.io/library/nginx:v1' }, 'image', 'is not of conductores-backend', 'release tag'],
    [{ image: `999999999999${registry.slice(12)}/conductores-backend:v1` }, 'image', 'is not of', 'release tag'],
    [{ image: `${registry.replace('west', 'east')}/conductores-backend:v1` }, 'image', 'is not of', 'release tag'],
    [{ image: `v${'1'.repeat(128)}` }, 'image', 'is no release tag', 'release tag'],
    [{ ...v, action: 'relase' }, 'action', '"relase" is not known', 'did you mean "release"'],
    [{ action: 'rolback', to: 'v1' }, 'action', '"rolback" is not known', 'did you mean "rollback"'],
    [{ ...v, action: 'deploy' }, 'action', '"deploy" is not known', 'release, rollback'],
    [{ ...v, action: 1 }, 'action', '1 is not known', 'release, rollback'],
    [{ ...v, strategy: 'canari' }, 'strategy', '"canari" is not known', 'did you mean "canary"'],
    [{ ...v, strategy: 'bluegreen' }, 'strategy', 'is not known', 'did you mean "blue-green"'],
    [{ ...v, strategy: 'linear' }, 'strategy', 'is not known', 'canary, blue-green'],
    [{ ...v, strategy: 'canary', stages: [100] }, 'strategy', 'stages are a strategy', 'leave strategy out'],
    [{ ...v, stages: 'canary' }, 'stages', 'is not a list', 'rising shares'],
    [{ ...v, stages: [] }, 'stages', 'does not end with 100', '[10, 50, 100]'],
    [{ ...v, stages: [5, 50] }, 'stages', 'does not end with 100', '[10, 50, 100]'],
    [{ ...v, stages: Array.from({ length: 21 }, (_, i) => 80 + i) }, 'stages', '21 stages', 'at most 20'],
    [{ ...v, stages: [5, 25, 20, 100] }, 'stages[2].share', '20 comes after 25', 'above the one before'],
    [{ ...v, stages: [5, 5, 100] }, 'stages[1].share', '5 comes after 5', 'above the one before'],
    [{ ...v, stages: [100, 100] }, 'stages[1].share', '100 comes after 100', 'above the one before'],
    [{ ...v, stages: [0, 100] }, 'stages[0].share', '0 is below 1', '1 to 100'],
    [{ ...v, stages: [-5, 100] }, 'stages[0].share', '-5 is below 1', '1 to 100'],
    [{ ...v, stages: [50, 101, 100] }, 'stages[1].share', '101 is above 100', '1 to 100'],
    [{ ...v, stages: [12.5, 100] }, 'stages[0].share', '12.5 is not a whole percentage', 'integer'],
    [{ ...v, stages: [Number.NaN, 100] }, 'stages[0].share', 'is not a whole percentage', 'integer'],
    [{ ...v, stages: [Number.POSITIVE_INFINITY, 100] }, 'stages[0].share', 'not a whole percentage', 'integer'],
    [{ ...v, stages: [{ bake: 900 }, 100] }, 'stages[0].share', 'is missing', '1 to 100'],
    [{ ...v, stages: [5, { share: { toString: {} } }, 100] }, 'stages[1].share', 'not a whole percentage', 'integer'],
    [{ ...v, stages: [{ share: { toString: 1 }, bake: 0 }, 100] }, 'stages[0].share', 'not a whole', '1 to 100'],
    [{ ...v, stages: ['5', 100] }, 'stages[0]', 'is no stage', '"share": 10'],
    [{ ...v, stages: [{ share: 5, bakes: 9 }, 100] }, 'stages[0].bakes', 'no field of a stage', 'mean "bake"'],
    [{ ...v, stages: [{ share: 5, bake: '90' }, 100] }, 'stages[0].bake', 'time with a unit', '"15m"'],
    [{ ...v, stages: [{ share: 5, bake: '-5m' }, 100] }, 'stages[0].bake', 'time with a unit', '"15m"'],
    [{ ...v, stages: [{ share: 5, bake: 90.5 }, 100] }, 'stages[0].bake', 'whole seconds', '900'],
    [{ ...v, stages: [{ share: 5, bake: 59 }, 100] }, 'stages[0].bake', 'too short', '60 s'],
    [{ ...v, stages: [{ share: 5, bake: -900 }, 100] }, 'stages[0].bake', 'too short', '60 s'],
    [{ ...v, stages: [{ share: 5, bake: 0 }, 100] }, 'stages[0].bake', 'must be watched', '60 s'],
    [{ ...v, stages: [{ share: 5, bake: '24h' }, 100] }, 'stages[0].bake', 'longer than', '64800 s'],
    [{ ...v, stages: [{ share: 5, bake: 1e15 }, 100] }, 'stages[0].bake', 'longer than', '64800 s'],
    [{ ...v, stages: [{ share: 100, bake: 900 }] }, 'stages[0].bake', '100 % has no bake', 'warmMinutes'],
    [{ ...v, stages: [{ share: 100, approval: true }] }, 'stages[0].approval', 'after 100 %', 'below 100'],
    [{ ...v, stages: [{ share: 5, approval: 1 }, 100] }, 'stages[0].approval', 'true nor false', 'true or false'],
    [{ ...v, policy: 'compar' }, 'policy', '"compar" is not known', 'did you mean "compare"'],
    [{ ...v, onUnproven: 'wait' }, 'onUnproven', '"wait" is not known', 'ask, proceed, abort'],
    [{ ...v, warmMinutes: -1 }, 'warmMinutes', '-1 is below 0', '0 to 720'],
    [{ ...v, warmMinutes: 721 }, 'warmMinutes', '721 is too long', '0 to 720'],
    [{ ...v, warmMinutes: 0.5 }, 'warmMinutes', 'not a whole number', 'integer'],
    [{ ...v, warmMinutes: '60' }, 'warmMinutes', 'not a whole number', 'integer'],
    [{ ...v, schemaCompatible: 'yes' }, 'schemaCompatible', 'true nor false', 'true or false'],
    [{ ...v, downgradeSafe: 1 }, 'downgradeSafe', 'true nor false', 'true or false'],
    [{ ...v, force: 'true' }, 'force', 'true nor false', 'true or false'],
    [{ ...v, hotfix: '' }, 'hotfix', 'says nothing', 'say why'],
    [{ ...v, hotfix: ' . ' }, 'hotfix', 'says nothing', 'say why'],
    [{ ...v, hotfix: true }, 'hotfix', 'is not text', 'say why'],
    [{ ...v, hotfix: 'a'.repeat(201) }, 'hotfix', 'longer than 200', 'say why'],
    [{ ...v, note: 'two\nlines' }, 'note', 'not allowed', 'on one line'],
    [{ ...v, onPending: 'supersede' }, 'onPending', 'is not built yet', 'queue-latest'],
    [{ ...v, onPending: 'reject' }, 'onPending', 'is not built yet', 'queue-latest'],
    [{ ...v, onPending: 'queue' }, 'onPending', 'is not known', 'queue-latest'],
    [{ ...v, pushedAt: '2026-11-24T10:00:00' }, 'pushedAt', 'is no time', 'with its zone'],
    [{ ...v, pushedAt: '2026-13-01T10:00:00Z' }, 'pushedAt', 'is no time', 'with its zone'],
    [{ ...v, pushedAt: 1_573_869_274_000 }, 'pushedAt', 'is no time of ours', 'epoch seconds'],
    [{ ...v, source: 'pusher' }, 'source', 'is not known', 'did you mean "push"'],
    [{ ...v, stratgy: 'canary' }, 'stratgy', 'no field of a request', 'did you mean "strategy"'],
    [{ ...v, weights: { blue: 90, green: 20 } }, 'weights', 'no field of a request', 'the fields are action, image'],
    [{ ...v, to: 'v1' }, 'to', 'belongs to a rollback', '"action": "rollback"'],
    [{ ...v, acceptSchema: true }, 'acceptSchema', 'belongs to a rollback', '"action": "rollback"'],
    [{ ...rollback, image: 'v1' }, 'image', 'belongs to a release', '"to"'],
    [{ ...rollback, strategy: 'canary' }, 'strategy', 'belongs to a release', 'leave it out'],
    [{ ...rollback, hotfix: 'x' }, 'hotfix', 'belongs to a release', '"reason"'],
    [{ ...rollback, to: 'latest' }, 'to', 'names no release tag', 'release id'],
    [{ ...rollback, to: 'r-2026-1' }, 'to', 'names no release tag', 'r-20261124-100000'],
    [{ ...rollback, to: 'other-service:v1' }, 'to', 'names no release tag', 'release id'],
    [{ ...rollback, acceptSchema: 'yes' }, 'acceptSchema', 'true nor false', 'true or false'],
    [{ ...rollback, reason: '' }, 'reason', 'says nothing', 'one line'],
    [{ ...rollback, accept: true }, 'accept', 'no field of a request', 'acceptSchema'],
  ])('%j -> %s [F08] [F09] [F10] [F15] [S159]', (raw, field, message, fix) => {
    const wrong = wrongFields(raw);
    expect(wrong.map((one) => one.field)).toEqual([field]);
    expect(wrong[0]?.message).toContain(message);
    expect(wrong[0]?.fix).toContain(fix);
  });
});

test('all that is wrong is told at once, in one message each', () => {
  const wrong = wrongFields({
    image: 'latest',
    strategy: 'canari',
    stages: [{ share: 50, bake: '90', approval: 'no' }, 20, 'x'],
    warmMinutes: 9999.5,
    hotfix: '',
    imgae: 'v1',
    to: 'v1',
  });
  expect(wrong.map(({ field }) => field).sort()).toEqual(
    [
      'image',
      'imgae',
      'strategy',
      'stages',
      'stages[0].bake',
      'stages[0].approval',
      'stages[1].share',
      'stages[2]',
      'warmMinutes',
      'hotfix',
      'to',
    ].sort(),
  );
});

test('a thousand wrong fields are answered with twenty messages [F15]', () => {
  const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`field${index}`, 1]));
  const wrong = wrongFields({ image: 'v1', ...many });
  expect(wrong).toHaveLength(20);
  expect(wrong.at(-1)?.message).toBe('981 more fields are wrong');
});

describe('strings that would mean something elsewhere are refused, and repeated only as inert text [F14]', () => {
  const injections = [
    'v1\n',
    'v1\u2028',
    'v1\u202e',
    'v1 $(id)',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the very text that must not get through
    '${Open}',
    '{% $states.input %}',
    '<script>alert(1)</script>',
    '<!channel>',
    '`id`',
    '*bold*',
    '[link](https://example.org)',
    'a"b',
    'a\\b',
    '\u0000',
    '@here',
  ];
  const places = [
    (text: string) => ({ image: text }),
    (text: string) => ({ image: `conductores-backend:${text}` }),
    (text: string) => ({ image: 'v1', strategy: text }),
    (text: string) => ({ image: 'v1', hotfix: `because of ${text}` }),
    (text: string) => ({ image: 'v1', note: text }),
    (text: string) => ({ image: 'v1', stages: [{ share: 5, bake: text }, 100] }),
    (text: string) => ({ image: 'v1', pushedAt: text }),
    (text: string) => ({ image: 'v1', [text]: 1 }),
    (text: string) => ({ image: 'v1', stages: [{ share: 5, [text]: 1 }, 100] }),
    (text: string) => ({ action: text }),
    (text: string) => ({ action: 'rollback', to: text }),
    (text: string) => ({ action: 'rollback', reason: text }),
  ];
  test.each(injections)('%j', (text) => {
    for (const place of places) {
      const wrong = wrongFields(place(text));
      expect(wrong.length, JSON.stringify(place(text))).toBeGreaterThan(0);
      const said = wrong.map(({ field, message }) => `${field} ${message}`).join(' ');
      expect(said).not.toMatch(/[<>{}$`*\\@\n\0\u2028\u202e]/);
    }
  });

  test.each(['__proto__', 'constructor', 'prototype', 'toString'])('a key called %s is an unknown field', (key) => {
    const wrong = wrongFields(JSON.parse(`{"image":"v1","${key}":{"image":"v2"}}`));
    expect(wrong.map(({ field }) => field)).toEqual([key]);
    const inStage = wrongFields(JSON.parse(`{"image":"v1","stages":[{"share":5,"${key}":1},100]}`));
    expect(inStage.map(({ field }) => field)).toEqual([`stages[0].${key}`]);
    const inRollback = wrongFields(JSON.parse(`{"action":"rollback","${key}":1}`));
    expect(inRollback.map(({ field }) => field)).toEqual([key]);
  });

  test('a reason in any language passes', () => {
    const hotfix = 'El 5 % de los cobros falla (ver #123): revisión de Ana, línea 3; 100% urgente';
    expect(accepted({ image: 'v1', hotfix })).toMatchObject({ hotfix });
  });
});

describe('laws', () => {
  const bakes = fc.oneof(
    fc.integer({ min: 60, max: 64_800 }),
    fc.integer({ min: 1, max: 1080 }).map((n) => `${n}m`),
  );
  const stages = fc
    .uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 19 })
    .chain((shares) =>
      fc.tuple(
        ...shares
          .sort((one, other) => one - other)
          .map((share) =>
            fc.oneof(fc.constant(share), fc.record({ share: fc.constant(share), bake: bakes, approval: fc.boolean() })),
          ),
      ),
    )
    .map((below) => [...below, 100]);
  const optional = {
    policy: fc.constantFrom('compare', 'literal'),
    onUnproven: fc.constantFrom('ask', 'proceed', 'abort'),
    warmMinutes: fc.oneof(fc.integer({ min: 0, max: 720 }), fc.constant(-0)),
    schemaCompatible: fc.boolean(),
    downgradeSafe: fc.boolean(),
    force: fc.boolean(),
    hotfix: fc.constantFrom('the login is down', 'pagos: error 500 (#12)'),
    pushedAt: fc.oneof(fc.integer({ min: 946_684_800, max: 4_102_444_800 }), fc.constant('2026-11-24T10:00:00.5Z')),
    source: fc.constantFrom('push', 'person'),
    note: fc.constant('a note'),
  };
  const image = fc.constantFrom('v1.2.3', sha, digest, `${registry}/conductores-backend@${digest}`);
  const rightInputs = fc.oneof(
    fc.record({ image, strategy: fc.constantFrom('canary', 'blue-green'), ...optional }, { requiredKeys: ['image'] }),
    fc.record({ image, stages, ...optional }, { requiredKeys: ['image', 'stages'] }),
    fc.record(
      {
        action: fc.constant('rollback'),
        to: fc.constantFrom('v1', sha, digest, 'r-20261124-100000'),
        acceptSchema: fc.boolean(),
        reason: fc.constant('slow'),
      },
      { requiredKeys: ['action'] },
    ),
  );

  const holds = (raw: unknown): void => {
    const parsed = parseReleaseInput(raw, settings);
    if (!parsed.ok) {
      expect(parsed.fields.length).toBeGreaterThan(0);
      for (const { field, message, fix } of parsed.fields)
        expect([field, message, fix].every((words) => words.length > 0)).toBe(true);
      return;
    }
    const { request } = parsed;
    expect(accepted(JSON.parse(JSON.stringify(request)))).toEqual(request);
    const planned = planRelease(request, planSettings);
    if (planned.ok) expect(historyEvents(planned.plan)).toBeLessThan(HISTORY_BUDGET);
    else expect(planned.fields.every(({ message, fix }) => message.length > 0 && fix.length > 0)).toBe(true);
  };

  test('a right input is accepted, and written as JSON it is accepted again and means the same', () => {
    fc.assert(
      fc.property(rightInputs, (raw) => {
        accepted(raw);
        holds(raw);
      }),
      { numRuns: 1000 },
    );
  });

  test('any JSON is accepted or refused with a reason; it never throws', () => {
    fc.assert(fc.property(fc.jsonValue(), holds), { numRuns: 1000 });
  });

  test('a right input with any one field faultOf is accepted or refused with a reason', () => {
    const names = [...Object.keys(optional), 'image', 'action', 'stages', 'strategy', 'to', 'onPending', 'unknown'];
    fc.assert(
      fc.property(rightInputs, fc.constantFrom(...names), fc.jsonValue(), (raw, name, faultOf) =>
        holds({ ...raw, [name]: faultOf }),
      ),
      { numRuns: 1000 },
    );
  });
});
