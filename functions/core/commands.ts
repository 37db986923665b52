/** Commands of ours as people type them. */

/** What is typed for each order that the ledger and scenario files know. */
export const OPERATOR_COMMANDS = { hold: 'hold', resume: 'resume', advance: 'promote', abort: 'abort' } as const;

/** Filled in, so that it can be pasted. */
export const typed = (words: string, service: string): string => `sluice ${words} --service ${service}`;
