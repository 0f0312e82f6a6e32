package io.armrunner.status;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ServiceHealthTest {
    private final OperationsFixture.Clock clock = new OperationsFixture.Clock();
    private final ServiceHealth health = new ServiceHealth(clock);

    private void called(int status) {
        health.called(OperationsFixture.RUNNER, status);
    }

    @Test
    void aGitLabThatIsAwayForAMinuteIsTrouble() {
        called(-1);
        clock.pass(Duration.ofSeconds(59));
        called(503);
        assertThat(health.troubles()).isEmpty();
        clock.pass(Duration.ofSeconds(1));
        assertThat(health.troubles())
                .singleElement()
                .satisfies(trouble -> {
                    assertThat(trouble.about()).isEqualTo("gitlab https://gitlab.example.com");
                    assertThat(trouble.what()).contains("rack one", "503");
                });
        called(204);
        assertThat(health.troubles()).isEmpty();
    }

    @Test
    void aServiceThatHasNothingToAskIsWell() {
        called(204);
        clock.pass(Duration.ofHours(5));
        assertThat(health.troubles()).isEmpty();
        called(-1);
        assertThat(health.troubles()).isEmpty();
    }

    @Test
    void aRunnerThatIsGoneIsNoTrouble() {
        called(-1);
        clock.pass(Duration.ofMinutes(2));
        assertThat(health.troubles()).hasSize(1);
        health.runners(List.of());
        assertThat(health.troubles()).isEmpty();
    }

    @Test
    void threeBreakdownsInARowAreTheLanes() {
        JobFacts job =
                new JobFacts(
                        new JobKey("Zk3QpW9xL", 1),
                        OperationsFixture.RUNNER,
                        "shell",
                        5,
                        "g/p",
                        "n",
                        "s",
                        "",
                        0,
                        "",
                        0,
                        0,
                        clock.instant());
        for (int i = 0; i < 3; i++) {
            assertThat(health.troubles()).isEmpty();
            health.jobEnded(job, failed("runner_system_failure"));
        }
        assertThat(health.troubles().getFirst().about()).isEqualTo("lane shell of runner rack one");
        health.jobEnded(job, failed("script_failure"));
        assertThat(health.troubles()).isEmpty();
    }

    private JobEnd failed(String reason) {
        return new JobEnd(JobEnd.Result.FAILED, reason, 1, true, 0, clock.instant());
    }

    @Test
    void aTroubleKeepsItsBeginning() {
        health.trouble("disk", Optional.of("300 MB free"));
        clock.pass(Duration.ofMinutes(5));
        health.trouble("disk", Optional.of("200 MB free"));
        assertThat(health.troubles().getFirst().what()).isEqualTo("200 MB free");
        assertThat(health.troubles().getFirst().since())
                .isEqualTo(clock.instant().minus(Duration.ofMinutes(5)));
        health.trouble("disk", Optional.empty());
        assertThat(health.troubles()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "localhost, localhost, 9252",
        ":9000, '', 9000",
        "0.0.0.0:9252, 0.0.0.0, 9252",
        "[::1]:80, ::1, 80",
        "[::1], ::1, 9252",
        "runner.example:1, runner.example, 1"
    })
    @Tag("JS-174")
    void anAddressMayLeaveOutItsPort(String text, String host, int port) {
        assertThat(ListenAddress.parse(text)).isEqualTo(new ListenAddress(host, port));
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost:http", "1.2.3.4:70000", "::1", "[::1", "[::1]x", "a:-1"})
    void anAddressThatIsNoneIsSaid(String text) {
        assertThatThrownBy(() -> ListenAddress.parse(text))
                .hasMessageContaining("localhost:9252")
                .hasMessageContaining(text);
    }

    @Test
    void onlyThisMachineReachesLoopback() {
        assertThat(ListenAddress.parse("localhost").isLoopback()).isTrue();
        assertThat(ListenAddress.parse("127.0.0.1:1").isLoopback()).isTrue();
        assertThat(ListenAddress.parse(":9252").isLoopback()).isFalse();
        assertThat(ListenAddress.parse("0.0.0.0:9252").isLoopback()).isFalse();
    }
}
