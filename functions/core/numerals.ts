/** Numbers as every sentence of ours writes them. */

/** "1,261" */
export const grouped = (count: number): string => Math.round(count).toLocaleString('en-US');

/** "0.38", "4.1", "560"; of huge and tiny odds only the power of ten matters. */
export function oddsInWords(odds: number): string {
  if (odds >= 1e6 || odds < 0.01) return odds.toExponential(0).replace('+', '');
  return odds >= 10 ? grouped(odds) : odds.toPrecision(2);
}
