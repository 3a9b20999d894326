/**
 * SnapStart: what the client does between init and the first invocation. Loaded only for versions that have it.
 *
 *     init done -> hooks before the snapshot --throw--> POST init/error -> exit 64        (final)
 *                         |
 *                         v
 *                  GET restore/next (blocks until restored) -> hooks --throw--> POST restore/error -> exit 65     (final)
 *
 * AWS's Node.js has no hooks. These are ours, in the order that AWS's have in Python: before the snapshot the last
 * registered first, after the restore as registered. Each may be asynchronous.
 */
const EXIT_BEFORE_SNAPSHOT = 64;
const EXIT_AFTER_RESTORE = 65;

async function runAll(hooks) {
  for (const [hook, args] of hooks) await hook(...args);
}

async function untilRestored(api) {
  const connection = api.connection();
  const answer = connection.answer();
  connection.write(api.head('GET', 'restore/next', []));
  const { status } = await answer;
  if (status !== 200) throw new Error(`Failed to wait for a restore, error ${status}`);
}

export async function run(api, hooks, logError) {
  const fail = async (target, type, error, code) => {
    logError('SnapStart Hook Error', error);
    await api.postError(target, error, type);
    process.exit(code);
  };
  try {
    await runAll(hooks.before.reverse());
    await untilRestored(api);
  } catch (error) {
    await fail('init/error', 'Runtime.BeforeSnapshotError', error, EXIT_BEFORE_SNAPSHOT);
  }
  try {
    await runAll(hooks.after);
  } catch (error) {
    await fail('restore/error', 'Runtime.AfterRestoreError', error, EXIT_AFTER_RESTORE);
  }
}
