/** Numbers and times as every sentence of ours writes them. */

/** "1,261" */
export const grouped = (count: number): string => Math.round(count).toLocaleString('en-US');

/** "0.38", "4.1", "560"; of huge and tiny odds only the power of ten matters. */
export function oddsInWords(odds: number): string {
  if (odds >= 1e6 || odds < 0.01) return odds.toExponential(0).replace('+', '');
  return odds >= 10 ? grouped(odds) : odds.toPrecision(2);
}

/** "14:16" of epoch seconds, UTC. */
export const clock = (at: number): string => new Date(at * 1000).toISOString().slice(11, 16);

/** "1 h 49 min 48 s" */
export function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const parts = [
    [Math.floor(minutes / 60), 'h'],
    [minutes % 60, 'min'],
    [Math.round(seconds) % 60, 's'],
  ] as const;
  const said = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}`);
  return said.join(' ') || '0 s';
}
