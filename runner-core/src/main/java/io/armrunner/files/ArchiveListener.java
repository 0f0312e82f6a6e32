package io.armrunner.files;

/** Hears of what goes into an archive, in its order, on the thread that writes it. */
public interface ArchiveListener {
    /** How many bytes of a file's beginning are shown. */
    int HEAD = 64;

    /**
     * A regular file begins.
     *
     * @param name its path in the archive
     * @param head its first bytes; valid during the call only
     * @param length how many there are, at most {@link #HEAD}
     */
    void file(String name, byte[] head, int length);

    /** Something is not as it was when the files were found. The archive is whole all the same. */
    void warning(String message);
}
