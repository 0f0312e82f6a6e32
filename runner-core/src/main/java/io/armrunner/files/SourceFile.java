package io.armrunner.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** How a file that goes into an archive is read. */
final class SourceFile {
    private SourceFile() {}

    /** Opens the file itself: what has become a link meanwhile is refused. */
    static FileChannel open(Path path) throws IOException {
        return FileChannel.open(path, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
    }

    /**
     * Reads up to {@code most} bytes from {@code position} on; fewer only at the end of the file.
     */
    static int fill(FileChannel channel, byte[] into, int at, int most, long position)
            throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(into, at, most);
        long next = position;
        int got = 0;
        while (buffer.hasRemaining() && got >= 0) {
            got = channel.read(buffer, next);
            next += Math.max(got, 0);
        }
        return (int) (next - position);
    }
}
