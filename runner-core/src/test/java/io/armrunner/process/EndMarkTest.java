package io.armrunner.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The mark that ends a stage's output, in whatever pieces it comes. */
final class EndMarkTest {
    private final ByteArrayOutputStream passed = new ByteArrayOutputStream();

    private Optional<Integer> pass(StageProcess.EndMark mark, String text, int piece) {
        byte[] bytes = text.getBytes(UTF_8);
        for (int at = 0; at < bytes.length; at += piece) {
            ByteBuffer part = ByteBuffer.wrap(bytes, at, Math.min(piece, bytes.length - at));
            Optional<Integer> status = mark.pass(part, passed::write, OutputPipe.Position.START);
            if (status.isPresent()) {
                return status;
            }
        }
        return Optional.empty();
    }

    @Test
    void everyCutOfTheOutputGivesTheSame() {
        for (int piece = 1; piece < 40; piece++) {
            passed.reset();
            StageProcess.EndMark mark = new StageProcess.EndMark("nonce", 12);

            assertThat(pass(mark, "one\0two\0\0noncetwo\0nonce.12 42\n", piece)).contains(42);
            assertThat(passed.toString(UTF_8)).isEqualTo("one\0two\0\0noncetwo");
        }
    }

    @Test
    void aLateMarkOfAnEarlierStageIsDropped() {
        for (int piece = 1; piece < 40; piece++) {
            passed.reset();
            StageProcess.EndMark mark = new StageProcess.EndMark("nonce", 2);

            assertThat(pass(mark, "\0nonce.1 0\nhello\0nonce.1 255\n\0nonce.2 7\n", piece))
                    .contains(7);
            assertThat(passed.toString(UTF_8)).isEqualTo("hello");
        }
    }
}
