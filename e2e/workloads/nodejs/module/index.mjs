// An ES module, a dependency by import, a top-level await.
import { v5 } from "uuid";
import dayjs from "dayjs";

const start = await Promise.resolve("2024-02-28");

export const handler = async (event) => ({
  id: v5("tinderbox", v5.URL),
  day: dayjs(start).add(event.days, "day").format("YYYY-MM-DD"),
});

export const stream = awslambda.streamifyResponse(async (event, out) => {
  out.setContentType("text/plain");
  for (let part = 0; part < 3; part++) {
    out.write(`${v5(String(part), v5.URL)}\n`);
    await new Promise((done) => setTimeout(done, 20));
  }
  out.end();
});
