/** A terminal as far as our codes go: what stands on it, scrolled away or not, after everything was written. */

const ESCAPE = String.fromCharCode(27);
const PIECES = new RegExp(`${ESCAPE}\\[([?\\d;]*)([A-Za-z])|[^]`, 'gu');

export interface Screen {
  /** Every line, the scrolled ones first; trailing space left out. */
  readonly lines: readonly string[];
  readonly hasCursor: boolean;
  /** Codes that this terminal does not know. */
  readonly unknown: readonly string[];
}

export function screenAfter(
  output: string,
  { rows, columns }: { readonly rows: number; readonly columns: number },
): Screen {
  const lines: string[][] = [[]];
  const unknown: string[] = [];
  let [row, column, hasCursor] = [0, 0, true];
  const top = () => Math.max(0, lines.length - rows);
  const down = () => {
    row++;
    while (lines.length <= row) lines.push([]);
  };
  for (const [piece, numbers = '', letter] of output.matchAll(PIECES)) {
    if (letter === 'A') row = Math.max(top(), row - Number(numbers || 1));
    else if (letter === 'K') lines[row]!.length = Math.min(lines[row]!.length, column);
    else if (letter === 'J') {
      lines[row]!.length = Math.min(lines[row]!.length, column);
      lines.length = row + 1;
    } else if (letter === 'h' || letter === 'l') {
      if (numbers === '?25') hasCursor = letter === 'h';
      else unknown.push(piece);
    } else if (letter === 'm') continue;
    else if (letter !== undefined) unknown.push(piece);
    else if (piece === '\r') column = 0;
    else if (piece === '\n') down();
    else {
      if (column === columns) {
        down();
        column = 0;
      }
      const line = lines[row]!;
      while (line.length < column) line.push(' ');
      line[column++] = piece;
    }
  }
  return { lines: lines.map((line) => line.join('').trimEnd()), hasCursor, unknown };
}
