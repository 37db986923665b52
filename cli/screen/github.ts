/** What a rehearsal leaves behind in GitHub Actions: a summary of the job, and an annotation when it ended badly. */
import { duration } from '../../functions/core/numerals.ts';
import type { RehearsalResult } from '../../rehearsal/account.ts';
import { costInWords, formatLine, headline, type Line } from './lines.ts';
import { printable } from './words.ts';

/** GitHub takes up to 1 MiB of a step, and near that drops it without a word; a release needs a fraction. */
const SUMMARY_BYTES = 60 * 1024;
const MOST_LINES = 25;

/** About 40 lines of Markdown. */
export function jobSummary(rehearsal: RehearsalResult, lines: readonly Line[], command: string): string {
  const { violations, release, virtualSeconds, secondsFromVerdictToStable: back } = rehearsal;
  const shown = lines.length > MOST_LINES ? lines.slice(-MOST_LINES) : lines;
  const left = lines.length - shown.length;
  const text = [
    `### ${headline(rehearsal)}`,
    '',
    ...violations.map(({ invariant, detail }) => `- **Broken promise ${invariant}**: ${quoted(detail)}`),
    `- **Why**: ${quoted(rehearsal.reason)}`,
    `- **Cost**: ${costInWords(rehearsal)}`,
    ...(back === undefined ? [] : [`- **Back**: all requests on ${release?.stable} ${back} s after the verdict`]),
    `- **Rehearsal**: ${duration(virtualSeconds)}`,
    '',
    '```text',
    ...(left > 0 ? [`... ${left} lines before these`] : []),
    ...shown.map((line) => formatLine(line, 'clock').replaceAll('`', "'")),
    '```',
    '',
    `Again: \`${printable(command).replaceAll('`', "'")}\``,
    '',
  ].join('\n');
  return cutToBytes(text, SUMMARY_BYTES);
}

/** One line of Markdown that stands for itself. */
const quoted = (text: string): string => printable(text).replaceAll(/[\\`*_{}[\]<>#|]/g, '\\$&');

const ENDING = '\n```\n\n(cut)\n';

function cutToBytes(text: string, most: number): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= most) return text;
  return new TextDecoder().decode(bytes.slice(0, most - ENDING.length)).replace(/\ufffd$/, '') + ENDING;
}

/**
 * Shown beside the job and in the pull request. Escaped as a workflow command must be
 * (https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts).
 */
export function errorAnnotation(title: string, message: string): string {
  return `::error title=${escaped(title).replaceAll(':', '%3A').replaceAll(',', '%2C')}::${escaped(message)}`;
}

const escaped = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
