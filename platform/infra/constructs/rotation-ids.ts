/** Where rotated secrets are valid; platform/rotation/adapters/rotation-addresses.ts reads it. */
export interface RotationIds {
  readonly app: string;
  readonly integrations: string;
  readonly admin: string;
  readonly database: { readonly host: string; readonly port: number; readonly database: string; readonly tls: boolean };
  readonly cache: {
    readonly replicationGroup: string;
    readonly host: string;
    readonly port: number;
    readonly tls: boolean;
  };
}
