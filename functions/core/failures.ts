/**
 * The named failures. A class name is the Error name that the state machine catches; a message is a sentence that a
 * person can act on. Only `Transient` is worth another try.
 */

/** One wrong field of an input: where it is, what is wrong, what to write instead. */
export interface WrongField {
  readonly field: string;
  readonly message: string;
  readonly fix: string;
}

/** The input or the moment is wrong. Nothing was changed. */
export class ReleaseRefused extends Error {
  override readonly name = 'ReleaseRefused';
  readonly fields: readonly WrongField[];
  constructor(message: string, fields: readonly WrongField[] = [], options?: ErrorOptions) {
    super([message, ...fields.map(({ field, message, fix }) => `${field}: ${message}; ${fix}`)].join('\n'), options);
    this.fields = fields;
  }
}

/** This execution no longer owns the service; whatever it was about to do would be somebody else's business. */
export class FencedOut extends Error {
  override readonly name = 'FencedOut';
}

/** The order to go back stands in the ledger; moving forward is over. */
export class Aborted extends Error {
  override readonly name = 'Aborted';
}

/** The candidate did not become healthy (or numerous) enough in time. */
export class NotReady extends Error {
  override readonly name = 'NotReady';
}

/** The migration ended badly or not at all. No traffic was moved. */
export class MigrationFailed extends Error {
  override readonly name = 'MigrationFailed';
}

/** A dependency did not answer, or answered too late: ask again. The call may have had its effect. */
export class Transient extends Error {
  override readonly name = 'Transient';
}

/** Neither forward nor back can be carried out; an operator must decide. */
export class Stuck extends Error {
  override readonly name = 'Stuck';
}
