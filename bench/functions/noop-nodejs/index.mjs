// The least a Node.js function can be; the answers are those of noop-rust.
let count = 0;

export const handler = async (event) => {
  count += 1;
  const began = Date.now() * 1000;
  if (event.sleep_ms) await new Promise((resolve) => setTimeout(resolve, event.sleep_ms));
  return { n: count, began_us: began, environment: process.env.AWS_LAMBDA_LOG_STREAM_NAME };
};
