package io.armrunner.artifacts;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Another's reader of archives. */
public final class Python {
    private Python() {}

    /** Runs the lines but the last, which is the argument; what was printed, line by line. */
    public static List<String> run(String... linesAndArgument)
            throws IOException, InterruptedException {
        int last = linesAndArgument.length - 1;
        String program = String.join("\n", List.of(linesAndArgument).subList(0, last));
        ProcessBuilder builder =
                new ProcessBuilder("python3", "-c", program, linesAndArgument[last]);
        builder.redirectErrorStream(true).environment().put("PYTHONIOENCODING", "utf-8");
        Process process = builder.start();
        process.getOutputStream().close();
        String out = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(out).isZero();
        return out.lines().toList();
    }
}
