import { Duration } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Color,
  Dashboard,
  GraphWidget,
  type IAlarm,
  type MathExpression,
  type Metric,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { COLOURS, type Colour } from '../../functions/core/roles.ts';
import type { AlarmMetric } from '../../functions/core/thresholds.ts';
import type { ControllerAlarms } from './controller-alarms.ts';
import type { ReleaseMachine } from './release-machine.ts';
import { groupMetrics, type ReleaseSignals } from './release-signals.ts';
import { perColour, type TwoColourService } from './two-colour-service.ts';

export interface ReleaseDashboardProps {
  readonly service: TwoColourService;
  readonly signals: ReleaseSignals;
  readonly stateMachine: ReleaseMachine;
  readonly alarms: ControllerAlarms;
}

const LINE: Readonly<Record<Colour, string>> = { blue: Color.BLUE, green: Color.GREEN };

/** One page a service: blue beside green, as the judge sees them, and what rings. */
export class ReleaseDashboard extends Construct {
  constructor(scope: Construct, id: string, { service, signals, stateMachine, alarms }: ReleaseDashboardProps) {
    super(scope, id);
    const metrics = perColour((colour) => groupMetrics(service, colour));
    const graph = (title: string, of: AlarmMetric | 'requests'): GraphWidget =>
      twoLines(title, (colour) => metrics[colour][of]);
    const backstops: readonly IAlarm[] = COLOURS.map((colour) => signals.backstops[colour]);
    new Dashboard(this, 'Dashboard', {
      dashboardName: `sluice-${service.settings.name}`,
      defaultInterval: Duration.hours(3),
      widgets: [
        [
          graph('Requests a minute', 'requests'),
          graph('Errors, % of requests', 'error-percent'),
          graph('p95, ms', 'p95-ms'),
        ],
        [
          graph('Healthy targets', 'healthy-targets'),
          twoLines('CPU, %', (colour) => service.services[colour].metricCpuUtilization()),
          new GraphWidget({
            title: 'Releases',
            left: [
              stateMachine.machine.metricStarted(),
              stateMachine.machine.metricSucceeded(),
              stateMachine.machine.metricFailed(),
            ],
          }),
        ],
        [new AlarmStatusWidget({ title: 'Rings', alarms: [...backstops, ...alarms.alarms], width: 18 })],
      ],
    });
  }
}

const twoLines = (title: string, of: (colour: Colour) => Metric | MathExpression): GraphWidget =>
  new GraphWidget({ title, left: COLOURS.map((colour) => of(colour).with({ label: colour, color: LINE[colour] })) });
