/** asl-validator ships no types. It writes QueryLanguage into the definition it is given: give it a copy. */
declare module 'asl-validator' {
  function validate(definition: unknown): {
    readonly errors: readonly { readonly 'Error code': string; readonly Message: string }[];
  };
  export = validate;
}
