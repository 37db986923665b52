import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type LiveTask, startTask } from '../../../rehearsal/live/processes.ts';
import { SAMPLE_BACKEND, sleep, startSample, until } from './sample.ts';

const started: LiveTask[] = [];
const remembered = (task: LiveTask): LiveTask => {
  started.push(task);
  return task;
};
afterEach(() => Promise.all(started.splice(0).map((task) => task.stop())));

const get = (port: number, path = '/') => fetch(`http://127.0.0.1:${port}${path}`);
const isSilent = (port: number) =>
  get(port, '/health').then(
    () => false,
    () => true,
  );
const errorsAmong = async (requests: number, task: LiveTask): Promise<number> => {
  const answers = await Promise.all(Array.from({ length: requests }, () => get(task.port)));
  return answers.filter(({ status }) => status === 500).length;
};

test('two tasks run at once, each on its own port, and answer with their version', async () => {
  const tasks = await Promise.all([startSample({ VERSION: 'v1' }), startSample({ VERSION: 'v2' })]);
  tasks.forEach(remembered);
  const answers = await Promise.all(tasks.map(async ({ port }) => (await get(port)).json()));
  expect(answers).toMatchObject([{ version: 'v1' }, { version: 'v2' }]);
});

test('a fault is switched on and off while the task runs', async () => {
  const task = remembered(await startSample());
  await task.fault({ errorPoints: 100 });
  expect(await errorsAmong(20, task)).toBe(20);
  await task.fault({ errorPoints: 0 });
  expect(await errorsAmong(20, task)).toBe(0);

  await task.fault({ unhealthy: true });
  expect(await task.healthy()).toBe(false);
  await task.fault({ unhealthy: false });
  expect(await task.healthy()).toBe(true);
});

test('an added latency is felt by every request', async () => {
  const task = remembered(await startSample());
  const meanMs = async () => {
    const begun = performance.now();
    for (let request = 0; request < 10; request++) await (await get(task.port)).json();
    return (performance.now() - begun) / 10;
  };
  const usual = await meanMs();
  await task.fault({ latencyFactor: 8 });
  expect(await meanMs()).toBeGreaterThan(usual * 2);
});

test('a sample backend does not end because a request to it broke off', async () => {
  const task = remembered(await startSample());
  const half = connect(task.port, '127.0.0.1');
  half.end('PUT /__fault HTTP/1.1\r\nhost: sample\r\ncontent-length: 20\r\n\r\n{"unhealthy"');
  await once(half.resume(), 'close');
  expect(await task.healthy()).toBe(true);
});

test('a fault that the task does not know is refused, and changes nothing', async () => {
  const task = remembered(await startSample());
  await expect(task.fault({ errorPoints: 101, unhealthy: true })).rejects.toThrow('does not take faults');
  expect(await task.healthy()).toBe(true);
});

test('a crash ends the task with code 1', async () => {
  const task = remembered(await startSample());
  await task.fault({ crash: true });
  expect(await task.exited).toEqual({ code: 1, signal: null });
  expect(await task.healthy()).toBe(false);
});

test('a stopped task finishes what it has, and then is gone', async () => {
  const task = await startSample();
  await task.fault({ latencyFactor: 30 });
  const answer = get(task.port);
  await sleep(30);
  await task.stop();
  expect((await answer).status).toBe(200);
  expect(await task.exited).toEqual({ code: 0, signal: null });
  expect(await isSilent(task.port)).toBe(true);
});

test("a user's own command runs in a shell, and stopping it lets its processes finish what they have", async () => {
  const command = `VERSION=own BASE_ERROR_RATE=0 '${process.execPath}' '${SAMPLE_BACKEND}' </dev/null; true`;
  const task = await startTask({ command, environment: {} });
  await until(() => task.healthy());
  await task.fault({ latencyFactor: 30 });
  const answer = get(task.port);
  await sleep(30);
  await task.stop();
  expect(await (await answer).json()).toMatchObject({ version: 'own' });
  expect(await isSilent(task.port)).toBe(true);
});

test('what a task wrote last to stderr is there to report when it has failed', async () => {
  const task = await startTask({ command: 'echo "no database" >&2; exit 3', environment: {} });
  expect(await task.exited).toEqual({ code: 3, signal: null });
  expect(task.logTail()).toEqual(['no database']);
});

test('a command that cannot be started says so', async () => {
  await expect(startTask({ command: ['no-such-program'], environment: {} })).rejects.toThrow(
    'Cannot start "no-such-program"',
  );
});

test.concurrent('a task that ignores SIGTERM is killed after three seconds', async () => {
  const deaf = "process.on('SIGTERM', () => {}); process.stderr.write('listening\\n'); setInterval(() => {}, 1000)";
  const task = await startTask({ command: [process.execPath, '-e', deaf], environment: {} });
  await until(() => task.logTail().includes('listening'));
  const begun = performance.now();
  await task.stop();
  expect(await task.exited).toEqual({ code: null, signal: 'SIGKILL' });
  expect(performance.now() - begun).toBeGreaterThan(2900);
});

/** A program of its own that starts one task, prints the task's port, and then does `ending`. */
const programThat = (ending: string) =>
  spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      '--input-type=module',
      '--eval',
      `import { startTask } from ${JSON.stringify(new URL('../../../rehearsal/live/processes.ts', import.meta.url))};
       const command = "'${process.execPath}' '${SAMPLE_BACKEND}' </dev/null; true";
       const task = await startTask({ command, environment: {} });
       while (!(await task.healthy()));
       process.stdout.write(String(task.port), () => { ${ending} });`,
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );

test.concurrent.each([
  ['returns an exit code', 'process.exit(0)', undefined],
  ['throws', "throw new Error('a bug')", undefined],
  ['gets a Ctrl-C', '', 'SIGINT'],
  ['is killed', '', 'SIGKILL'],
] as const)('no task survives a program that %s', async (_, ending, signal) => {
  const program = programThat(ending);
  const ended = once(program, 'exit');
  const port = Number(String((await once(program.stdout, 'data'))[0]));
  if (signal) program.kill(signal);
  await ended;
  await until(() => isSilent(port));
});
