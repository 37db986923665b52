import { ExecutionFailure, type Json, overTheWire } from './engine-paths.ts';

export type Answer = { readonly result: Json } | { readonly error: string; readonly cause: string };

/** The answer of a Lambda on Node: what it throws becomes its error's name and a cause in JSON. */
export async function answerOf(play: (payload: unknown) => Promise<unknown>, payload: Json): Promise<Answer> {
  try {
    return { result: overTheWire(await play(payload)) };
  } catch (thrown) {
    if (thrown instanceof ExecutionFailure) return { error: thrown.error, cause: thrown.message };
    const [error, errorMessage] =
      thrown instanceof Error ? [thrown.name, thrown.message] : [typeof thrown, String(thrown)];
    return { error, cause: JSON.stringify({ errorType: error, errorMessage, trace: [] }) };
  }
}
