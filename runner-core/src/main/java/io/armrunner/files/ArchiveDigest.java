package io.armrunner.files;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Says in one word what is in an archive, whatever the times and owners of its files are. Reads a
 * zip file's directory only: names, permissions, sizes before and after compression, and the
 * checksums that the directory has of the contents.
 */
public final class ArchiveDigest {
    private static final int BUFFER = 64 * 1024;

    private ArchiveDigest() {}

    /** The digest; of an archive that is no zip file, that of its bytes. */
    public static String of(Path archive) throws IOException {
        MessageDigest digest = sha256();
        try (FileChannel file = FileChannel.open(archive, StandardOpenOption.READ)) {
            if (isZip(file)) {
                ZipDirectory entries = ZipDirectory.open(file);
                for (ZipDirectory.Entry entry = entries.next();
                        entry != null;
                        entry = entries.next()) {
                    add(digest, entry);
                }
            } else {
                ByteBuffer bytes = ByteBuffer.allocate(BUFFER);
                for (long at = 0; file.read(bytes, at) >= 0; bytes.clear()) {
                    at += bytes.position();
                    digest.update(bytes.flip());
                }
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static boolean isZip(FileChannel file) throws IOException {
        ByteBuffer magic = ByteBuffer.allocate(2);
        while (magic.hasRemaining() && file.read(magic, magic.position()) >= 0) {
            // Until both bytes are there.
        }
        return magic.get(0) == 'P' && magic.get(1) == 'K';
    }

    private static void add(MessageDigest digest, ZipDirectory.Entry entry) {
        byte[] name = entry.name().getBytes(UTF_8);
        ByteBuffer numbers = ByteBuffer.allocate(4 * Integer.BYTES + 3 * Long.BYTES);
        numbers.putInt(name.length).putInt(entry.mode()).putInt(entry.method()).putInt(0);
        numbers.putLong(entry.crc()).putLong(entry.packed()).putLong(entry.size());
        digest.update(numbers.flip());
        digest.update(name);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
