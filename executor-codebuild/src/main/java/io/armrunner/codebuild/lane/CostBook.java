package io.armrunner.codebuild.lane;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.codebuild.handover.Tariff;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.InstantSource;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What builds have cost this month (UTC), in a file that outlives the process. The numbers are
 * armrunner's own count of ended builds, by the price table: AWS's bill is the truth. Thread-safe.
 */
public final class CostBook {
    private static final Logger LOG = LoggerFactory.getLogger(CostBook.class);

    private final Path file;
    private final InstantSource clock;
    private YearMonth month;
    private long builds;
    private long minutes;
    private long seconds;
    private double dollars;

    /**
     * What a month has cost.
     *
     * @param builds that ended
     * @param minutes that were billed
     * @param seconds that were billed besides, of builds on Lambda compute
     * @param dollars for them; builds without a known price count 0
     */
    public record Month(YearMonth month, long builds, long minutes, long seconds, double dollars) {
        private String time() {
            return seconds == 0
                    ? minutes + " minutes"
                    : minutes == 0
                            ? seconds + " seconds"
                            : "%d minutes and %d seconds".formatted(minutes, seconds);
        }
    }

    /** The book in a file, which is made with the first entry. */
    CostBook(Path file, InstantSource clock) {
        this.file = file;
        this.clock = clock;
        this.month = current();
        try {
            if (Files.exists(file)) {
                JsonNode json = Wire.tree(Files.readAllBytes(file));
                if (json.path("month").asText().equals(month.toString())) {
                    builds = json.path("builds").asLong();
                    minutes = json.path("minutes").asLong();
                    seconds = json.path("seconds").asLong();
                    dollars = json.path("dollars").asDouble();
                }
            }
        } catch (IOException e) {
            LOG.error(
                    "costs_unreadable file={} error=\"{}\" hint=\"this month is counted from 0\"",
                    file,
                    e.toString());
        }
    }

    private YearMonth current() {
        return YearMonth.from(clock.instant().atOffset(ZoneOffset.UTC));
    }

    /** A build has ended, for which so many units are billed. */
    synchronized void add(Tariff tariff, long units) {
        turn();
        builds++;
        switch (tariff.unit()) {
            case MINUTE -> minutes += units;
            case SECOND -> seconds += units;
        }
        dollars += units * tariff.dollars();
        ObjectNode json =
                Wire.mapper()
                        .createObjectNode()
                        .put("month", month.toString())
                        .put("builds", builds)
                        .put("minutes", minutes)
                        .put("seconds", seconds)
                        .put("dollars", dollars);
        try {
            Path directory = file.toAbsolutePath().getParent();
            if (directory != null) {
                Files.createDirectories(directory);
            }
            Path aside = file.resolveSibling(file.getFileName() + ".new");
            Files.write(aside, Wire.bytes(json));
            Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            LOG.error("costs_unwritten file={} error=\"{}\"", file, e.toString());
        }
    }

    /** This month so far. */
    public synchronized Month month() {
        turn();
        return new Month(month, builds, minutes, seconds, dollars);
    }

    private void turn() {
        YearMonth now = current();
        if (!now.equals(month)) {
            month = now;
            builds = 0;
            minutes = 0;
            seconds = 0;
            dollars = 0;
        }
    }

    /** Why no more builds should start; {@code cap} in US dollars, 0 for none. */
    Optional<String> exhausted(double cap) {
        if (cap == 0) {
            return Optional.empty();
        }
        Month now = month();
        return now.dollars() < cap
                ? Optional.empty()
                : Optional.of(
                        "its monthly_cap of %s is reached: %s for %s in %s"
                                .formatted(
                                        Prices.text(cap),
                                        Prices.text(now.dollars()),
                                        now.time(),
                                        now.month()));
    }
}
