/** HTML that cannot be broken into: whatever is put into a template is escaped, unless it is markup itself. */

export interface Markup {
  readonly markup: string;
}

type Part = Markup | string | number | undefined | readonly Part[];

/** html`<b>${name}</b>`: strings and numbers are escaped, lists are joined, undefined is nothing. */
export const html = (pieces: TemplateStringsArray, ...parts: readonly Part[]): Markup =>
  trusted(pieces.map((piece, index) => piece + rendered(parts[index])).join(''));

/** For what was made here and is known to be markup, style or script. */
export const trusted = (markup: string): Markup => ({ markup });

function rendered(part: Part): string {
  if (part === undefined) return '';
  if (Array.isArray(part)) return part.map(rendered).join('');
  return typeof part === 'object' ? (part as Markup).markup : escaped(String(part));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => ENTITIES[sign]!);

/** JSON for a script element: no `<` in it can end the element, and the value is the same. */
export const jsonData = (value: unknown): Markup => trusted(JSON.stringify(value).replaceAll('<', '\\u003c'));
