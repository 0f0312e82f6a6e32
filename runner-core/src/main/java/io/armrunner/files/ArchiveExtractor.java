package io.armrunner.files;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Extracts an archive of any kind that artifacts and caches have; its first bytes tell which
 * (job-semantics §6.6).
 */
public final class ArchiveExtractor {
    private static final int MAGIC = 4;

    private final PackingThreads threads;

    public ArchiveExtractor(PackingThreads threads) {
        this.threads = threads;
    }

    /**
     * Puts the contents over the directory.
     *
     * @throws ArchiveException when the archive is broken, of a kind that cannot be extracted, or
     *     an entry would lie outside
     * @throws IOException when a file cannot be written
     */
    public void extract(Path archive, Path directory) throws IOException {
        byte[] magic;
        try (InputStream in = Files.newInputStream(archive)) {
            magic = in.readNBytes(MAGIC);
        }
        if (starts(magic, 0x28, 0xb5, 0x2f, 0xfd)) {
            new TarZstdExtractor().extract(archive, directory);
            return;
        }
        if (starts(magic, 0x1f, 0x8b)) {
            throw new ArchiveException("it is a gzip file, which is no archive");
        }
        new ZipExtractor(threads).extract(archive, directory);
    }

    private static boolean starts(byte[] bytes, int... wanted) {
        for (int i = 0; i < wanted.length; i++) {
            if (i >= bytes.length || (bytes[i] & 0xff) != wanted[i]) {
                return false;
            }
        }
        return true;
    }
}
