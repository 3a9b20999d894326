// Tinderbox's runtime client for Node.js: the loop between the Runtime API and a function's handler.
//
// Node.js 18 or newer, no dependency. What a function can observe (context, console lines, error objects, exit
// codes, streaming) follows AWS's published client; `runtimes/tests` runs both and compares.
//
//   start -> load handler --throws--> POST init/error -> exit 129                                       (final)
//                |
//                v
//       GET invocation/next -> call handler -> POST response | POST error -> GET invocation/next ...
//                                   |
//                                   +-- uncaught exception (129), unhandled rejection (128): POST error, exit (final)
//
// A plain handler's answer by callback waits until the event loop is empty (Node's `beforeExit`), so a connection
// of ours may hold the loop open only while it waits for an answer.
//
// Differences by intent: a stream that breaks off reports its error in the trailers also when the function
// destroyed the stream, and the prelude of an HTTP response is sent even if no byte of body follows.

import fs from 'node:fs';
import module, { createRequire } from 'node:module';
import net from 'node:net';
import path from 'node:path';
import { Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import util from 'node:util';

const require = createRequire(import.meta.url);
const API = '/2018-06-01/runtime/';
const HEAD_BYTES_MAX = 2 * 1024 * 1024; // a response head longer than this is not the Runtime API's
const CAUSE_BYTES_MAX = 1024 * 1024; // what fits into the X-Ray cause header; a longer one is left out
const EXIT_UNHANDLED_REJECTION = 128;
const EXIT_UNCAUGHT_EXCEPTION = 129;
const ERROR_TYPE = 'Lambda-Runtime-Function-Error-Type';
const ERROR_BODY = 'Lambda-Runtime-Function-Error-Body';
const PRELUDE_TYPE = 'application/vnd.awslambda.http-integration-response';
const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const HIGH_WATER_MARK = Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark');
const REQUEST_ID = Symbol.for('aws.lambda.runtime.requestId'); // other libraries read this one too
const TENANT_ID = Symbol.for('aws.lambda.runtime.tenantId');

// ---- Errors -----------------------------------------------------------------------------------------------

function fault(name) {
  const type = { [name]: class extends Error {} }[name];
  type.prototype.name = `Runtime.${name}`;
  return type;
}
const ImportModuleError = fault('ImportModuleError');
const HandlerNotFound = fault('HandlerNotFound');
const MalformedHandlerName = fault('MalformedHandlerName');
const UserCodeSyntaxError = fault('UserCodeSyntaxError');
const MalformedStreamingHandler = fault('MalformedStreamingHandler');
const InvalidStreamingOperation = fault('InvalidStreamingOperation');
class UnhandledPromiseRejection extends Error {
  constructor(reason, promise) {
    super(reason);
    this.reason = reason;
    this.promise = promise;
  }
}
UnhandledPromiseRejection.prototype.name = 'Runtime.UnhandledPromiseRejection';

const escapeDelete = (text) => text?.replace(/\x7F/g, '%7F'); // DEL is not allowed in a header

function looksLikeError(value) {
  const told = (member) => typeof value?.[member] === 'string' && value[member] !== '';
  return util.types.isNativeError(value) || (told('name') && told('message') && told('stack'));
}

/** The error object that callers see. Anything can be thrown, also things that throw when looked at. */
function describe(error) {
  try {
    if (!looksLikeError(error)) {
      return { errorType: typeof error, errorMessage: error.toString(), trace: [] };
    }
    return {
      errorType: escapeDelete(error.name),
      errorMessage: escapeDelete(error.message),
      trace: escapeDelete(error.stack).split('\n'),
    };
  } catch {
    const problem = 'there was a problem while retrieving one or more of its message, name, and stack';
    return { errorType: 'handled', errorMessage: `callback called with Error argument, but ${problem}` };
  }
}

/** One line of a stack as X-Ray wants it: `at label (path:line:column)` or `at path:line:column`. */
function stackEntry(text) {
  const where = text.trim().replace(/[()]/g, '').replace(/^\S+ /, '');
  const cut = where.lastIndexOf(' ');
  const [file, line] = where.slice(cut + 1).split(':');
  return { path: file, line: Number.parseInt(line, 10), label: (cut > 0 && where.slice(0, cut)) || 'anonymous' };
}

function xrayCause(error) {
  try {
    const lines = error.stack ? escapeDelete(error.stack).split('\n').slice(1) : [];
    const stack = lines.map(stackEntry);
    const text = JSON.stringify({
      working_directory: process.cwd(),
      exceptions: [{ type: escapeDelete(error.name), message: escapeDelete(error.message), stack }],
      paths: [...new Set(stack.map((entry) => entry.path))],
    });
    return Buffer.byteLength(text) < CAUSE_BYTES_MAX ? text : '';
  } catch {
    return '';
  }
}

// ---- Logs -------------------------------------------------------------------------------------------------

// Level names in rising order. In a frame's type the level is added as (index + 1) << 2.
const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
const FRAME_JSON = 0xa55a0002;
const FRAME_TEXT = 0xa55a0003;

function textLine(level, time, args) {
  return `${time}\t${globalThis[REQUEST_ID]}\t${level}\t${util.format(...args)}`;
}

const errorParts = (error) => ({
  errorType: error.constructor?.name ?? 'UnknownError',
  errorMessage: error.message,
  stackTrace: typeof error.stack === 'string' ? error.stack.split('\n') : error.stack,
});

function jsonLine(level, timestamp, args) {
  const line = { timestamp, level, requestId: globalThis[REQUEST_ID] };
  if (globalThis[TENANT_ID] != null) line.tenantId = globalThis[TENANT_ID];
  if (args.length === 1) {
    try {
      const expand = (_key, value) => (value instanceof Error ? { ...errorParts(value), ...value } : value);
      return JSON.stringify({ ...line, message: args[0] }, expand);
    } catch {
      return JSON.stringify({ ...line, message: util.format(args[0]) }); // circular, BigInt
    }
  }
  line.message = util.format(...args);
  const error = args.find((arg) => arg instanceof Error);
  if (error !== undefined) Object.assign(line, errorParts(error), { stackTrace: errorParts(error).stackTrace ?? [] });
  return JSON.stringify(line);
}

/** The telemetry descriptor may be a pipe that is full: nothing of a frame may get lost. */
function writeFully(fd, bytes) {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let at = 0; at < bytes.length; ) {
    try {
      at += fs.writeSync(fd, bytes, at);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
      Atomics.wait(pause, 0, 0, 1);
    }
  }
}

