package workloads;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.util.Map;
import java.util.TreeMap;

/** A handler of plain values: the client reads and writes the JSON. */
public class Orders implements RequestHandler<Map<String, Object>, Map<String, Object>> {
    @Override
    public Map<String, Object> handleRequest(Map<String, Object> event, Context context) {
        context.getLogger().log("java was asked " + event.get("do"));
        System.out.println("and prints");
        if ("fail".equals(event.get("do"))) {
            throw new IllegalStateException("no such order");
        }
        Map<String, Object> answer = new TreeMap<>();
        answer.put("echo", event);
        answer.put("id", context.getAwsRequestId());
        answer.put("function", context.getFunctionName());
        answer.put("memory", context.getMemoryLimitInMB());
        answer.put("has_time", context.getRemainingTimeInMillis() > 0);
        answer.put("java", Runtime.version().feature());
        return answer;
    }
}
