/** How a person or a push names an image, and what of it may be released. */

/** The service's own ECR repository. It comes from the settings, never from an input. */
export interface Repository {
  /** Host name: account, region and domain, as in `123456789012.dkr.ecr.eu-west-1.amazonaws.com`. */
  readonly registry: string;
  /** As in `conductores-backend`; may hold slashes. */
  readonly name: string;
}

/** Sources: docs/seed.md (tags) and the OCI image specification (digests; a tag has at most 128 characters). */
const TAG = /^(v[\w.-]{1,127}|[0-9a-f]{40})$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const RELEASE_ID = /^r-\d{8}-\d{6}$/;

export const IMAGE_FORMS =
  'a release tag ("v1.2.3"), a commit sha (all 40 hex digits, lower case) or a digest ("sha256:" and 64 hex digits)';

export const isImage = (text: string): boolean => TAG.test(text) || DIGEST.test(text);

/** `r-YYYYMMDD-HHMMSS`. Whether that release exists, and is of this service, only the ledger knows. */
export const isReleaseId = (text: string): boolean => RELEASE_ID.test(text);

/**
 * The tag, sha or digest in `text`, which may stand alone or behind the service's own repository, with or without its
 * registry. Otherwise a sentence about what is wrong.
 */
export function readImage(text: string, own: Repository): { readonly image: string } | { readonly wrong: string } {
  if (isImage(text)) return { image: text };
  const version = withoutRepository(text, own);
  if (version !== undefined && isImage(version)) return { image: version };
  return { wrong: whatIsWrong(text, version, own) };
}

/** What follows the own repository: the tag behind a colon, the digest behind an at sign; undefined if it is not ours. */
function withoutRepository(text: string, { registry, name }: Repository): string | undefined {
  const repository = [`${registry}/${name}`, name].find((prefix) => text.startsWith(prefix));
  if (repository === undefined) return undefined;
  const version = text.slice(repository.length);
  if (version === '') return version;
  if (version.startsWith(':') && !version.startsWith(':sha256:')) return version.slice(1);
  return version.startsWith('@') && !TAG.test(version.slice(1)) ? version.slice(1) : undefined;
}

function whatIsWrong(text: string, version: string | undefined, { name }: Repository): string {
  const named = version ?? text;
  if (/^sha256:?/i.test(named)) return 'is a digest that is not whole';
  if (version === undefined && /[/:@]/.test(text)) return `is not of ${name}, the repository of this service`;
  if (named === 'latest') return 'starts nothing: a tag that moves does not say what runs';
  if (version === '') return 'names the repository, but no version of it';
  if (/^[0-9a-f]{7,39}$/i.test(named)) return 'is a commit sha that is cut short';
  return 'is no release tag, commit sha or digest';
}
