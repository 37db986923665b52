/**
 * A backend to practise on: `/health`, and everything else answers a small JSON after a believable time.
 *
 *   PORT=8001 VERSION=v1 node examples/sample-backend.mjs
 *
 * PORT (required), VERSION (in every answer), BASE_ERROR_RATE (probability of a 500, default 0.001).
 * While it runs, `PUT /__fault` takes JSON: `errorPoints` (percentage points added to the error probability),
 * `latencyFactor` (times the usual latency), `unhealthy` (`/health` answers 503), `crash` (exits with 1 at once).
 * What is not named stays as it is. It listens on the loopback address only.
 */
import { fstatSync } from 'node:fs';
import { createServer } from 'node:http';

const port = Number(process.env.PORT);
const version = process.env.VERSION ?? 'sample';
const baseErrorRate = Number(process.env.BASE_ERROR_RATE ?? 0.001);

if (!Number.isInteger(port) || port < 1) throw new Error('PORT is missing; set it to the port to listen on');
if (!(baseErrorRate >= 0 && baseErrorRate <= 1)) throw new Error('BASE_ERROR_RATE is a probability, 0 to 1');

const MEDIAN_LATENCY_MS = 8;
/** Response times are about log-normal; the 95th percentile lies 1.645 standard deviations up: 8 ms x 2.5 = 20 ms. */
const LATENCY_SPREAD = Math.log(2.5) / 1.645;
const LONGEST_FAULT_BYTES = 1024;

/** What may be switched: how each value must look. */
const FAULTS = {
  errorPoints: (value) => value >= 0 && value <= 100,
  latencyFactor: (value) => value > 0 && value <= 1000,
  unhealthy: (value) => typeof value === 'boolean',
  crash: (value) => value === true,
};

let fault = { errorPoints: 0, latencyFactor: 1, unhealthy: false };
let stopping = false;

const server = createServer((request, response) => {
  if (request.url === '/health') return answer(response, fault.unhealthy ? 503 : 200);
  if (request.url === '/__fault' && request.method === 'PUT') return switchFault(request, response);
  const fails = Math.random() < baseErrorRate + fault.errorPoints / 100;
  setTimeout(() => answer(response, fails ? 500 : 200), latencyMs() * fault.latencyFactor);
});

function answer(response, status, then) {
  // A connection that outlives the server would only be reset later.
  if (stopping) response.setHeader('connection', 'close');
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ version, status }), then);
}

async function switchFault(request, response) {
  const wanted = await faultIn(request);
  if (!wanted) return answer(response, 400);
  const { crash, ...rest } = wanted;
  fault = { ...fault, ...rest };
  answer(response, 200, crash ? () => process.exit(1) : undefined);
}

/** The fault that a request asks for; undefined when it breaks off or asks for anything that cannot be switched. */
async function faultIn(request) {
  try {
    let text = '';
    for await (const chunk of request) {
      text += chunk;
      if (text.length > LONGEST_FAULT_BYTES) return undefined;
    }
    const wanted = Object.entries(JSON.parse(text));
    return wanted.every(([name, value]) => Object.hasOwn(FAULTS, name) && FAULTS[name](value))
      ? Object.fromEntries(wanted)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Milliseconds, log-normal (a Gaussian by Box and Muller). */
function latencyMs() {
  const gaussian = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  return MEDIAN_LATENCY_MS * Math.exp(LATENCY_SPREAD * gaussian);
}

process.once('SIGTERM', () => {
  stopping = true;
  server.close(() => process.exit(0));
});

// Started by another program, stdin is a pipe (Node makes it a socket) that ends when that program does.
const stdin = fstatSync(0);
if (stdin.isFIFO() || stdin.isSocket()) process.stdin.once('close', () => process.exit(0)).resume();

server.listen(port, '127.0.0.1');
