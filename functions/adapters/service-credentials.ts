/**
 * The credentials of one service: a session of its role, with no more rights than the verb needs. Kept while a Lambda's
 * environment lives, and asked for anew five minutes before they end, which is what the SDK does with any identity that
 * says when it expires.
 */
import { AssumeRoleCommand, type STSClient } from '@aws-sdk/client-sts';
import { doesIdentityRequireRefresh, isIdentityExpired, memoizeIdentityProvider } from '@smithy/core';
import { Transient } from '../core/failures.ts';
import type { Registration } from '../core/registration.ts';
import { type Actor, sessionName, sessionPolicy } from '../core/service-rights.ts';
import { isCalled } from './failures.ts';

/** As the SDK's clients take it. */
export interface SessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}

export type Session = () => Promise<SessionCredentials>;

/** A role that assumes another one gets an hour at most (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html, role chaining). */
const SESSION_SECONDS = 3600;
/** An environment that has served so many sessions forgets the oldest: a session has about 4 KB, and comes back in one call. */
const MOST_SESSIONS = 100;

export type SessionOf = (
  who: { readonly actor: Actor; readonly release: string | undefined },
  over: Pick<Registration, 'role' | 'ruleArn' | 'probe' | 'service'>,
) => Session;

/** The same session for the same verb, release and rights. Nothing is asked before its first call needs it. */
export function sessionsOf(sts: Pick<STSClient, 'send'>): SessionOf {
  const kept = new Map<string, Session>();
  return ({ actor, release }, { role, service, ...rules }) => {
    const RoleSessionName = sessionName(actor, release);
    const Policy = sessionPolicy(actor, rules);
    const key = [role, RoleSessionName, Policy].join(' ');
    const session =
      kept.get(key) ??
      memoizeIdentityProvider<SessionCredentials>(
        () => assume(sts, service, { RoleArn: role, RoleSessionName, Policy }),
        isIdentityExpired,
        doesIdentityRequireRefresh,
      )!;
    kept.delete(key);
    kept.set(key, session as Session);
    if (kept.size > MOST_SESSIONS) kept.delete(kept.keys().next().value!);
    return session as Session;
  };
}

interface Wanted {
  readonly RoleArn: string;
  readonly RoleSessionName: string;
  readonly Policy: string;
}

async function assume(sts: Pick<STSClient, 'send'>, service: string, wanted: Wanted): Promise<SessionCredentials> {
  const { Credentials } = await sts
    .send(new AssumeRoleCommand({ ...wanted, DurationSeconds: SESSION_SECONDS }))
    .catch((error: unknown) => {
      throw isCalled(error, 'AccessDenied') ? notYetOrNoMore(service, wanted.RoleArn, error) : error;
    });
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = Credentials ?? {};
  if (!AccessKeyId || !SecretAccessKey || !SessionToken || !Expiration)
    throw new Transient(`AssumeRole of ${wanted.RoleArn} answered without credentials`);
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    expiration: Expiration,
  };
}

/** IAM takes seconds until a new role can be assumed, and says the same of one that is gone: so another try is worth it. */
const notYetOrNoMore = (service: string, role: string, cause: unknown): Transient =>
  new Transient(
    `${role}, the role of ${service}, may not be assumed. Within a minute after it was made this passes; later, somebody removed it or changed whom it trusts: deploy the stack of ${service} again.`,
    { cause },
  );