function frameWriter(fd, base) {
  return (levelIndex, date, text) => {
    const message = Buffer.from(text, 'utf8');
    const frame = Buffer.allocUnsafe(16 + message.length);
    frame.writeUInt32BE((base | ((levelIndex + 1) << 2)) >>> 0, 0);
    frame.writeUInt32BE(message.length, 4);
    frame.writeBigUInt64BE(BigInt(date.valueOf()) * 1000n, 8);
    message.copy(frame, 16);
    writeFully(fd, frame);
  };
}

// Without the descriptor one line of stdout is one event.
const stdoutWriter = (_levelIndex, _date, text) => process.stdout.write(`${text.replace(/\n/g, '\r')}\n`);

/** Replaces console's methods. Returns how failures of the function are logged. */
function patchConsole() {
  const fd = process.env._LAMBDA_TELEMETRY_LOG_FD;
  delete process.env._LAMBDA_TELEMETRY_LOG_FD; // not for the function's child processes
  const json = process.env.AWS_LAMBDA_LOG_FORMAT?.toUpperCase() === 'JSON';
  const framed = fd !== undefined;
  const write = framed ? frameWriter(Number.parseInt(fd, 10), json ? FRAME_JSON : FRAME_TEXT) : stdoutWriter;
  const line = json ? jsonLine : textLine;
  const end = framed && !json ? '\n' : '';
  const lowest = Math.max(0, LEVELS.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL?.toUpperCase()));
  LEVELS.forEach((name, index) => {
    const log = (...args) => {
      const date = new Date();
      write(index, date, line(name, date.toISOString(), args.length === 0 ? [undefined] : args) + end);
    };
    console[name.toLowerCase()] = index >= lowest || name === 'FATAL' ? log : () => {};
  });
  console.log = console.info;
  const asError = (error) => (error instanceof Error ? error : new Error(error));
  if (json) return (_title, error) => console.error(asError(error));
  return (title, error) => console.error(title, errorText(asError(error)));
}

