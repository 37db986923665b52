/** SDK clients whose calls end before the wire: what a test makes of AWS answers instead. */

interface Client {
  readonly middlewareStack: unknown;
}

interface Stack {
  add(
    middleware: (
      next: unknown,
      context: { readonly commandName?: string },
    ) => (call: { input: never }) => Promise<unknown>,
    options: { readonly step: 'initialize'; readonly priority: 'low'; readonly name: string; readonly override: true },
  ): void;
}

/** By the command's name, without "Command". */
export type Answers = Readonly<Record<string, (input: never) => unknown>>;

export interface Call {
  readonly command: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into requests of every shape
  readonly input: any;
}

/** Lets the client ask `answers`; a call that has no answer there is an error. Every call is written down. */
export function answering<Any extends Client>(client: Any, answers: Answers, calls: Call[] = []): Any {
  (client.middlewareStack as Stack).add(
    (_, { commandName = '' }) =>
      async ({ input }) => {
        const command = commandName.replace(/Command$/, '');
        const answer = answers[command];
        if (!answer) throw new Error(`Nobody answers ${command}`);
        calls.push({ command, input: structuredClone(input) });
        return { response: {}, output: { $metadata: {}, ...((await answer(input)) as object) } };
      },
    { step: 'initialize', priority: 'low', name: 'answer', override: true },
  );
  return client;
}

/** As AWS refuses something: an error with that name. */
export const refusal = (name: string, message = 'no', facts: object = {}): Error =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode: 400 }, ...facts });

export const PLACE = { region: 'us-east-1', credentials: { accessKeyId: 'id', secretAccessKey: 'key' } } as const;
