package io.armrunner.files;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;

/**
 * Some small files, links and directories that follow each other in an archive: read, compressed
 * and laid out as they will stand there, as one piece of work. One by one, handing the work to
 * another thread and back would cost as much as packing a file of some kilobytes.
 *
 * <p>The thread that writes the archive adds the entries, then {@link #pack} runs on one of {@link
 * PackingThreads}, then the writer has it back; handed over through a {@code Future}.
 */
final class FileBatch {
    private static final int MOST_BYTES = 512 * 1024;
    private static final int MOST_ENTRIES = 64;

    private final PackingSlot slot;
    private final List<Member> members = new ArrayList<>();
    private long bytes;

    FileBatch(PackingSlot slot) {
        this.slot = slot;
    }

    /** What became of an entry. */
    private enum Fate {
        AS_BEFORE,
        CHANGED,
        GONE
    }

    /** One entry; what is known of it once it is packed. */
    private static final class Member {
        private final Path path;
        private final String name;
        private final FileStatus status;
        private Fate fate = Fate.GONE;
        private byte[] head = new byte[0];
        private int at;
        private int method;
        private long crc;
        private int packed;
        private int size;

        Member(Path path, String name, FileStatus status) {
            this.path = path;
            this.name = name;
            this.status = status;
        }

        ZipHeaders.Entry entry(long start) {
            return new ZipHeaders.Entry(name, status, method, start + at, false);
        }
    }

    PackingSlot slot() {
        return slot;
    }

    /** The name of its first entry. */
    String name() {
        return members.getFirst().name;
    }

    /** Whether such an entry still has its place here. */
    boolean hasRoom(FileStatus status) {
        return members.isEmpty()
                || (members.size() < MOST_ENTRIES && bytes + content(status) <= MOST_BYTES);
    }

    /**
     * @param name of a directory with the slash behind it
     * @param status of a directory, a link or a file of at most {@link PackingSlot#PIECE}
     */
    void add(Path path, String name, FileStatus status) {
        members.add(new Member(path, name, status));
        bytes += content(status);
    }

    private static long content(FileStatus status) {
        return status.isRegular() ? status.size() : 0;
    }

    /**
     * Does the work.
     *
     * @throws LocalFileException when an entry cannot be read
     */
    FileBatch pack() throws IOException {
        LittleEndian out = slot.laidOut();
        out.clear();
        for (Member member : members) {
            member.at = out.size();
            try {
                ZipHeaders.local(out, member.entry(0));
                if (member.status.isRegular()) {
                    file(member, out);
                } else if (member.status.isLink()) {
                    plain(
                            PathNames.text(Files.readSymbolicLink(member.path)).getBytes(UTF_8),
                            member,
                            out);
                } else {
                    plain(new byte[0], member, out);
                }
                ZipHeaders.known(
                        out, member.at, member.method, member.crc, member.packed, member.size);
            } catch (NoSuchFileException e) {
                member.fate = Fate.GONE;
                out.end(member.at);
            } catch (IOException e) {
                throw new LocalFileException(
                        "%s could not be packed: %s".formatted(member.name, e.getMessage()), e);
            }
        }
        return this;
    }

    private void file(Member member, LittleEndian out) throws IOException {
        int most = (int) member.status.size();
        int from = out.size();
        out.room(most);
        byte[] array = out.array();
        try (FileChannel channel = SourceFile.open(member.path)) {
            member.size = SourceFile.fill(channel, array, from, most, 0);
        }
        member.head =
                Arrays.copyOfRange(array, from, from + Math.min(member.size, ArchiveListener.HEAD));
        CRC32 sum = new CRC32();
        sum.update(array, from, member.size);
        member.crc = sum.getValue();
        int smaller = slot.compress(array, from, member.size);
        if (smaller > 0) {
            System.arraycopy(slot.output(), 0, array, from, smaller);
        }
        member.method = smaller > 0 ? ZipHeaders.DEFLATED : ZipHeaders.STORED;
        member.packed = smaller > 0 ? smaller : member.size;
        out.end(from + member.packed);
        boolean same = member.size == most && member.status.isStillThatOf(member.path);
        member.fate = same ? Fate.AS_BEFORE : Fate.CHANGED;
    }

    private static void plain(byte[] content, Member member, LittleEndian out) {
        CRC32 sum = new CRC32();
        sum.update(content);
        member.crc = sum.getValue();
        member.packed = content.length;
        member.size = content.length;
        out.bytes(content);
        member.fate = Fate.AS_BEFORE;
    }

    /**
     * Writes what was packed, once {@link #pack} has ended.
     *
     * @param start where in the archive that is
     * @return how many bytes it was
     */
    long writeTo(OutputStream target, long start, ZipHeaders headers, ArchiveListener listener)
            throws IOException {
        for (Member member : members) {
            if (member.fate == Fate.GONE) {
                listener.warning(member.name + ": vanished before it was packed");
                continue;
            }
            if (member.fate == Fate.CHANGED) {
                listener.warning(member.name + ": file changed as it was packed");
            }
            if (member.status.isRegular()) {
                listener.file(member.name, member.head, member.head.length);
            }
            headers.finished(member.entry(start), member.crc, member.packed, member.size);
        }
        LittleEndian packed = slot.laidOut();
        target.write(packed.array(), 0, packed.size());
        return packed.size();
    }
}
