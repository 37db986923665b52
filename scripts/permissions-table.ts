/** docs/permissions.md, made of a template: who may do what, on what, and why. */

export interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface Template {
  readonly Resources: Readonly<
    Record<
      string,
      { readonly Type: string; readonly Properties?: unknown; readonly Metadata?: Readonly<Record<string, unknown>> }
    >
  >;
}

export interface Allowed {
  /** Absent for what did not come through infra/constructs/permission.ts. */
  readonly who?: string;
  readonly statement: Statement;
  readonly why?: string;
}

/** Every statement of every policy of a role in the template. */
export const allowedIn = ({ Resources }: Template): readonly Allowed[] =>
  Object.values(Resources)
    .filter(({ Type }) => Type === 'AWS::IAM::Policy')
    .flatMap(({ Properties, Metadata = {} }) => {
      const { PolicyDocument } = Properties as {
        readonly PolicyDocument: { readonly Statement: readonly Statement[] };
      };
      const reasons = (Metadata['Why'] ?? {}) as Readonly<Record<string, string>>;
      const who = Metadata['Who'] as string | undefined;
      return PolicyDocument.Statement.map((statement) => ({
        ...(who === undefined ? {} : { who }),
        statement,
        ...(reasons[statement.Sid ?? ''] === undefined ? {} : { why: reasons[statement.Sid ?? '']! }),
      }));
    });

export const listOf = <One>(one: One | readonly One[]): readonly One[] =>
  Array.isArray(one) ? (one as readonly One[]) : [one as One];

/** The page. Deterministic: the same templates give the same text. */
export function permissionsPage(templates: readonly Template[]): string {
  const allowed = templates.flatMap(allowedIn);
  const everybody = [...new Set(allowed.map(({ who }) => who ?? 'somebody'))].toSorted();
  const sections = everybody.map((one) => {
    const rows = allowed.filter(({ who = 'somebody' }) => who === one).map(row);
    return `## ${one}\n\n| right | action | resource | why |\n|---|---|---|---|\n${rows.join('\n')}\n`;
  });
  return [...INTRODUCTION, ...sections].join('\n');
}

const INTRODUCTION = [
  '# Permissions',
  '',
  "Who may do what, on what, and why. Made of production's templates by `npm run permissions`; a test holds the two",
  'together. The rows of the Lambdas are in [functions.ts](../infra/constructs/functions.ts), the rights in',
  '[rights.ts](../infra/constructs/rights.ts); where an action is allowed on `*`, the reason is in',
  '[permission.ts](../infra/constructs/permission.ts). The rotation of secrets has its own rows and rights:',
  '[rotation-functions.ts](../platform/infra/constructs/rotation-functions.ts),',
  '[rotation-rights.ts](../platform/infra/constructs/rotation-rights.ts). `<Name>` is a resource of the stack, or of the',
  'one that it stands on.',
  '',
];

const row = ({ statement: { Sid, Action, Resource, Condition }, why = 'nobody said' }: Allowed): string =>
  `| ${Sid ?? 'unnamed'} | ${listOf(Action).map(code).join('<br>')} | ${listOf(Resource)
    .map((one) => code(inWords(one)))
    .join('<br>')}${conditionsIn(Condition)} | ${why} |`;

const conditionsIn = (conditions: Statement['Condition'] = {}): string =>
  Object.values(conditions)
    .flatMap((keys) => Object.entries(keys))
    .map(([key, value]) => `<br>where ${code(key)} is ${code(inWords(value))}`)
    .join('');

const code = (text: string): string => `\`${text}\``;

const inWords = (value: unknown): string =>
  flat(value).replace(/^arn:(?:<AWS::Partition>|aws):([\w-]+):(?:<AWS::Region>|[\w-]*):<AWS::AccountId>:/, '$1 ');

interface Split {
  readonly 'Fn::Split'?: readonly [separator: string, text: unknown];
}

/** A template's expression as text; names without the hash that CDK gives them. */
function flat(value: unknown): string {
  if (typeof value === 'string') return value;
  const { Ref, ...functions } = value as Readonly<Record<string, unknown>>;
  if (typeof Ref === 'string') return `<${plain(Ref)}>`;
  const [name, argument] = Object.entries(functions)[0] ?? [];
  switch (name) {
    case 'Fn::GetAtt':
      return `<${plain((argument as readonly string[])[0]!)}>`;
    case 'Fn::Join':
      return (argument as readonly [string, readonly unknown[]])[1].map(flat).join('');
    case 'Fn::ImportValue':
      return `<${plain(String(argument).replace(/^.*:ExportsOutput(?:Ref|FnGetAtt)(\w+?[0-9A-F]{8}).*$/, '$1'))}>`;
    // The two halves of a listener's ARN, in that of its rules.
    case 'Fn::Select': {
      const [index, { 'Fn::Split': [, text] = ['', ''] }] = argument as readonly [number, Split];
      return index === 0 ? flat(text) : '...';
    }
    default:
      return JSON.stringify(value);
  }
}

const plain = (logicalId: string): string => logicalId.replace(/[0-9A-F]{8}$/, '');
