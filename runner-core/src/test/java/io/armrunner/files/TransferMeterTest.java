package io.armrunner.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TransferMeterTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0 B",
        "999, 999 B",
        "1000, 1.00 KB",
        "12345678, 12.35 MB",
        "999999, 1000.00 KB",
        "5000000000, 5.00 GB"
    })
    void sizesAreDecimal(long bytes, String text) {
        assertThat(TransferMeter.bytes(bytes)).isEqualTo(text);
    }

    @Test
    void ratesHaveOneDigitBehindThePoint() {
        assertThat(TransferMeter.rate(2_460_000, Duration.ofSeconds(2))).isEqualTo("1.2 MB/s");
        assertThat(TransferMeter.rate(10, Duration.ofSeconds(3))).isEqualTo("3 B/s");
        assertThat(TransferMeter.rate(0, Duration.ZERO)).isEqualTo("0 B/s");
    }
}
