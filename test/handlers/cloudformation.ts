/** CloudFormation as a custom resource meets it: events of real shape, a URL for the answer, and what follows from it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import { GROUPS, LISTENER } from '../adapters/balancer.ts';

type Handler = (event: CloudFormationCustomResourceEvent, context: never) => Promise<unknown>;
type Properties = Readonly<Record<string, unknown>>;

export interface Answer {
  readonly Status: 'SUCCESS' | 'FAILED';
  readonly Reason?: string;
  readonly PhysicalResourceId: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
}

const STACK = {
  ServiceToken: 'arn:aws:lambda:us-east-1:111111111111:function:handler',
  StackId: 'arn:aws:cloudformation:us-east-1:111111111111:stack/releases/guid',
  LogicalResourceId: 'WeightedRule',
  ResourceType: 'Custom::WeightedRule',
} as const;

/** The weighted rule's properties, as the stack writes them. */
export const RULE = {
  Service: 'conductores-backend',
  Table: 'ledger',
  ListenerArn: LISTENER,
  BlueTargetGroupArn: GROUPS.blue,
  GreenTargetGroupArn: GROUPS.green,
  Priority: 100,
  PathPatterns: ['/*'],
  HostHeaders: [],
  StickinessSeconds: 0,
  RemoveRule: false,
};

/** One custom resource of a stack, whose updates can be rolled back as CloudFormation does it. */
export class StackResource {
  readonly answers: Answer[] = [];
  readonly #handler: Handler;
  #properties: Properties = {};
  #physicalId: string | undefined;

  constructor(handler: Handler) {
    this.#handler = handler;
  }

  get physicalId(): string {
    return this.#physicalId ?? '';
  }

  async create(properties: Properties): Promise<Answer> {
    const answer = await this.#ask('Create', properties);
    this.#physicalId = answer.PhysicalResourceId;
    // After a failed Create CloudFormation asks to delete what it was told the id of.
    if (answer.Status === 'FAILED') await this.#ask('Delete', properties, answer.PhysicalResourceId);
    this.#properties = properties;
    return answer;
  }

  /**
   * An update of the whole stack. `meanwhile`: what happens after this resource was updated. `fails`: another resource
   * fails then, and everything is rolled back.
   */
  async update(
    properties: Properties,
    { fails = false, meanwhile = async () => {} }: { fails?: boolean; meanwhile?: () => Promise<void> } = {},
  ): Promise<readonly Answer[]> {
    const [before, idBefore] = [this.#properties, this.physicalId];
    const forward = await this.#ask('Update', properties, idBefore, before);
    await meanwhile();
    if (forward.Status === 'SUCCESS' && !fails) {
      if (forward.PhysicalResourceId !== idBefore) await this.#ask('Delete', before, idBefore);
      this.#physicalId = forward.PhysicalResourceId;
      this.#properties = properties;
      return [forward];
    }
    const reached = forward.Status === 'SUCCESS' ? forward.PhysicalResourceId : idBefore;
    const back = await this.#ask('Update', before, reached, properties);
    if (back.PhysicalResourceId !== reached) await this.#ask('Delete', properties, reached);
    this.#physicalId = back.PhysicalResourceId;
    return [forward, back];
  }

  delete(): Promise<Answer> {
    return this.#ask('Delete', this.#properties, this.physicalId);
  }

  async #ask(type: 'Create' | 'Update' | 'Delete', properties: Properties, physicalId?: string, before?: Properties) {
    const RequestId = `${type}-${this.answers.length}`;
    const answer = await answerTo((ResponseURL) =>
      this.#handler(
        {
          RequestType: type,
          ResponseURL,
          ...STACK,
          RequestId,
          ...(physicalId === undefined ? {} : { PhysicalResourceId: physicalId }),
          ResourceProperties: { ServiceToken: STACK.ServiceToken, ...asTexts(properties) },
          ...(before ? { OldResourceProperties: asTexts(before) } : {}),
        } as CloudFormationCustomResourceEvent,
        {} as never,
      ),
    );
    if (answer.RequestId !== RequestId || answer.StackId !== STACK.StackId)
      throw new Error('It answers another request');
    this.answers.push(answer);
    return answer;
  }
}

/** CloudFormation hands numbers and booleans over as strings. */
const asTexts = (properties: Properties): Record<string, unknown> =>
  JSON.parse(JSON.stringify(properties), (_, value: unknown) =>
    typeof value === 'number' || typeof value === 'boolean' ? String(value) : value,
  );

async function answerTo(ask: (url: string) => Promise<unknown>): Promise<Answer> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', () => {
      if (request.method === 'PUT') bodies.push(body);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await ask(`http://127.0.0.1:${(server.address() as AddressInfo).port}/answer?signature=x`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
  if (bodies.length !== 1) throw new Error(`${bodies.length} answers`);
  return JSON.parse(bodies[0]!) as Answer;
}
