package workloads;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** A handler of bytes: answers with how many came in. */
public class Streams implements RequestStreamHandler {
    @Override
    public void handleRequest(InputStream in, OutputStream out, Context context) throws IOException {
        int bytes = in.readAllBytes().length;
        out.write(("{\"bytes\":" + bytes + "}").getBytes(StandardCharsets.UTF_8));
    }
}
