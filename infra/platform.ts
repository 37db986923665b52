/** What services stand on, and how one stack's ids reach another's. */
import { CfnParameter, type Stack, Token } from 'aws-cdk-lib';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import type { Foundation } from './settings.ts';

export interface Platform {
  readonly foundation: Foundation;
  /** What every service is told in its environment, as where the database is. */
  readonly tells: Readonly<Record<string, string>>;
}

export type IdsFor<Ids> = (reader: Stack) => Ids;

/**
 * The ids of `owner`, as plain text in Parameter Store. A reader looks them up when it is deployed, so that the owner may
 * change one at any time: an export of CloudFormation's may not change while anybody imports it. A reader may ask twice.
 */
export function published<Ids>(owner: Stack, ids: Ids): IdsFor<Ids> {
  const parameters = new Construct(owner, 'Ids');
  const nameOf = (path: readonly string[]): string => `/${owner.stackName}/${path.join('/')}`;
  eachToken(ids, (stringValue, path) => {
    new StringParameter(parameters, path.join('-'), { parameterName: nameOf(path), stringValue });
    return stringValue;
  });
  const known = new Map<Stack, Ids>();
  return (reader) => {
    const found = known.get(reader);
    if (found) return found;
    reader.addStackDependency(owner);
    const looked = eachToken(
      ids,
      (_, path) =>
        new CfnParameter(reader, path.map(capitalised).join(''), {
          type: 'AWS::SSM::Parameter::Value<String>',
          default: nameOf(path),
          description: `Written by ${owner.stackName}`,
        }).valueAsString,
    );
    known.set(reader, looked);
    return looked;
  };
}

/** The same value, with what is known only when a stack is deployed replaced; what is known now stays. */
function eachToken<Value>(
  value: Value,
  replaced: (token: string, path: readonly string[]) => string,
  path: readonly string[] = [],
): Value {
  if (typeof value === 'string') return (Token.isUnresolved(value) ? replaced(value, path) : value) as Value;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, one]) => [key, eachToken(one, replaced, [...path, key])] as const);
  return (Array.isArray(value) ? entries.map(([, one]) => one) : Object.fromEntries(entries)) as Value;
}

const capitalised = (word: string): string =>
  word.replace(/[^A-Za-z0-9]/g, '').replace(/^./, (first) => first.toUpperCase());
