import type { Colour } from './roles.ts';

/** What the command needs to name: the rule and its two target groups. */
export interface TrafficAddresses {
  readonly region: string;
  readonly ruleArn: string;
  readonly targetGroups: Readonly<Record<Colour, string>>;
}

/**
 * The one command that sends all requests to a colour and needs neither the state machine nor a Lambda of ours: for the
 * day on which nothing else works. One line, filled in, to be pasted into a shell with the AWS CLI.
 */
export function forceStable({ region, ruleArn, targetGroups }: TrafficAddresses, to: Colour): string {
  const groups = Object.entries(targetGroups).map(([colour, arn]) => ({
    TargetGroupArn: arn,
    Weight: colour === to ? 100 : 0,
  }));
  const actions = [{ Type: 'forward', ForwardConfig: { TargetGroups: groups } }];
  return `aws elbv2 modify-rule --region ${region} --rule-arn ${ruleArn} --actions '${JSON.stringify(actions)}'`;
}
