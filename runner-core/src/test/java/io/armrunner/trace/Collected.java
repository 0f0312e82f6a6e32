package io.armrunner.trace;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;

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
    public void save(DataOutputStream out) {
        // What was collected is not part of a chain's state.
    }

    @Override
    public void restore(DataInputStream in) {
        // Nothing was saved.
    }

    String text() {
        return bytes.toString(UTF_8);
    }
}
