package workloads;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.crac.Core;
import org.crac.Resource;

/** Hooks of SnapStart as Java functions register them. */
public class Crac implements RequestHandler<Map<String, Object>, Map<String, Object>>, Resource {
    private final List<String> events = new ArrayList<>();

    public Crac() {
        Core.getGlobalContext().register(this);
    }

    @Override
    public void beforeCheckpoint(org.crac.Context<? extends Resource> context) {
        events.add("beforeCheckpoint");
    }

    @Override
    public void afterRestore(org.crac.Context<? extends Resource> context) {
        if ("after".equals(System.getenv("MODE"))) {
            throw new IllegalStateException("hook");
        }
        events.add("afterRestore");
    }

    @Override
    public Map<String, Object> handleRequest(Map<String, Object> event, Context context) {
        return Map.of("events", events);
    }
}
