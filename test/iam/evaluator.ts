/**
 * IAM's decision over policies, as its documentation tells it: an explicit deny wins, a session has what both the role and
 * the session's policy allow, and whatever this file does not know is an error and never an allowance. Sources:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html,
 * .../reference_policies_elements_resource.html and .../reference_policies_elements_condition_operators.html
 */

type OneOrMore = string | readonly string[];

export interface Statement {
  readonly Sid?: string | undefined;
  readonly Effect: string;
  readonly Action?: OneOrMore;
  readonly NotAction?: OneOrMore;
  readonly Resource?: OneOrMore;
  readonly NotResource?: OneOrMore;
  readonly Principal?: '*' | Readonly<Record<string, OneOrMore>>;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, OneOrMore | boolean>>>>;
}

export interface Policy {
  readonly Version?: string;
  readonly Statement: readonly Statement[];
}

/** One question to IAM. A call to AWS may be several of them. */
export interface Check {
  readonly action: string;
  /** An ARN, or `*` for an action that knows no resources. */
  readonly resource: string;
  /** What a condition may ask for; a key that is not here is absent. */
  readonly context?: Readonly<Record<string, OneOrMore>>;
  /** Who asks: an ARN of a role or user, for a policy with principals. */
  readonly principal?: string;
}

const listOf = <One>(one: One | readonly One[] | undefined): readonly One[] =>
  one === undefined ? [] : Array.isArray(one) ? (one as readonly One[]) : [one as One];

const escaped = (text: string): string => text.replace(/[.+^${}()|[\]\\]/g, '\\$&');

/** `*` and `?`, anywhere. */
const like = (pattern: string, text: string, flags = ''): boolean =>
  new RegExp(`^${escaped(pattern).replace(/\*/g, '.*').replace(/\?/g, '.')}$`, `s${flags}`).test(text);

/** In an ARN a wildcard stays in its segment, except a `*` at a segment's end. */
function resourceLike(pattern: string, arn: string): boolean {
  if (pattern === '*') return true;
  if (/\$\{/.test(pattern)) throw new Error(`Policy variables are not known here: ${pattern}`);
  const parts = escaped(pattern).replace(/\*(?=:|$)|\*|\?/g, (one, at, all) => {
    if (one === '?') return '[^:]';
    return /^$|^:/.test(all.slice(at + 1)) ? '.*' : '[^:]*';
  });
  return new RegExp(`^${parts}$`, 's').test(arn);
}

/** ARN operators compare segment by segment, the last one with the rest of the text. */
function arnLike(pattern: string, arn: string): boolean {
  const segmentsOf = (text: string) => {
    const parts = text.split(':');
    return [...parts.slice(0, 5), parts.slice(5).join(':')];
  };
  const [wanted, given] = [segmentsOf(pattern), segmentsOf(arn)];
  return given.length >= 6 && wanted.every((segment, index) => like(segment, given[index]!));
}

type Compare = (wanted: string, given: string) => boolean;

const OPERATORS: Readonly<Record<string, Compare>> = {
  StringEquals: (wanted, given) => wanted === given,
  StringEqualsIgnoreCase: (wanted, given) => wanted.toLowerCase() === given.toLowerCase(),
  StringLike: (wanted, given) => like(wanted, given),
  ArnEquals: arnLike,
  ArnLike: arnLike,
  Bool: (wanted, given) => wanted.toLowerCase() === given.toLowerCase(),
};

const NEGATED: Readonly<Record<string, string>> = {
  StringNotEquals: 'StringEquals',
  StringNotEqualsIgnoreCase: 'StringEqualsIgnoreCase',
  StringNotLike: 'StringLike',
  ArnNotEquals: 'ArnEquals',
  ArnNotLike: 'ArnLike',
};

function conditionHolds(written: string, wanted: readonly string[], given: readonly string[] | undefined): boolean {
  const [, quantifier, name = '', ifExists] = /^(?:(ForAnyValue|ForAllValues):)?(\w+?)(IfExists)?$/.exec(written) ?? [];
  if (name === 'Null') return wanted.some((one) => (one === 'true') === (given === undefined));
  if (given === undefined && ifExists) return true;
  const isNegated = name in NEGATED;
  const compare = OPERATORS[NEGATED[name] ?? name];
  if (!compare) throw new Error(`The condition operator ${written} is not known here`);
  if (given === undefined) return quantifier === 'ForAllValues' || isNegated;
  const matches = (value: string) => wanted.some((one) => compare(one, value)) !== isNegated;
  if (quantifier === 'ForAllValues') return given.every(matches);
  if (quantifier === undefined && given.length > 1) throw new Error(`${written} has several values and no quantifier`);
  return given.some(matches);
}

function conditionsHold({ Condition = {} }: Statement, context: Check['context'] = {}): boolean {
  const known = new Map(Object.entries(context).map(([key, value]) => [key.toLowerCase(), listOf(value)]));
  return Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) =>
      conditionHolds(operator, listOf(wanted).map(String), known.get(key.toLowerCase())),
    ),
  );
}

