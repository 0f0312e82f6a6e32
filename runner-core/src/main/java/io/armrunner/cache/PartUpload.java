package io.armrunner.cache;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.armrunner.cache.ObjectCalls.Answer;
import io.armrunner.cache.ObjectCalls.Done;
import io.armrunner.cache.RemoteCache.PartStep;
import io.armrunner.files.HelperLines;
import io.armrunner.files.TransferMeter;
import io.armrunner.http.HttpReply;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Sends an archive that is too large for one request: in parts, one after the other, which the
 * store puts together to the same object (job-semantics §7.5). Each part is tried as often as any
 * request; an upload that comes to nothing is given up, so that nobody pays for its parts. Used
 * once, on the job's thread.
 */
final class PartUpload {
    private static final int PIECE = 64 * 1024;

    /** No store takes more parts. */
    private static final int MOST_PARTS = 10_000;

    private final ObjectCalls calls;
    private final HelperLines lines;
    private final Path archive;
    private final long size;
    private final long partSize;
    private final List<String> etags = new ArrayList<>();
    private String upload = "";
    private String etag = "";

    /**
     * @param partSize of all parts but the last, unless there would be too many
     */
    PartUpload(ObjectCalls calls, HelperLines lines, Path archive, long size, long partSize) {
        this.calls = calls;
        this.lines = lines;
        this.archive = archive;
        this.size = size;
        this.partSize = Math.max(partSize, Math.ceilDiv(size, MOST_PARTS));
    }

    /** The store's mark of the object, once it is there; empty if it said none. */
    String etag() {
        return etag;
    }

    Answer send(TransferMeter meter) throws IOException, InterruptedException {
        Answer begun = calls.tries(this::begin);
        if (!(begun instanceof Done)) {
            return begun;
        }
        Answer answer;
        try (TransferMeter.Transfer transfer = meter.begin("Uploading cache", size)) {
            answer = parts(transfer);
        }
        if (answer instanceof Done) {
            answer = calls.tries(this::complete);
        }
        if (!(answer instanceof Done)) {
            giveUp();
        }
        return answer;
    }

    private Answer begin() throws IOException, InterruptedException {
        RemoteCache.Request signed = calls.sign(new PartStep.Begin());
        try (HttpReply reply = calls.call(ObjectCalls.request("POST", signed), signed)) {
            if (reply.status() / 100 != 2) {
                return ObjectCalls.refused(reply);
            }
            upload = ObjectCalls.element(ObjectCalls.text(reply), "UploadId");
            if (upload.isEmpty()) {
                throw new IOException("the store gave the upload no id");
            }
        }
        lines.info(
                "Uploading cache.zip to %s in %d parts"
                        .formatted(signed.address(), Math.ceilDiv(size, partSize)));
        return new Done();
    }

    private Answer parts(TransferMeter.Transfer transfer) throws IOException, InterruptedException {
        for (long at = 0; at < size; at += partSize) {
            long from = at;
            Answer answer = calls.tries(() -> part(from, transfer));
            if (!(answer instanceof Done)) {
                return answer;
            }
        }
        return new Done();
    }

    private Answer part(long from, TransferMeter.Transfer transfer)
            throws IOException, InterruptedException {
        long length = Math.min(partSize, size - from);
        RemoteCache.Request signed = calls.sign(new PartStep.Part(upload, etags.size() + 1));
        try (HttpReply reply =
                calls.call(
                        ObjectCalls.request("PUT", signed)
                                .with("Content-Length", Long.toString(length))
                                .with(out -> copy(from, length, out, transfer)),
                        signed)) {
            if (reply.status() / 100 != 2) {
                return ObjectCalls.refused(reply);
            }
            etags.add(
                    reply.header("ETag")
                            .orElseThrow(() -> new IOException("the store gave a part no ETag")));
            return new Done();
        }
    }

    private void copy(long from, long length, OutputStream out, TransferMeter.Transfer transfer)
            throws IOException {
        byte[] piece = new byte[PIECE];
        try (RandomAccessFile in = new RandomAccessFile(archive.toFile(), "r")) {
            in.seek(from);
            for (long left = length; left > 0; ) {
                int n = in.read(piece, 0, (int) Math.min(piece.length, left));
                if (n < 0) {
                    throw new IOException("the archive has become shorter: " + archive);
                }
                out.write(piece, 0, n);
                transfer.add(n);
                left -= n;
            }
        }
    }

    private Answer complete() throws IOException, InterruptedException {
        StringBuilder xml = new StringBuilder("<CompleteMultipartUpload>");
        for (int i = 0; i < etags.size(); i++) {
            xml.append("<Part><PartNumber>")
                    .append(i + 1)
                    .append("</PartNumber><ETag>")
                    .append(etags.get(i).replace("\"", "&quot;"))
                    .append("</ETag></Part>");
        }
        xml.append("</CompleteMultipartUpload>");
        RemoteCache.Request signed = calls.sign(new PartStep.Complete(upload));
        try (HttpReply reply =
                calls.call(
                        ObjectCalls.request("POST", signed).with(xml.toString().getBytes(UTF_8)),
                        signed)) {
            if (reply.status() / 100 != 2) {
                return ObjectCalls.refused(reply);
            }
            String text = ObjectCalls.text(reply);
            if (text.contains("<Error>")) {
                // It answers 200 before it has begun to put the parts together.
                throw new IOException("received: 200 OK" + ObjectCalls.reason(text));
            }
            etag = ObjectCalls.element(text, "ETag").replace("&quot;", "\"").replace("&#34;", "\"");
            return new Done();
        }
    }

    private void giveUp() throws IOException, InterruptedException {
        Answer answer =
                calls.tries(() -> {
                    RemoteCache.Request signed = calls.sign(new PartStep.GiveUp(upload));
                    try (HttpReply reply =
                            calls.call(ObjectCalls.request("DELETE", signed), signed)) {
                        return reply.status() / 100 == 2 ? new Done() : ObjectCalls.refused(reply);
                    }
                });
        if (!(answer instanceof Done)) {
            lines.warning(
                    "The parts that were sent are still in the store; a rule of the bucket for incomplete uploads removes them");
        }
    }
}