function errorText(error) {
  const expand = (_key, value) => {
    if (!(value instanceof Error)) return value;
    const parts = { errorType: value.name, errorMessage: value.message, code: value.code, ...value };
    if (typeof value.stack === 'string') parts.stack = value.stack.split('\n');
    return parts;
  };
  try {
    return `\t${JSON.stringify(error, expand)}`;
  } catch {
    return `\t${JSON.stringify(describe(error))}`;
  }
}

// ---- Runtime API ------------------------------------------------------------------------------------------

/** The answer at the head of `data`, or undefined if it is not all there yet. */
function parseAnswer(data) {
  const end = data.indexOf('\r\n\r\n');
  if (end < 0) {
    if (data.length > HEAD_BYTES_MAX) throw new Error('response head too long');
    return undefined;
  }
  const [statusLine, ...lines] = data.toString('utf8', 0, end).split('\r\n');
  const headers = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const body =
    headers['transfer-encoding']?.toLowerCase() === 'chunked'
      ? dechunk(data, end + 4)
      : sized(data, end + 4, Number.parseInt(headers['content-length'] ?? '0', 10));
  return body && { status: Number.parseInt(statusLine.split(' ')[1], 10), headers, body };
}

function sized(data, from, length) {
  return data.length < from + length ? undefined : data.subarray(from, from + length);
}

function dechunk(data, from) {
  const parts = [];
  for (let at = from; ; ) {
    const eol = data.indexOf('\r\n', at);
    if (eol < 0) return undefined;
    const size = Number.parseInt(data.toString('latin1', at, eol), 16);
    if (size === 0) return data.indexOf('\r\n\r\n', eol) < 0 ? undefined : Buffer.concat(parts);
    if (data.length < eol + 2 + size + 2) return undefined;
    parts.push(data.subarray(eol + 2, eol + 2 + size));
    at = eol + 2 + size + 2;
  }
}

/** One kept connection, one exchange at a time. It holds the event loop open only during an exchange. */
class Connection {
  #socket;
  #parts = [];
  #length = 0;
  #wanted = 0; // bytes to have before parsing again is worth it
  #waiter;

  constructor(host, port) {
    this.#socket = net.connect({ host, port, noDelay: true });
    this.#socket.on('data', (bytes) => this.#onData(bytes));
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('the Runtime API closed the connection')));
    this.#socket.unref();
  }

  get usable() {
    return !this.#socket.destroyed && this.#waiter === undefined;
  }

  /** Begins an exchange: the promise is for the answer; what is to be sent follows by `write`. */
  answer() {
    this.#socket.ref();
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
    });
  }

  write(data, callback) {
    return this.#socket.write(data, callback);
  }

  cork() {
    this.#socket.cork();
  }

  uncork() {
    this.#socket.uncork();
  }

  #onData(bytes) {
    this.#parts.push(bytes);
    this.#length += bytes.length;
    if (this.#length < this.#wanted) return;
    try {
      const data = this.#parts.length === 1 ? bytes : Buffer.concat(this.#parts);
      const answer = parseAnswer(data);
      if (answer === undefined) {
        this.#parts = [data];
        this.#wanted = announced(data) ?? this.#length;
        return;
      }
      this.#settle((waiter) => waiter.resolve(answer));
      if (answer.headers.connection?.toLowerCase() === 'close') this.#socket.destroy();
    } catch (error) {
      this.#socket.destroy(error);
    }
  }

  #settle(action) {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    this.#parts = [];
    this.#length = 0;
    this.#wanted = 0;
    this.#socket.unref();
    if (waiter) action(waiter);
  }

  #fail(error) {
    this.#settle((waiter) => waiter.reject(error));
  }
}

