/** For bundles, as a plugin of esbuild: the policy is read when the bundle is made, and needs no file or YAML reader then. */
import { policy } from './policy.ts';

interface Loading {
  onLoad(options: { readonly filter: RegExp }, load: () => { readonly contents: string; readonly loader: 'js' }): void;
}

export const policyAsJson = {
  name: 'policy as JSON',
  setup({ onLoad }: Loading): void {
    onLoad({ filter: /state-machines[/\\]policy\.ts$/ }, () => ({
      contents: `export const policy = ${JSON.stringify(policy)};`,
      loader: 'js',
    }));
  },
};
