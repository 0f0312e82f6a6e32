package io.armrunner.variables;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GoDurationTest {
    @ParameterizedTest
    @CsvSource({
        "1h20m,4800000",
        "90s,90000",
        "500ms,500",
        "1.5h,5400000",
        "-5m,-300000",
        "+2s,2000",
        "0,0",
        "0s,0",
        "1h0m0.5s,3600500",
        ".5s,500",
        "1.s,1000"
    })
    void goDurationsAreRead(String text, long millis) {
        assertThat(GoDuration.parse(text)).contains(Duration.ofMillis(millis));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "600",
                "-",
                "s",
                "1d",
                "1 h",
                "one",
                ".s",
                "1..2s",
                "5m3",
                "99999999999h"
            })
    void othersAreRefused(String text) {
        assertThat(GoDuration.parse(text)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "3600000,1h0m0s",
        "60000,1m0s",
        "90000,1m30s",
        "2500,2.5s",
        "500,500ms",
        "0,0s",
        "300000,5m0s",
        "-300000,-5m0s",
        "7200001,2h0m0.001s"
    })
    void durationsArePrintedAsGoDoes(long millis, String text) {
        assertThat(GoDuration.format(Duration.ofMillis(millis))).isEqualTo(text);
    }

    @Test
    void tinyDurationsHaveTheirOwnUnits() {
        assertThat(GoDuration.format(Duration.ofNanos(1500))).isEqualTo("1.5µs");
        assertThat(GoDuration.format(Duration.ofNanos(7))).isEqualTo("7ns");
    }
}
