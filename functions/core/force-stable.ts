import type { Colour } from './roles.ts';

/** What the command needs to name: the rule and its two target groups. */
export interface TrafficAddresses {
  readonly region: string;
  readonly ruleArn: string;
  readonly targetGroups: Readonly<Record<Colour, string>>;
}

/** An action of the rule as a change of it takes it: `Type`, and the rest as the load balancer says it. */
export interface RuleAction {
  readonly Type?: string | undefined;
  /** Present where there are several actions. */
  readonly Order?: number | undefined;
}

/** One of these is the last action of every rule; whatever stands there gives way to the forward. */
const ENDINGS: readonly (string | undefined)[] = ['forward', 'redirect', 'fixed-response'];

const NO_OTHERS: readonly RuleAction[] = [{ Type: 'forward' }];

/**
 * The one command that sends all requests to a colour and needs neither the state machine nor a Lambda of ours: for the
 * day on which nothing else works. One line, filled in, to be pasted into a shell with the AWS CLI. A change of a rule
 * replaces all of its actions, so those beside the forward (a sign-in) are written out again, as they were last read.
 * Where the rule could not be read, the line says what it cannot keep.
 *
 * @param actions the rule's, `unread` when they are not known. @default - a forward alone
 */
export function forceStable(
  { region, ruleArn, targetGroups }: TrafficAddresses,
  to: Colour,
  actions: readonly RuleAction[] | 'unread' = NO_OTHERS,
): string {
  const known = actions === 'unread' ? NO_OTHERS : actions;
  const groups = Object.entries(targetGroups).map(([colour, arn]) => ({
    TargetGroupArn: arn,
    Weight: colour === to ? 100 : 0,
  }));
  const others = known.filter(({ Type }) => !ENDINGS.includes(Type));
  const order = known.find(({ Type }) => ENDINGS.includes(Type))?.Order;
  const forward = {
    Type: 'forward',
    ...(order === undefined ? {} : { Order: order }),
    ForwardConfig: { TargetGroups: groups },
  };
  const warning = actions === 'unread' ? `${CANNOT_KEEP}; ` : '';
  return `${warning}aws elbv2 modify-rule --region ${region} --rule-arn ${ruleArn} --actions ${quoted([...others, forward])}`;
}

/** Text for a shell that also runs: a comment would end the line in some shells, and be arguments in others. */
const CANNOT_KEEP = "echo 'The rule could not be read: a sign-in on it (OIDC, Cognito) is removed by this.'";

/** In JSON an apostrophe has a second spelling, which no shell takes for the end of the text. */
const quoted = (actions: readonly RuleAction[]): string => `'${JSON.stringify(actions).replaceAll("'", '\\u0027')}'`;
