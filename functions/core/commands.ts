/** A command of ours as it is shown to be typed: filled in, so that it can be pasted. */
export const typed = (words: string, service: string): string => `sluice ${words} --service ${service}`;
