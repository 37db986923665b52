/** Which ids of promises stand in tests, before anything has run. */
import { idsIn } from '../scripts/proofs.ts';
import { repositoryFiles, textOf } from './repository-files.ts';

/** Examples of titles stand there. */
const ABOUT_IDS = 'test/scripts/proofs.test.ts';

/** By id: the files in which it is written. */
export function writtenIds(): ReadonlyMap<string, readonly string[]> {
  const files = new Map<string, string[]>();
  for (const path of repositoryFiles().filter((one) => one.endsWith('.test.ts') && one !== ABOUT_IDS))
    for (const id of new Set(idsIn(textOf(path)))) files.set(id, [...(files.get(id) ?? []), path]);
  return files;
}
