/** Every command that a page shows can be typed: ours do what the page says, and AWS's have these options. */
import * as cloudformation from '@aws-sdk/client-cloudformation';
import * as dynamodb from '@aws-sdk/client-dynamodb';
import * as ecr from '@aws-sdk/client-ecr';
import * as ecs from '@aws-sdk/client-ecs';
import * as elbv2 from '@aws-sdk/client-elastic-load-balancing-v2';
import * as events from '@aws-sdk/client-eventbridge';
import * as secretsmanager from '@aws-sdk/client-secrets-manager';
import * as stepfunctions from '@aws-sdk/client-sfn';
import { describe, expect, test } from 'vitest';
import { shell, sluice } from './cli/bin.ts';
import { repositoryFiles, textOf } from './repository-files.ts';

/** The plan's own commands are quoted on its page, and the decision that replaces one of them quotes it too. */
const QUOTES = ['docs/seed.md', 'docs/decisions/0017-seed-beyond-the-rulings.md', 'test/golden/seed.md'];
const pages = repositoryFiles().filter((path) => path.endsWith('.md') && !QUOTES.includes(path));
const scripts = repositoryFiles().filter((path) => path.startsWith('scripts/ci/') && path.endsWith('.sh'));

/** Code of a page: fenced lines, continued ones joined, and what stands between backticks. */
const codeOf = (path: string): readonly string[] => {
  const text = textOf(path).replace(/\\\n\s*/g, ' ');
  if (!path.endsWith('.md')) return text.split('\n').filter((line) => !line.startsWith('#'));
  const fenced = [...text.matchAll(/^```\w*\n([\s\S]*?)^```/gm)].flatMap(([, block]) => block!.split('\n'));
  const inline = [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, code]) => code!);
  return [...fenced, ...inline];
};

describe('ours', () => {
  const rehearsals = codeOf('README.md').filter((line) => /^npx sluice (rehearse|replay|plan)\b/.test(line));

  test.each(rehearsals.filter((line) => !/--live|--serve/.test(line)))('%s', (line) => {
    const refused = line.includes('imgae') ? 2 : 0;
    const code = /\(exit (\d)\)/.exec(line)?.[1];
    expect(shell(line.replace(/^npx /, '')).code).toBe(code === undefined ? refused : Number(code));
  });

  const shown = pages
    .flatMap(codeOf)
    .flatMap((line) => [...line.matchAll(/(?:^|\| *|npx )sluice ([a-z]+)([^|#]*)/g)])
    .map(([, verb, rest]) => ({ verb: verb!, options: [...rest!.matchAll(/ --([a-z-]+)/g)].map(([, name]) => name!) }));

  test.each([...new Set(shown.map(({ verb }) => verb))])(
    '%s is a command, with the options that are shown',
    async (verb) => {
      const { code, stdout } = await sluice([verb, '--help']);
      expect(code).toBe(0);
      const options = shown.flatMap((one) => (one.verb === verb ? one.options : []));
      for (const option of options) expect(stdout).toMatch(new RegExp(`--${option}\\b`));
    },
  );
});

describe('AWS’s', () => {
  const CLIENTS: Readonly<Record<string, object>> = {
    cloudformation,
    dynamodb,
    ecr,
    ecs,
    elbv2,
    events,
    secretsmanager,
    stepfunctions,
  };
  /** Of services that we have no client of: read in the reference of the AWS CLI, with their options. */
  const LOOKED_UP: Readonly<Record<string, readonly string[]>> = {
    'cloudfront create-invalidation': ['distribution-id', 'paths'],
    'lambda invoke': ['function-name', 'cli-binary-format', 'payload'],
    'rds delete-db-instance': ['db-instance-identifier', 'skip-final-snapshot'],
    'rds modify-db-instance': ['db-instance-identifier', 'no-deletion-protection', 'apply-immediately'],
    'rds restore-db-instance-to-point-in-time': [],
    's3 cp': ['no-progress', 'cache-control'],
    's3 ls': [],
    's3 sync': ['no-progress', 'cache-control', 'exclude'],
    'service-quotas get-service-quota': ['service-code', 'quota-code'],
    'service-quotas request-service-quota-increase': ['service-code', 'quota-code', 'desired-value'],
  };
  /** Understood by every command, or by every one that pages. */
  const GLOBAL = ['region', 'query', 'output', 'max-items'];

  const commands = [...pages, ...scripts]
    .flatMap((path) => codeOf(path).map((line) => ({ path, line })))
    .flatMap(({ path, line }) =>
      [...line.matchAll(/\baws ([a-z0-9-]+) ([a-z][a-z0-9-]+)((?: [^|;)]*)?)/g)].map(
        ([, service, operation, rest]) => ({
          path,
          service: service!,
          operation: operation!,
          // A value between quotes may look like an option.
          options: [...rest!.replace(/'[^']*'|"[^"]*"/g, '').matchAll(/ --([a-z-]+)/g)].map(([, name]) => name!),
        }),
      ),
    );

  const pascal = (kebab: string) => kebab.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());

  /** What an operation takes, as the SDK's own model has it: `[kind, namespace, name, traits, input, output]`. */
  function membersOf(service: string, operation: string): readonly string[] {
    const client = CLIENTS[service] as Record<string, new (input: object) => { schema: readonly unknown[] }>;
    const Command = client[`${pascal(operation)}Command`];
    if (!Command) throw new Error(`there is no aws ${service} ${operation}`);
    const input = (new Command({}).schema[4] as () => readonly unknown[])();
    return (input[4] as readonly string[]).map((name) => name.toLowerCase());
  }

  test('are shown, and in scripts; one that is not there would be found', () => {
    expect(commands.length).toBeGreaterThan(25);
    expect(() => membersOf('ecs', 'roll-service')).toThrow('there is no aws ecs roll-service');
    expect(membersOf('ecs', 'update-service')).not.toContain('weight');
  });

  test.each(commands)('$service $operation in $path', ({ service, operation, options }) => {
    const known = LOOKED_UP[`${service} ${operation}`];
    const wanted = options.filter((option) => !GLOBAL.includes(option));
    if (known) expect(known).toEqual(expect.arrayContaining(wanted));
    else
      expect(membersOf(service, operation)).toEqual(
        expect.arrayContaining(wanted.map((option) => option.replaceAll('-', ''))),
      );
  });
});
