// Imports what AWS's image carries and a package does not.
import { LambdaClient, InvokeCommand } from "@aws-sdk/client-lambda";

export const handler = async (event) => {
  const client = new LambdaClient({});
  const answer = await client.send(new InvokeCommand({ FunctionName: event.other, Payload: JSON.stringify({ from: "sdk" }) }));
  return { status: answer.StatusCode, payload: JSON.parse(Buffer.from(answer.Payload).toString()) };
};
