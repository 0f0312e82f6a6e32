package io.armrunner.artifacts;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.BiConsumer;

/** Finds native files inside of archives: wheels, jars and other zip files. */
final class Containers {
    private Containers() {}

    /** Whether a file is an archive that {@link #scan} reads, by its first bytes. */
    static boolean isOne(String name, byte[] head, int length) {
        return length > 4 && head[0] == 'P' && head[1] == 'K' && head[2] == 3 && head[3] == 4;
    }

    /**
     * Tells of each native file in an archive.
     *
     * @param found gets the name, {@code lib.whl!/a/b.so}, and the machine
     * @return why it could not be read, or nothing
     */
    static String scan(Path file, String name, BiConsumer<String, String> found) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            io.armrunner.files.ZipHeads.read(
                    channel,
                    ElfHead.LENGTH,
                    (entry, head, length) ->
                            ElfHead.machine(head, length)
                                    .ifPresent(
                                            machine -> found.accept(name + "!/" + entry, machine)));
            return "";
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }
}
