/** A load balancer in memory, behind the calls of the ELB client: listeners, rules with any actions, and healthy targets. */
import type { Action, Rule, RuleCondition } from '@aws-sdk/client-elastic-load-balancing-v2';
import { type Answers, refusal } from './answering.ts';

const ELB = 'arn:aws:elasticloadbalancing:us-east-1:111111111111';
export const LOAD_BALANCER = `${ELB}:loadbalancer/app/conductores/50dc`;
export const LISTENER = `${ELB}:listener/app/conductores/50dc/f2f7`;
export const OTHER_LISTENER = `${ELB}:listener/app/conductores/50dc/a1b2`;
export const groupArn = (name: string): string => `${ELB}:targetgroup/${name}/73e2`;
export const GROUPS = { blue: groupArn('blue'), green: groupArn('green') } as const;

interface Changes {
  readonly RuleArn: string;
  readonly Actions?: Action[];
  readonly Conditions?: RuleCondition[];
}

export class Balancer {
  readonly rules = new Map<string, Rule>();
  /** By target group. */
  readonly healthy: Record<string, number> = {};
  readonly listeners = [LISTENER, OTHER_LISTENER];
  #made = 0;

  readonly answers: Answers = {
    DescribeRules: ({
      RuleArns,
      ListenerArn,
      Marker,
    }: {
      RuleArns?: string[];
      ListenerArn?: string;
      Marker?: string;
    }) => {
      if (RuleArns) return { Rules: RuleArns.map((arn) => this.#there(arn)) };
      // One rule a page, so that whoever reads only the first page is found out.
      const all = [...this.rules.values()].filter(({ RuleArn }) => listenerOf(RuleArn!) === ListenerArn);
      const at = Number(Marker ?? 0);
      return { Rules: all.slice(at, at + 1), ...(at + 1 < all.length ? { NextMarker: String(at + 1) } : {}) };
    },
    CreateRule: (asked: { ListenerArn: string; Priority: number } & Omit<Changes, 'RuleArn'>) => {
      this.#refuseTaken(asked.ListenerArn, asked.Priority);
      return { Rules: [this.add(asked.ListenerArn, asked.Priority, asked.Actions!, asked.Conditions!)] };
    },
    ModifyRule: ({ RuleArn, Actions, Conditions }: Changes) => {
      const rule = this.#there(RuleArn);
      const after = { ...rule, ...(Actions ? { Actions } : {}), ...(Conditions ? { Conditions } : {}) };
      this.rules.set(RuleArn, structuredClone(after));
      return { Rules: [after] };
    },
    SetRulePriorities: ({ RulePriorities }: { RulePriorities: { RuleArn: string; Priority: number }[] }) => {
      for (const { RuleArn, Priority } of RulePriorities) {
        this.#refuseTaken(listenerOf(RuleArn), Priority);
        this.rules.set(RuleArn, { ...this.#there(RuleArn), Priority: String(Priority) });
      }
      return {};
    },
    DeleteRule: ({ RuleArn }: { RuleArn: string }) => {
      this.#there(RuleArn);
      this.rules.delete(RuleArn);
      return {};
    },
    DescribeListeners: ({ Marker }: { Marker?: string }) => {
      const at = Number(Marker ?? 0);
      const Listeners = this.listeners.slice(at, at + 1).map((ListenerArn) => ({ ListenerArn }));
      return { Listeners, ...(at + 1 < this.listeners.length ? { NextMarker: String(at + 1) } : {}) };
    },
    DescribeTargetHealth: ({ TargetGroupArn }: { TargetGroupArn: string }) => ({
      TargetHealthDescriptions: [
        ...Array.from({ length: this.healthy[TargetGroupArn] ?? 0 }, () => ({ TargetHealth: { State: 'healthy' } })),
        { TargetHealth: { State: 'draining' } },
        { TargetHealth: { State: 'unhealthy' } },
      ],
    }),
  };

  add(listenerArn: string, priority: number, actions: Action[], conditions: RuleCondition[]): Rule {
    const RuleArn = `${listenerArn.replace(':listener/', ':listener-rule/')}/rule${++this.#made}`;
    const rule = { RuleArn, Priority: String(priority), Actions: actions, Conditions: conditions, IsDefault: false };
    this.rules.set(RuleArn, structuredClone(rule));
    return rule;
  }

  /** Somebody's hand: more groups, with their weights, in the forward of a rule. */
  give(ruleArn: string, weights: Readonly<Record<string, number>>): void {
    const rule = this.#there(ruleArn);
    this.rules.set(ruleArn, { ...rule, Actions: [forwardTo({ ...this.weights(ruleArn), ...weights } as never)] });
  }

  /** Weights as they stand, by target group. */
  weights(ruleArn: string): Readonly<Record<string, number | undefined>> {
    const forward = this.rules.get(ruleArn)?.Actions?.find(({ Type }) => Type === 'forward');
    const groups = forward?.ForwardConfig?.TargetGroups ?? [];
    return Object.fromEntries(groups.map(({ TargetGroupArn, Weight }) => [TargetGroupArn, Weight]));
  }

  #there(arn: string): Rule {
    const rule = this.rules.get(arn);
    if (!rule) throw refusal('RuleNotFoundException', 'One or more rules not found');
    return rule;
  }

  #refuseTaken(listenerArn: string, priority: number): void {
    const taken = [...this.rules.values()].some(
      ({ RuleArn, Priority }) => listenerOf(RuleArn!) === listenerArn && Priority === String(priority),
    );
    if (taken) throw refusal('PriorityInUseException', `Priority ${priority} is currently in use`);
  }
}

const listenerOf = (ruleArn: string): string =>
  ruleArn.replace(':listener-rule/', ':listener/').replace(/\/[^/]+$/, '');

/** As DescribeRules tells a forward. */
export const forwardTo = (weights: Readonly<Record<string, number>>, more: Partial<Action> = {}): Action => ({
  Type: 'forward',
  ForwardConfig: {
    TargetGroups: Object.entries(weights).map(([TargetGroupArn, Weight]) => ({ TargetGroupArn, Weight })),
    TargetGroupStickinessConfig: { Enabled: true, DurationSeconds: 300 },
  },
  ...more,
});

/** An action that signs users in, as a rule may have beside ours. Without its secret, which ELBv2 never gives back. */
export const SIGN_IN = {
  Type: 'authenticate-oidc',
  Order: 1,
  AuthenticateOidcConfig: {
    Issuer: 'https://id.example.com',
    AuthorizationEndpoint: 'https://id.example.com/a',
    TokenEndpoint: 'https://id.example.com/t',
    UserInfoEndpoint: 'https://id.example.com/u',
    ClientId: 'sluice',
  },
} as const satisfies Action;