/** How many bytes an answer whose head is there will have in all, if its head says so. */
function announced(data) {
  const end = data.indexOf('\r\n\r\n');
  const length = end < 0 ? null : /\r\ncontent-length:\s*(\d+)/i.exec(data.toString('latin1', 0, end));
  return length ? end + 4 + Number.parseInt(length[1], 10) : undefined;
}

class RuntimeApi {
  #host;
  #port;
  #kept;

  constructor(address) {
    const colon = address.lastIndexOf(':');
    this.#host = address.slice(0, colon);
    this.#port = Number.parseInt(address.slice(colon + 1), 10);
  }

  connection() {
    // A failure can be reported while `next` waits on the kept connection: then by one of its own.
    if (this.#kept?.usable) return this.#kept;
    const fresh = new Connection(this.#host, this.#port);
    this.#kept = fresh;
    return fresh;
  }

  head(method, target, headers) {
    const lines = [`${method} ${API}${target} HTTP/1.1`, `Host: ${this.#host}:${this.#port}`];
    lines.push(`User-Agent: tinderbox-nodejs/${process.versions.node}`);
    for (const [name, value] of headers) lines.push(`${name}: ${value}`);
    return `${lines.join('\r\n')}\r\n\r\n`;
  }

  async next() {
    const connection = this.connection();
    const answer = connection.answer();
    connection.write(this.head('GET', 'invocation/next', []));
    const { status, headers, body } = await answer;
    if (status !== 200) throw new Error(`Failed to get next invocation, error ${status}`);
    return { headers, body: body.toString('utf8') };
  }

  post(target, text, headers) {
    const connection = this.connection();
    const answer = connection.answer();
    const head = this.head('POST', target, [
      ['Content-Type', 'application/json'],
      ['Content-Length', Buffer.byteLength(text)],
      ...headers,
    ]);
    connection.write(head + text);
    return answer;
  }

  postError(target, error, type) {
    const described = describe(error);
    if (!target.startsWith('invocation/')) {
      return this.post(target, toJson(described), [[ERROR_TYPE, headerText(type ?? described.errorType)]]);
    }
    // No error type header here: the platform reads the body.
    const cause = xrayCause(error).replace(/[^\x20-\x7e]/g, unicodeEscape);
    return this.post(target, toJson(described), cause ? [['Lambda-Runtime-Function-XRay-Error-Cause', cause]] : []);
  }
}

const unicodeEscape = (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
const headerText = (text) => String(text).replace(/[^\x20-\x7e]/g, '?');

function toJson(value) {
  try { return JSON.stringify(value === undefined ? null : value) ?? 'null'; } catch {
    throw new Error('Unable to stringify response body');
  }
}

// ---- Response streams -------------------------------------------------------------------------------------

const asBytes = (chunk) =>
  chunk == null || typeof chunk === 'string' || typeof chunk === 'function' || chunk instanceof Uint8Array
    ? chunk
    : JSON.stringify(chunk);

/** A chunked POST to `response`. Nothing is sent before the first byte, so that the content type can be set. */
class ResponseStream extends Writable {
  #api;
  #target;
  #contentType = 'application/octet-stream';
  #connection;
  #answer;
  #over = false;

  constructor(api, target, highWaterMark) {
    super({ highWaterMark, decodeStrings: true, emitClose: true });
    this.#api = api;
    this.#target = target;
  }

  setContentType(type) {
    if (this.#connection) throw new InvalidStreamingOperation('Cannot set content-type, too late.');
    this.#contentType = type;
  }

  write(chunk, ...rest) {
    return super.write(asBytes(chunk), ...rest);
  }

  end(chunk, ...rest) {
    return super.end(asBytes(chunk), ...rest);
  }

  #begin() {
    if (this.#connection) return;
    this.#connection = this.#api.connection();
    this.#answer = this.#connection.answer();
    this.#answer.catch(() => {}); // awaited at the end; a break before is seen there
    const head = this.#api.head('POST', this.#target, [
      ['Lambda-Runtime-Function-Response-Mode', 'streaming'],
      ['Trailer', ERROR_TYPE],
      ['Trailer', ERROR_BODY],
      ['Content-Type', this.#contentType],
      ['Transfer-Encoding', 'chunked'],
    ]);
    this.#connection.write(head);
    const before = this._onBeforeFirstWrite;
    if (typeof before === 'function') before((bytes) => this.#chunk(Buffer.from(bytes)));
  }

  #chunk(bytes, callback) {
    if (bytes.length === 0) {
      callback?.(); // an empty chunk would end the body
      return;
    }
    this.#connection.cork();
    this.#connection.write(`${bytes.length.toString(16)}\r\n`);
    this.#connection.write(bytes);
    this.#connection.write('\r\n', callback);
    this.#connection.uncork();
  }

  _write(chunk, _encoding, callback) {
    this.#begin();
    this.#chunk(chunk, callback);
  }

  _final(callback) {
    this.finishWith([]).then(() => callback(), callback);
  }

  /** Ends the body, once; resolves when the Runtime API has answered. */
  async finishWith(trailers) {
    this.#begin();
    if (!this.#over) {
      this.#over = true;
      const lines = trailers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
      this.#connection.write(`0\r\n${lines}\r\n`);
    }
    await this.#answer;
  }

  fail(error) {
    const described = describe(error);
    const body = Buffer.from(JSON.stringify(described)).toString('base64');
    return this.finishWith([
      [ERROR_TYPE, headerText(described.errorType)],
      [ERROR_BODY, body],
    ]);
  }
}

class HttpResponseStream {
  static from(stream, prelude) {
    stream.setContentType(PRELUDE_TYPE);
    const text = JSON.stringify(prelude);
    stream._onBeforeFirstWrite = (write) => {
      write(text);
      write(new Uint8Array(8));
    };
    return stream;
  }
}

const hooks = { before: [], after: [] };
function installGlobals() {
  if (['1', 'true'].includes(process.env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA)) return;
  globalThis.awslambda = {
    streamifyResponse(handler, options) {
      handler[STREAMING] = 'response';
      if (typeof options?.highWaterMark === 'number') {
        handler[HIGH_WATER_MARK] = Number.parseInt(options.highWaterMark, 10);
      }
      return handler;
    },
    HttpResponseStream,
    registerBeforeSnapshot: (hook, ...args) => (hooks.before.push([hook, args]), hook), // of SnapStart: snapstart.mjs
    registerAfterRestore: (hook, ...args) => (hooks.after.push([hook, args]), hook),
  };
}

// ---- Loading ----------------------------------------------------------------------------------------------

/** Whether the nearest package.json above makes a `.js` file an ES module. */
function isModulePackage(folder) {
  if (folder.endsWith('/node_modules')) return false;
  const file = path.join(folder, 'package.json');
  if (fs.existsSync(file)) {
    try {
      return JSON.parse(fs.readFileSync(file, 'utf8'))?.type === 'module';
    } catch (error) {
      console.warn(`${file} cannot be read, it will be ignored for ES module detection purposes.`, error);
      return false;
    }
  }
  return folder === '/' ? false : isModulePackage(path.dirname(folder));
}

/**
 * NODE_PATH counts for `import` too on managed runtimes (layers and the SDK are found by it); Node itself only
 * honours it for `require`. Registered only before an ES module is loaded and if one of the folders holds something:
 * before `registerHooks` a hook has a thread of its own, which takes more than all the rest of a start.
 */
function resolveByNodePath() {
  const holdsSomething = (folder) => {
    try { return fs.readdirSync(folder).length > 0; } catch { return false; }
  };
  const isFull = (folder) => folder.endsWith('/node_modules') && holdsSomething(folder);
  const folders = (process.env.NODE_PATH ?? '').split(':').filter(isFull);
  if (folders.length === 0) return;
  const parents = folders.map((folder) => pathToFileURL(path.join(folder, '..', 'x.js')).href);
  const bare = (specifier) => !/^([./#]|[a-z]+:)/.test(specifier);
  const missing = (error) => error?.code === 'ERR_MODULE_NOT_FOUND';
  if (typeof module.registerHooks === 'function') {
    module.registerHooks({
      resolve(specifier, context, next) {
        try {
          return next(specifier, context);
        } catch (error) {
          if (!missing(error) || !bare(specifier)) throw error;
          for (const parentURL of parents) {
            try {
              return next(specifier, { ...context, parentURL });
            } catch (again) {
              if (!missing(again)) throw again;
            }
          }
          throw error;
        }
      },
    });
  } else if (typeof module.register === 'function') {
    const source = `
      const parents = ${JSON.stringify(parents)};
      const bare = ${bare};
      const missing = ${missing};
      export async function resolve(specifier, context, next) {
        try { return await next(specifier, context); } catch (error) {
          if (!missing(error) || !bare(specifier)) throw error;
          for (const parentURL of parents) {
            try { return await next(specifier, { ...context, parentURL }); } catch (again) {
              if (!missing(again)) throw again;
            }
          }
          throw error;
        }
      }`;
    module.register(`data:text/javascript,${encodeURIComponent(source)}`);
  }
}

function importFile(file) {
  resolveByNodePath();
  return import(pathToFileURL(file).href);
}

async function loadModule(root, folder, name) {
  const file = path.resolve(root, folder, name);
  const has = (extension) => fs.existsSync(file + extension);
  if (has('') && fs.statSync(file).isFile()) return require(file);
  if (has('.js')) return isModulePackage(path.dirname(file)) ? importFile(`${file}.js`) : require(`${file}.js`);
  if (has('.mjs')) return importFile(`${file}.mjs`);
  if (has('.cjs')) return require(`${file}.cjs`);
  return require(require.resolve(name, { paths: [root, folder] }));
}

async function loadHandler(root, fullName) {
  if (fullName.includes('..')) {
    const advice = 'Use absolute paths when specifying root directories in handler names.';
    throw new MalformedHandlerName(`'${fullName}' is not a valid handler name. ${advice}`);
  }
  const slash = fullName.lastIndexOf('/') + 1;
  const dot = fullName.indexOf('.', slash);
  if (dot < 0) throw new MalformedHandlerName('Bad handler');
  installGlobals();
  let loaded;
  try {
    loaded = await loadModule(root, fullName.slice(0, slash), fullName.slice(slash, dot));
  } catch (error) {
    if (error instanceof SyntaxError) throw new UserCodeSyntaxError(error);
    if (error?.code === 'MODULE_NOT_FOUND') throw new ImportModuleError(error);
    throw error;
  }
  const handler = fullName
    .slice(dot + 1)
    .split('.')
    .reduce((nested, key) => nested && nested[key], loaded);
  if (!handler) throw new HandlerNotFound(`${fullName} is undefined or not exported`);
  if (typeof handler !== 'function') throw new HandlerNotFound(`${fullName} is not a function`);
  if (handler[STREAMING] != null && handler[STREAMING] !== false && handler[STREAMING] !== 'response') {
    throw new MalformedStreamingHandler('Only response streaming is supported.');
  }
  return handler;
}

// ---- Context ----------------------------------------------------------------------------------------------

function jsonHeader(text, name) {
  if (!text) return undefined;
  try { return JSON.parse(text); } catch (error) {
    throw new Error(`Cannot parse ${name} as json: ${error.toString()}`);
  }
}

/** Adds to the object with the completion functions what the environment and the headers tell. */
function fillContext(context, headers) {
  const { env } = process;
  if (headers['lambda-runtime-trace-id']) env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
  else delete env._X_AMZN_TRACE_ID;
  const deadline = Number.parseInt(headers['lambda-runtime-deadline-ms'], 10);
  return Object.assign(context, {
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: jsonHeader(headers['lambda-runtime-client-context'], 'ClientContext'),
    identity: jsonHeader(headers['lambda-runtime-cognito-identity'], 'CognitoIdentity'),
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    tenantId: headers['lambda-runtime-aws-tenant-id'],
    getRemainingTimeInMillis: () => deadline - Date.now(),
  });
}

// ---- The loop ---------------------------------------------------------------------------------------------

class Loop {
  #api;
  #handler;
  #logError;
  #onEmptyLoop = () => {};
  #report; // how an uncaught failure is told to the platform right now

  constructor(api, logError) {
    this.#api = api;
    this.#logError = logError;
    this.#report = (error) => api.postError('init/error', error);
    process.on('beforeExit', () => this.#onEmptyLoop());
    process.on('uncaughtException', (error) => {
      logError('Uncaught Exception', error);
      this.#die(error, EXIT_UNCAUGHT_EXCEPTION);
    });
    process.on('unhandledRejection', (reason, promise) => {
      const error = new UnhandledPromiseRejection(reason, promise);
      logError('Unhandled Promise Rejection', error);
      this.#die(error, EXIT_UNHANDLED_REJECTION);
    });
  }

  #die(error, code) {
    const exit = () => process.exit(code);
    this.#report(error).then(exit, exit);
  }

  start(handler) {
    this.#handler = handler;
    this.#schedule();
  }

  #schedule() {
    setImmediate(() => {
      this.#once().catch((error) => {
        console.log(`Unexpected Top Level Error: ${error}`);
        this.#die(error, EXIT_UNCAUGHT_EXCEPTION);
      });
    });
  }

  async #once() {
    const { headers, body } = await this.#api.next();
    const id = headers['lambda-runtime-aws-request-id'];
    if (!id) throw new Error('invocation id is missing or invalid');
    globalThis[REQUEST_ID] = id;
    globalThis[TENANT_ID] = headers['lambda-runtime-aws-tenant-id'];
    const target = `invocation/${encodeURIComponent(id)}/`;
    if (this.#handler[STREAMING]) await this.#streamed(target, headers, body);
    else this.#buffered(target, headers, body);
  }

  /** One exchange that, when it is over, leads to the next invocation. */
  #then(exchange) {
    exchange.then(
      () => this.#schedule(),
      (error) => this.#die(error, EXIT_UNCAUGHT_EXCEPTION),
    );
  }

  #buffered(target, headers, body) {
    this.#report = (error) => this.#api.postError(`${target}error`, error);
    const [context, callback, answerNothing] = this.#completions(target);
    this.#onEmptyLoop = answerNothing;
    try {
      const event = JSON.parse(body);
      const handler = this.#handler; // called bare: `this` is none of the function's business
      const result = handler(event, fillContext(context, headers), callback);
      if (typeof result?.then === 'function') {
        result.then(context.succeed, context.fail).catch(context.fail);
      }
    } catch (error) {
      callback(error);
    }
  }

