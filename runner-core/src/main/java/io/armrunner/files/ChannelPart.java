package io.armrunner.files;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * A part of a file as a stream; the file's own position does not matter and does not move. Closing
 * it leaves the file open. Used by one thread; several may read parts of one file.
 */
public final class ChannelPart extends InputStream {
    private final FileChannel file;
    private final long end;
    private long position;

    /**
     * @param file stays the caller's
     */
    public ChannelPart(FileChannel file, long from, long length) {
        this.file = file;
        this.position = from;
        this.end = from + length;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        if (position >= end) {
            return -1;
        }
        int most = (int) Math.min(length, end - position);
        int got = file.read(ByteBuffer.wrap(into, offset, most), position);
        if (got > 0) {
            position += got;
        }
        return got;
    }
}
