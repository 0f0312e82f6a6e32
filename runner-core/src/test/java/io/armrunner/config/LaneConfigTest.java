package io.armrunner.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code [[runners.lanes]]}. */
final class LaneConfigTest {
    private static List<LaneConfig> lanes(String lines) throws ConfigException {
        String toml =
                """
                [[runners]]
                name = "r"
                url = "https://gitlab.example.com"
                token = "glrt-x"
                executor = "shell"
                """
                        + lines;
        LoadedConfig loaded = ConfigReader.read(toml, "config.toml", Map.of());
        assertThat(loaded.warnings().lines()).isEmpty();
        return loaded.config().runners().getFirst().lanes();
    }

    @Test
    void withoutEntriesThereIsOnlyTheRunnersExecutor() throws Exception {
        assertThat(lanes("")).isEmpty();
    }

    @Test
    void allThatAnEntryCanSay() throws Exception {
        assertThat(
                        lanes(
                                """
                                [[runners.lanes]]
                                name = "pi"
                                capacity = 2
                                refs = "protected"
                                max_timeout = "30m"
                                min_free_disk = "2GB"
                                min_free_memory = "512 MiB"
                                max_temperature = 75
                                throttled = true
                                paused = true
                                [[runners.lanes]]
                                """))
                .containsExactly(
                        new LaneConfig(
                                "pi",
                                "shell",
                                new LaneConfig.Rules(
                                        2,
                                        true,
                                        LaneConfig.Refs.PROTECTED,
                                        Optional.of(Duration.ofMinutes(30))),
                                new LaneConfig.Floors(2L << 30, 512L << 20, 75, true),
                                lanes("[[runners.lanes]]").getFirst().codebuild()),
                        lanes("[[runners.lanes]]").getFirst())
                .last()
                .satisfies(lane -> {
                    assertThat(lane.name()).isEqualTo("shell");
                    assertThat(lane.rules()).isEqualTo(LaneConfig.Rules.NONE);
                });
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    executor = "podman"       | runners[0].lanes[0].executor must be one of shell, codebuild, but is "podman"
                    capacity = -1             | runners[0].lanes[0].capacity must be 0 (no limit) or more
                    refs = "mine"             | runners[0].lanes[0].refs must be "all" or "protected", but is "mine"
                    min_free_disk = "much"    | runners[0].lanes[0].min_free_disk must be a size such as "2GB", but is "much"
                    max_temperature = 400     | runners[0].lanes[0].max_temperature must be 0 (any) to 150 degrees Celsius
                    max_timeout = "0s"        | runners[0].lanes[0].max_timeout must be longer than 0
                    """)
    void whatIsWrongIsSaidWithItsPlace(String line, String message) {
        assertThatThrownBy(() -> lanes("[[runners.lanes]]\n" + line))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("config.toml:7: " + message);
    }

    @Test
    void twoLanesOfOneNameAreRefused() {
        assertThatThrownBy(() -> lanes("[[runners.lanes]]\n[[runners.lanes]]\n"))
                .hasMessageContaining("runners[0].lanes[1].name stands twice");
    }

    @ParameterizedTest
    @CsvSource({
        "1024, 1024",
        "1KB, 1024",
        "2 GiB, 2147483648",
        "500m, 524288000",
        "1T, 1099511627776",
        "0, 0",
    })
    void sizesAreReadAsPeopleWriteThem(String text, long bytes) {
        assertThat(ByteSize.parse(text)).hasValue(bytes);
    }

    @ParameterizedTest
    @CsvSource({"''", "GB", "-1", "1.5GB", "9999999999T", "five"})
    void whatIsNoSizeIsNone(String text) {
        assertThat(ByteSize.parse(text)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"0, 0 bytes", "20480, 20 KB", "3221225472, 3072 MB", "12884901888, 12 GB"})
    void sizesAreShownShort(long bytes, String text) {
        assertThat(ByteSize.format(bytes)).isEqualTo(text);
    }
}