function principalMatches({ Principal }: Statement, principal: string | undefined): boolean {
  if (Principal === undefined) return true;
  if (principal === undefined) return false;
  if (Principal === '*') return true;
  return Object.entries(Principal).some(([kind, names]) =>
    listOf(names).some((name) => {
      if (kind === 'Service' || name === principal || name === '*') return name === principal || name === '*';
      // An account stands for everybody in it whom a policy of their own allows as well.
      const [, account] = /^(?:arn:[\w-]+:iam::)?(\d{12})(?::root)?$/.exec(name) ?? [];
      return account !== undefined && principal.split(':')[4] === account;
    }),
  );
}

function applies(statement: Statement, { action, resource, context, principal }: Check): boolean {
  const { Action, NotAction, Resource, NotResource, Principal } = statement;
  const isActionIn = (list: OneOrMore) => listOf(list).some((pattern) => like(pattern, action, 'i'));
  const isResourceIn = (list: OneOrMore) => listOf(list).some((pattern) => resourceLike(pattern, resource));
  if (Action === undefined && NotAction === undefined) throw new Error('A statement without actions');
  if (Action !== undefined ? !isActionIn(Action) : isActionIn(NotAction!)) return false;
  // A policy that is part of a resource may leave the resource out: it is that one.
  if (Resource === undefined && NotResource === undefined && Principal === undefined)
    throw new Error('A statement without resources');
  if (Resource !== undefined && !isResourceIn(Resource)) return false;
  if (NotResource !== undefined && isResourceIn(NotResource)) return false;
  return principalMatches(statement, principal) && conditionsHold(statement, context);
}

/** Policies of one kind, one beside the other. */
export function decide(policies: readonly Policy[], check: Check): 'allowed' | 'denied' | 'not allowed' {
  const meant = policies.flatMap(({ Statement }) => Statement).filter((statement) => applies(statement, check));
  if (meant.some(({ Effect }) => Effect === 'Deny')) return 'denied';
  return meant.some(({ Effect }) => Effect === 'Allow') ? 'allowed' : 'not allowed';
}

/** A session of a role. `session`: the policy that it was begun with; without one it may what the role may. */
export const sessionMay = (role: readonly Policy[], session: Policy | undefined, check: Check): boolean =>
  [role, ...(session ? [[session]] : [])].every((policies) => decide(policies, check) === 'allowed');

/** In one account: the role must trust them, and what they may themselves must say so, unless the role names them. */
export function mayAssume(
  trust: Policy,
  who: { readonly arn: string; readonly may: readonly Policy[] },
  role: string,
): boolean {
  const check: Check = {
    action: 'sts:AssumeRole',
    resource: role,
    principal: who.arn,
    context: { 'aws:PrincipalArn': who.arn },
  };
  return decide([trust], check) === 'allowed' && decide(who.may, check) === 'allowed';
}
