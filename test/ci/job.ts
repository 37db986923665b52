/** A job's `run` steps on this machine, as GitHub's runner takes them; what it `uses` is left out. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Workflow } from './workflow.ts';

export interface JobRun {
  /** The steps that ended well, in their order. */
  readonly passed: readonly string[];
  /** The step that ended the job; absent when all ended well. */
  readonly failed?: string;
  /** Both streams of all steps. */
  readonly output: string;
}

/** How the runner calls bash. Source: GitHub's workflow syntax, `jobs.<job_id>.steps[*].shell`. */
const SHELLS = { unspecified: ['-e'], bash: ['--noprofile', '--norc', '-eo', 'pipefail'] } as const;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * In `folder`, the checkout. `environment` is the runner's, and what expressions of the workflow's `env` would be.
 * @throws when a variable is an expression that `environment` does not know
 */
export function runJob(of: Workflow, job: string, folder: string, environment: Environment): JobRun {
  const flags = SHELLS[of.defaults?.run.shell === 'bash' ? 'bash' : 'unspecified'];
  const scripts = mkdtempSync(join(tmpdir(), 'steps-'));
  const passed: string[] = [];
  let output = '';
  try {
    for (const step of of.jobs[job]!.steps) {
      if (step.run === undefined) continue;
      const script = join(scripts, 'step.sh');
      writeFileSync(script, step.run);
      const { status, stdout, stderr } = spawnSync('bash', [...flags, script], {
        cwd: join(folder, step['working-directory'] ?? '.'),
        env: { ...environment, ...known({ ...of.env, ...step.env }, environment) },
        encoding: 'utf8',
      });
      output += stdout + stderr;
      if (status !== 0) return { passed, failed: step.run, output };
      passed.push(step.run);
    }
    return { passed, output };
  } finally {
    rmSync(scripts, { recursive: true });
  }
}

function known(variables: Readonly<Record<string, string>>, environment: Environment): Environment {
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => {
      const is = value.includes('${{') ? environment[name] : value;
      if (is === undefined)
        throw new Error(`The environment has no ${name}, which GitHub would work out from ${value}`);
      return [name, is];
    }),
  );
}
