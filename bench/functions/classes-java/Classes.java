import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A function that starts as those on a large framework do: by loading and initialising thousands of classes. The answers are
 * those of noop-rust. Standard library only.
 */
public class Classes {
    private static final List<String> PACKAGES = List.of(
            "java.base", "java.xml", "java.sql", "java.logging", "java.net.http", "jdk.compiler", "java.naming",
            "java.management", "java.rmi", "jdk.jshell", "java.desktop/sun/java2d", "java.desktop/javax/swing");
    private static final int CLASSES_MAX = 14_000;
    static int loaded;
    private static long count;

    static {
        var modules = FileSystems.getFileSystem(URI.create("jrt:/"));
        for (String folder : PACKAGES) {
            try (var files = Files.walk(modules.getPath("/modules/" + folder))) {
                files.filter(it -> it.toString().endsWith(".class")).sorted().forEach(Classes::load);
            } catch (IOException gone) {
                System.err.println(folder + ": " + gone); // another JDK, another list of modules
            }
        }
    }

    private static void load(Path file) {
        if (loaded >= CLASSES_MAX) return;
        String name = file.subpath(2, file.getNameCount()).toString();
        try {
            Class<?> type = Class.forName(name.substring(0, name.length() - 6).replace('/', '.'), false, null);
            type.getDeclaredMethods(); // links it, as a framework does that looks for annotations
            loaded += 1;
        } catch (Throwable absent) {
            // One of the few that can not be had on every host.
        }
    }

    public Map<String, Object> handle(Map<String, Object> event) throws InterruptedException {
        count += 1;
        long began = System.currentTimeMillis() * 1000;
        if (event.get("sleep_ms") instanceof Number pause) Thread.sleep(pause.longValue());
        return Map.of("n", count, "began_us", began, "environment", System.getenv("AWS_LAMBDA_LOG_STREAM_NAME"));
    }

    /** The bare start that the function's is compared with. */
    public static void main(String[] arguments) {
        System.out.println(loaded);
    }
}
