// Hello from Node.js: `tinderbox deploy examples/hello-nodejs`.

export const handler = async (event, context) => {
  console.log("handling", context.awsRequestId); // what a function prints is in its log
  const name = event.name ?? "world";
  return {
    message: `Hello, ${name}!`,
    function: context.functionName,
    remainingMs: context.getRemainingTimeInMillis(),
  };
};
