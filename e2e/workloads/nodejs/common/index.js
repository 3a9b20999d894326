// CommonJS, a dependency by require.
const { v5 } = require("uuid");
const dayjs = require("dayjs");

exports.handler = async (event, context) => {
  console.log("common was asked", event.do);
  if (event.do === "fail") throw new RangeError("no such order");
  return {
    id: v5("tinderbox", v5.URL),
    day: dayjs("2024-02-28").add(2, "day").format("YYYY-MM-DD"),
    function: context.functionName,
  };
};
