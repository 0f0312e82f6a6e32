package io.armrunner.artifacts;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.armrunner.files.ZipHeads;
import java.io.IOException;
import java.io.InputStream;

/** Shows the first bytes of every regular file in a tar archive. */
final class TarHeads {
    private static final int BLOCK = 512;
    private static final int MAX_NAME = 64 * 1024;

    private TarHeads() {}

    /**
     * Reads to the end of the archive.
     *
     * @param most how many bytes are read at most
     * @throws IOException when it is broken, or longer than that
     */
    static void read(InputStream in, long most, ZipHeads.Reader reader) throws IOException {
        long left = most;
        String longName = "";
        byte[] head = new byte[ElfHead.LENGTH];
        while (true) {
            byte[] header = in.readNBytes(BLOCK);
            if (header.length < BLOCK || header[0] == 0) {
                return;
            }
            if (header[257] != 'u' || header[258] != 's' || header[259] != 't') {
                throw new IOException("it is no tar archive");
            }
            long size = size(header);
            long whole = (size + BLOCK - 1) / BLOCK * BLOCK;
            left -= BLOCK + whole;
            if (left < 0) {
                throw new IOException(
                        "it has more than %d MB, and no more is unpacked for this"
                                .formatted(most >> 20));
            }
            switch (header[156]) {
                case 'L' -> {
                    if (size > MAX_NAME) {
                        throw new IOException("a name has %d bytes".formatted(size));
                    }
                    longName = text(in.readNBytes((int) size), 0, (int) size);
                    in.skipNBytes(whole - size);
                    continue;
                }
                case 'x', 'g' -> in.skipNBytes(whole);
                case '0', 0, '7' -> {
                    int length = in.readNBytes(head, 0, (int) Math.min(head.length, size));
                    reader.file(longName.isEmpty() ? name(header) : longName, head, length);
                    in.skipNBytes(whole - length);
                    longName = "";
                }
                default -> {
                    in.skipNBytes(whole);
                    longName = "";
                }
            }
        }
    }

    private static String name(byte[] header) {
        String prefix = text(header, 345, 155);
        String name = text(header, 0, 100);
        String whole = prefix.isEmpty() || header[263] == ' ' ? name : prefix + "/" + name;
        return whole.startsWith("./") ? whole.substring(2) : whole;
    }

    private static String text(byte[] bytes, int from, int most) {
        int end = from;
        while (end < from + most && end < bytes.length && bytes[end] != 0) {
            end++;
        }
        return new String(bytes, from, end - from, UTF_8);
    }

    private static long size(byte[] header) throws IOException {
        long size = 0;
        if ((header[124] & 0x80) != 0) {
            // GNU's form for more than 8 GiB: binary.
            for (int i = 128; i < 136; i++) {
                size = size << 8 | (header[i] & 0xff);
            }
        } else {
            for (int i = 124; i < 136 && header[i] != 0 && header[i] != ' '; i++) {
                if (header[i] < '0' || header[i] > '7') {
                    throw new IOException("a size is no number");
                }
                size = size << 3 | (header[i] - '0');
            }
        }
        if (size < 0 || size > 1L << 50) {
            throw new IOException("a file claims to have %d bytes".formatted(size));
        }
        return size;
    }
}
