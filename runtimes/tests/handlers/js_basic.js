// One module with a handler per behaviour; run under our client and under AWS's.
exports.echo = async (event) => event;
exports.nothing = async () => {};
exports.unicode = async () => ({ text: 'zażółć \u2028 🔥' });
exports.callback = (event, context, callback) => callback(null, { by: 'callback' });
exports.callbackLater = (event, context, callback) => {
  setTimeout(() => console.log('after the callback'), 30);
  callback(null, 'waits for the empty loop');
};
exports.callbackNow = (event, context, callback) => {
  context.callbackWaitsForEmptyEventLoop = false;
  setInterval(() => {}, 1000);
  callback(null, 'does not wait');
};
exports.callbackError = (event, context, callback) => callback(new TypeError('by callback'));
exports.callbackString = (event, context, callback) => callback('a string');
exports.succeed = (event, context) => context.succeed('succeeded');
exports.fail = (event, context) => context.fail(new RangeError('failed'));
exports.failNothing = (event, context) => context.fail();
exports.done = (event, context) => context.done(null, { done: true });
exports.twice = (event, context, callback) => {
  callback(null, 'first');
  callback(null, 'second');
};
exports.never = () => 'a plain return value is not an answer';
class CustomError extends Error {
  constructor(message) {
    super(message);
    this.name = 'CustomError';
    this.code = 'E_CUSTOM';
    this.extra = { a: 1 };
  }
}
exports.throws = () => {
  throw new CustomError('thrown');
};
exports.rejects = async () => {
  throw new CustomError('rejected\nwith two lines');
};
exports.rejectsString = async () => {
  throw 'only a string';
};
exports.rejectsUndefined = () => Promise.reject();
exports.bigint = async () => ({ n: 1n });
exports.uncaught = () => {
  setTimeout(() => {
    throw new CustomError('from a timer');
  }, 1);
  return new Promise((resolve) => setTimeout(resolve, 5000));
};
exports.unhandled = () => {
  Promise.reject(new CustomError('nobody waits'));
  return new Promise((resolve) => setTimeout(resolve, 5000));
};
exports.exits = async () => {
  console.log('before the end');
  process.exit(3);
};
exports.logs = async () => {
  console.log('log', { a: [1, { b: 2 }] }, 7);
  console.info('info %s and %d', 'text', 5);
  console.debug('debug');
  console.trace('trace');
  console.warn({ only: 'an object' });
  console.error(new CustomError('logged'));
  console.error('text and', new CustomError('logged'));
  console.fatal('fatal');
  console.log('two\nlines');
  const loop = {};
  loop.loop = loop;
  console.log(loop);
  console.log();
  process.stdout.write('raw\n');
  process.stderr.write('raw error\n');
  return '_LAMBDA_TELEMETRY_LOG_FD' in process.env ? 'shown' : 'hidden';
};
exports.context = async (event, context) => {
  const remaining = context.getRemainingTimeInMillis();
  return { context, remaining: remaining > 0 && remaining <= 30000, trace: process.env._X_AMZN_TRACE_ID };
};
exports.notAFunction = 5;
exports.nested = { deep: { handler: async () => 'nested export' } };
exports.stream = awslambda.streamifyResponse(async (event, stream) => {
  stream.setContentType('text/plain');
  stream.write('one ');
  stream.write(Buffer.from('two '));
  stream.write({ three: 3 });
  stream.end();
});
exports.streamHttp = awslambda.streamifyResponse(async (event, stream) => {
  const http = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { a: 'b' }, cookies: ['c=d'] });
  http.write('body');
  http.end();
});
exports.streamMidError = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('begun');
  throw new CustomError('in the middle');
});
exports.streamEarlyError = awslambda.streamifyResponse(async () => {
  throw new CustomError('before the first byte');
});
exports.streamLateType = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('begun');
  stream.setContentType('too/late');
});
exports.streamSync = awslambda.streamifyResponse((event, stream) => {
  stream.write('sync');
});
exports.streamValue = awslambda.streamifyResponse(async (event, stream) => {
  stream.end('all at once');
  return 5;
});
exports.streamPipe = awslambda.streamifyResponse(async (event, stream) => {
  const { pipeline } = require('stream/promises');
  const { Readable } = require('stream');
  await pipeline(Readable.from(Array.from({ length: 200 }, (_, i) => `${i} `.repeat(500))), stream);
});
exports.showThis = async function () {
  'use strict';
  return typeof this;
};

/** All that tells one start from another. */
exports.observed = async () => {
  const fs = require('node:fs');
  const name = (fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`).replace(/[[:].*|.*\//, '').replace(/^#\d+/, '');
    } catch {
      return 'the folder itself';
    }
  };
  return {
    variables: { ...process.env },
    initial: fs.readFileSync('/proc/self/environ', 'utf8').split('\0').filter(Boolean).sort(),
    folder: process.cwd(),
    arguments: process.argv.slice(2),
    modules: process.moduleLoadList.filter((one) => !one.includes('fs')).length > 0,
    descriptors: fs.readdirSync('/proc/self/fd').map(name).sort(),
  };
};
