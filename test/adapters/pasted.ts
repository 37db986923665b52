/** A printed command as a shell understands it: pasted into one in which `aws` only says what it was given. */
import { spawnSync } from 'node:child_process';
import type { Action } from '@aws-sdk/client-elastic-load-balancing-v2';

export interface Pasted {
  /** The words of the one `aws` command. */
  readonly words: readonly string[];
  /** What the line said to the person beside that. */
  readonly told: string;
}

export function pasted(line: string): Pasted {
  if (line.includes('\n')) throw new Error('it is not one line');
  const script = `aws() { printf '%s\\0' "$@" >&2; }\n${line}\n`;
  const { status, stdout, stderr } = spawnSync('bash', ['-euc', script], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the shell refuses it: ${stderr}`);
  return { words: stderr.split('\0').slice(0, -1), told: stdout };
}

/** What a pasted `aws elbv2 modify-rule` sends. */
export function modifyRuleOf(line: string): { readonly RuleArn: string; readonly Actions: Action[] } {
  const { words } = pasted(line);
  const after = (flag: string): string => words[words.indexOf(flag) + 1] ?? '';
  if (words.slice(0, 2).join(' ') !== 'elbv2 modify-rule') throw new Error(`it is another command: ${words.join(' ')}`);
  return { RuleArn: after('--rule-arn'), Actions: JSON.parse(after('--actions')) as Action[] };
}
