package io.armrunner.trace;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;

/** The end of a chain under test. */
final class Collected implements Filter {
    final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    @Override
    public void write(byte[] source, int offset, int length) {
        bytes.write(source, offset, length);
    }

    @Override
    public void flush() {
        // Nothing is held back.
    }

    @Override
    public boolean isQuiet() {
        return true;
    }

    String text() {
        return bytes.toString(UTF_8);
    }
}
