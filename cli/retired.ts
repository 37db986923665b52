/** Commands that are gone, and what to type instead. */
import { OPERATOR_COMMANDS } from '../functions/core/commands.ts';
import { commandLine } from './screen/words.ts';

const isWord = (text: string): text is keyof typeof OPERATOR_COMMANDS => Object.hasOwn(OPERATOR_COMMANDS, text);

/** Undefined when `command` was never one. */
export function insteadOf(command: string, words: readonly string[]): string | undefined {
  if (command !== 'tell') return undefined;
  const at = words.findIndex(isWord);
  const word = words[at];
  if (word === undefined || !isWord(word))
    return `type sluice ${Object.values(OPERATOR_COMMANDS).slice(0, -1).join(', ')} or ${OPERATOR_COMMANDS.abort}`;
  return `type "${commandLine(['sluice', OPERATOR_COMMANDS[word], ...words.toSpliced(at, 1)])}"`;
}
