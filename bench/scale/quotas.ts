/** What AWS lets one account do in one Region, as token buckets: so many at once, so many a second after that. */

export interface Quota {
  readonly size: number;
  readonly aSecond: number;
  /** Whether AWS' page was read, and where; what could not be read says so. */
  readonly source: string;
  /** What to ask AWS for when it bites. */
  readonly ask: string;
}

const ELB = 'https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html';
const SFN = 'https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html';

export const QUOTAS = {
  'ELBv2 reads': {
    size: 40,
    aSecond: 10,
    source: ELB,
    ask: 'a higher API rate for ELBv2 (Support; not in Service Quotas)',
  },
  'ELBv2 writes': {
    size: 40,
    aSecond: 10,
    source: `${ELB}; the figure for changes could not be read: taken to be as that for reads`,
    ask: 'as for reads',
  },
  DescribeAlarms: {
    size: 9,
    aSecond: 9,
    source: 'CloudWatch service quotas',
    ask: 'CloudWatch: rate of DescribeAlarms',
  },
  GetMetricData: {
    size: 50,
    aSecond: 50,
    source: 'CloudWatch service quotas; 500 in some accounts',
    ask: 'CloudWatch: rate of GetMetricData',
  },
  ListMetrics: { size: 25, aSecond: 25, source: 'CloudWatch service quotas', ask: 'CloudWatch: rate of ListMetrics' },
  'ECS service reads': {
    size: 20,
    aSecond: 20,
    source: 'ECS API throttling, service-read group',
    ask: 'ECS: rate of service reads',
  },
  'ECS task reads': {
    size: 20,
    aSecond: 20,
    source: 'ECS API throttling, cluster-resource-read group',
    ask: 'ECS: rate of task reads',
  },
  'ECS changes': {
    size: 20,
    aSecond: 20,
    source: 'ECS API throttling; not read for every call: taken to be as reads',
    ask: 'ECS: rate of service changes',
  },
  DescribeExecution: { size: 300, aSecond: 15, source: SFN, ask: 'Step Functions: DescribeExecution' },
  StartExecution: { size: 800, aSecond: 150, source: SFN, ask: 'Step Functions: StartExecution' },
  StateTransition: { size: 800, aSecond: 500, source: SFN, ask: 'Step Functions: state transitions' },
  'DynamoDB reads': {
    size: 12_000,
    aSecond: 12_000,
    source: 'a new on-demand table, reads of 4 KB a second',
    ask: 'nothing: the table grows by itself',
  },
  'DynamoDB writes': {
    size: 4000,
    aSecond: 4000,
    source: 'a new on-demand table, writes of 1 KB a second',
    ask: 'nothing: the table grows by itself',
  },
} as const satisfies Readonly<Record<string, Quota>>;

export type QuotaName = keyof typeof QUOTAS;
