// One invocation by @aws-sdk/client-lambda; what comes back is printed as it comes, one JSON object a line.
// The endpoint, region and keys come from the environment (AWS_ENDPOINT_URL_LAMBDA …), as in an unmodified program.
//
//   node client.mjs invoke|stream FUNCTION PAYLOAD
import { InvokeCommand, InvokeWithResponseStreamCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { writeSync } from "node:fs";

const [how, FunctionName, Payload] = process.argv.slice(2);
const client = new LambdaClient({});
const text = (bytes) => new TextDecoder().decode(bytes);
const say = (line) => writeSync(1, JSON.stringify(line) + "\n");

try {
  if (how === "invoke") {
    const answer = await client.send(new InvokeCommand({ FunctionName, Payload }));
    say({ payload: text(answer.Payload), functionError: answer.FunctionError ?? null, status: answer.StatusCode, version: answer.ExecutedVersion });
  } else {
    const answer = await client.send(new InvokeWithResponseStreamCommand({ FunctionName, Payload }));
    for await (const event of answer.EventStream) {
      if (event.PayloadChunk) say({ chunk: text(event.PayloadChunk.Payload) });
      else if (event.InvokeComplete) {
        const { ErrorCode, ErrorDetails } = event.InvokeComplete;
        say({ complete: { errorCode: ErrorCode ?? null, errorDetails: ErrorDetails ?? null } });
      } else throw new Error(`an event of no known kind: ${JSON.stringify(event)}`);
    }
  }
} catch (error) {
  if (!error.$metadata) throw error;
  say({ refused: error.name, message: error.message, status: error.$metadata.httpStatusCode ?? null });
}