  /** The ways by which a plain handler can finish. The first one counts, the rest are ignored. */
  #completions(target) {
    let waitForEmptyLoop = true;
    let finished = false;
    let answered = false;
    const answer = (result) => {
      if (answered) {
        const text = 'Cannot call complete more than once per invocation.';
        console.error(`Invocation has already been reported as done. ${text}`);
        return;
      }
      const text = toJson(result); // may throw: then the error is the outcome
      answered = true;
      this.#then(this.#api.post(`${target}response`, text, []));
    };
    const settle = (error, finish) => {
      this.#onEmptyLoop = () => {};
      if (error !== undefined && error !== null) {
        this.#logError('Invoke Error', error);
        this.#then(this.#api.postError(`${target}error`, error));
      } else {
        finish();
      }
    };
    const first = (action) => (...args) => {
      if (finished) return;
      action(...args);
      finished = true;
    };
    const done = (error, result) => settle(error, () => answer(result));
    const callback = (error, result) =>
      settle(error, () => {
        if (!waitForEmptyLoop) {
          answer(result);
          return;
        }
        this.#onEmptyLoop = () => {
          this.#onEmptyLoop = () => {};
          setImmediate(() => answer(result));
        };
      });
    const context = {
      get callbackWaitsForEmptyEventLoop() { return waitForEmptyLoop; },
      set callbackWaitsForEmptyEventLoop(value) { waitForEmptyLoop = value; },
      succeed: first((result) => done(null, result)),
      fail: first((error) => done(error ?? 'handled', null)),
      done: first(done),
    };
    const answerNothing = () => {
      this.#onEmptyLoop = () => {};
      answer(null);
    };
    return [context, first(callback), answerNothing];
  }

  async #streamed(target, headers, body) {
    const stream = new ResponseStream(this.#api, `${target}response`, this.#handler[HIGH_WATER_MARK]);
    stream.on('error', () => {}); // a function may listen too; what broke is told by the trailers
    let waitForEmptyLoop = true;
    const context = {
      get callbackWaitsForEmptyEventLoop() { return waitForEmptyLoop; },
      set callbackWaitsForEmptyEventLoop(value) { waitForEmptyLoop = value; },
    };
    this.#report = (error) => stream.fail(error);
    this.#onEmptyLoop = () => this.#schedule();
    const fail = async (error) => {
      this.#logError('Invoke Error', error);
      await stream.fail(error);
    };
    try {
      const handler = this.#handler;
      const result = handler(JSON.parse(body), stream, fillContext(context, headers));
      if (typeof result?.then !== 'function') {
        await fail('Streaming does not support non-async handlers.');
      } else {
        if ((await result) !== undefined) console.warn('Streaming handlers ignore return values.');
        if (!(await finished(stream))) await fail('Response stream is not finished.');
      }
    } catch (error) {
      await fail(error);
    }
    this.#onEmptyLoop = () => {};
    if (!waitForEmptyLoop) {
      this.#schedule();
      return;
    }
    this.#onEmptyLoop = () => {
      this.#onEmptyLoop = () => {};
      this.#schedule();
    };
  }
}

/** Waits until a stream is over; whether it ended as it should. */
function finished(stream) {
  if (stream.writableFinished || stream.destroyed) return Promise.resolve(stream.writableFinished);
  return new Promise((resolve) => stream.once('close', () => resolve(stream.writableFinished)));
}

if (process.env.TINDERBOX_BIND_FD !== undefined) (await import('./ahead.mjs')).waitForFunction();
const logError = patchConsole();
const api = new RuntimeApi(process.env.AWS_LAMBDA_RUNTIME_API);
const loop = new Loop(api, logError);
const handler = await loadHandler(process.env.LAMBDA_TASK_ROOT || process.cwd(), process.env._HANDLER);
const snapStart = process.env.AWS_LAMBDA_INITIALIZATION_TYPE === 'snap-start';
if (snapStart) await (await import('./snapstart.mjs')).run(api, hooks, logError);
loop.start(handler);
