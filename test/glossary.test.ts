/** The words of the glossary are the words of the documents: each one is used, and a retired one does not come back. */
import { describe, expect, test } from 'vitest';
import { isSource, repositoryFiles, textOf } from './repository-files.ts';

const files = repositoryFiles();
/** Records with a date, and the copy of the requirements, keep the words of their day. */
const RECORDS = /^(?:CHANGELOG\.md|docs\/decisions\/|test\/golden\/)/;
const documents = files.filter((path) => path.endsWith('.md') && !RECORDS.test(path));

const WIDEST = 120;

const [, ours = '', retiredTable = ''] = textOf('docs/glossary.md').split(/^\| (?:word|retired) \|.*\n\|---.*\n/m);
const wordsIn = (table: string): readonly string[] =>
  [...table.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, words]) => words!.split(', '));

const anyOf = (words: readonly string[]): RegExp => new RegExp(`(?<![\\w-])(?:${words.join('|')})(?![\\w-])`, 'gi');

/** Lines of prose: no fenced code, no command alone on its line; a table's rows only when asked for. */
function* linesOf(path: string, withTables: boolean): Generator<readonly [place: string, line: string]> {
  let isCode = false;
  for (const [index, line] of textOf(path).split('\n').entries()) {
    if (/^\s*```/.test(line)) isCode = !isCode;
    else if (!isCode && !/^\s*`[^`]+`\W?$/.test(line) && (withTables || !/^\s*\|/.test(line)))
      yield [`${path}:${index + 1}`, line];
  }
}

/** An address cannot be broken. */
const withoutAddresses = (line: string): string => line.replace(/\]\(https?:[^)]*\)/g, ']()');

/** What people read: without inline code and without where a link leads. */
const prose = (line: string): string => line.replace(/`[^`]*`/g, '').replace(/\]\([^)]*\)/g, ']');

describe('docs/glossary.md', () => {
  test('every word is used in code or in a document', () => {
    const texts = files.filter((path) => isSource(path) || path.endsWith('.md')).map(textOf);
    const rest = texts.filter((text) => !text.startsWith('# Glossary')).join('\n');
    expect(wordsIn(ours).length).toBeGreaterThan(20);
    expect(wordsIn(ours).filter((word) => !anyOf([word]).test(rest))).toEqual([]);
  });

  test('no document has a retired word', () => {
    expect(wordsIn(retiredTable).length).toBeGreaterThan(20);
    const retired = anyOf(wordsIn(retiredTable));
    const found = documents
      .filter((path) => path !== 'docs/glossary.md')
      .flatMap((path) => [...linesOf(path, true)])
      .flatMap(([place, line]) => [...prose(line).matchAll(retired)].map(([word]) => `${place}: ${word}`));
    expect(found).toEqual([]);
  });
});

/** Sentences in the controller and the command: what notifications, messages and help are made of. */
const sentencesIn = (text: string): readonly string[] =>
  [...text.replace(/^\s*(?:\/\/|\/?\*).*$/gm, '').matchAll(/'([^'\n]*)'|`([^`]*)`/g)]
    .map(([, quoted, template]) => (quoted ?? template)!.replace(/\$\{[^}]*\}/g, '…'))
    .filter((sentence) => sentence.includes(' '));

test('no message, help text or notification has a retired word', () => {
  const retired = anyOf(wordsIn(retiredTable));
  const sources = files.filter((path) => /^(?:functions|cli|infra|platform)\/.+\.ts$/.test(path));
  const found = sources.flatMap((path) =>
    sentencesIn(textOf(path)).flatMap((sentence) => (sentence.search(retired) < 0 ? [] : [`${path}: ${sentence}`])),
  );
  expect(found).toEqual([]);
});

test(`no line of a document is wider than ${WIDEST} columns, but in tables and code blocks`, () => {
  const wide = files
    .filter((path) => path.endsWith('.md') && !/^(?:test\/golden\/|CHANGELOG)/.test(path))
    .flatMap((path) => [...linesOf(path, false)])
    .flatMap(([place, line]) => (withoutAddresses(line).length > WIDEST ? [place] : []));
  expect(wide).toEqual([]);
});
