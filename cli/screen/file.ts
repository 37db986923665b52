/** The report as a file. */
import { closeSync, existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Makes the folder and tries the file, before anything is rehearsed; answers with what stands in the way. */
export const whyUnwritable = (path: string): string | undefined =>
  failureOf(() => {
    makeFolder(dirname(path));
    closeSync(openSync(path, 'a'));
  });

/** One folder at a time: Node's own recursive mkdir never returns where nothing can be made, as in /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
}

/** Answers with what went wrong. */
export const save = (path: string, text: string): string | undefined => failureOf(() => writeFileSync(path, text));

function failureOf(attempt: () => void): string | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
