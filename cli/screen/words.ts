/** Rates, times and foreign text as a terminal shows them. */

/** "2.22 %" of two counts; a dash where there was nothing to divide by. */
export const percentOf = (events: number, requests: number, decimals = 2): string =>
  requests > 0 ? `${((100 * events) / requests).toFixed(decimals)} %` : '-';

/** "11:12", minutes and seconds; an hour is 60:00. */
export const stopwatch = (seconds: number): string =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds) % 60).padStart(2, '0')}`;

/** Text from outside (a log line, a name) on one line, without anything that a terminal would obey. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trimEnd();

/** At most `columns` characters; three dots stand for what was cut. */
export function cut(text: string, columns: number): string {
  const letters = [...text];
  if (letters.length <= columns) return text;
  return columns <= 3
    ? letters.slice(0, Math.max(0, columns)).join('')
    : `${letters.slice(0, columns - 3).join('')}...`;
}

/** A command as a shell takes it back, without the options named in `without` (each takes a value). */
export function commandLine(words: readonly string[], without: readonly string[] = []): string {
  const kept = words.filter(
    (word, index) =>
      !without.some((option) => word === option || words[index - 1] === option || word.startsWith(`${option}=`)),
  );
  return kept.map((word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ');
}
