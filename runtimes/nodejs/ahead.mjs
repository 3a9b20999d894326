/**
 * A process of the pool: started before there is a function, up to here; the rest comes through a pipe: the variables
 * of the process that would have been started, NAME=VALUE each ended by NUL, then the end (nothing else: there will be
 * no function). Afterwards the process is as if started with them: also /proc/self/environ, which is the memory that
 * the kernel laid out at exec, padded so that this fits.
 */
import fs from 'node:fs';

export function waitForFunction() {
  const fd = Number(process.env.TINDERBOX_BIND_FD);
  let block = fs.readFileSync(fd);
  fs.closeSync(fd);
  if (block.length === 0) process.exit(0);
  const telemetry = process.env._LAMBDA_TELEMETRY_LOG_FD;
  for (const name of Object.keys(process.env)) delete process.env[name]; // nothing points into the old block any more
  for (const entry of block.toString().split('\0')) {
    const equals = entry.indexOf('=');
    if (equals > 0) process.env[entry.slice(0, equals)] = entry.slice(equals + 1);
  }
  if (telemetry !== undefined) {
    process.env._LAMBDA_TELEMETRY_LOG_FD = telemetry;
    block = Buffer.concat([block, Buffer.from(`_LAMBDA_TELEMETRY_LOG_FD=${telemetry}\0`)]);
  }
  const stat = fs.readFileSync('/proc/self/stat', 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [start, end] = [Number(fields[47]), Number(fields[48])]; // env_start and env_end, proc(5), from the state
  const shown = Buffer.alloc(end - start);
  block.copy(shown);
  const memory = fs.openSync('/proc/self/mem', 'r+');
  fs.writeSync(memory, shown, 0, shown.length, start);
  fs.closeSync(memory);
  process.chdir(process.env.LAMBDA_TASK_ROOT || '/');
}
