package io.armrunner.codebuild.handover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.armrunner.cache.RemoteCache;
import io.armrunner.cache.RemoteCache.Operation;
import io.armrunner.cache.RemoteCache.PartStep;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class SignedCachesTest {
    private static final RemoteCache.Request GET =
            new RemoteCache.Request(URI.create("https://s3/b/o?X=1"), Map.of("a", "b"));

    @Test
    void whatWasSignedArrivesAsItWas() throws Exception {
        SignedCaches caches =
                new SignedCaches(
                        "cache",
                        true,
                        5,
                        new RemoteCache.Limits(7, 3),
                        Map.of(
                                SignedCaches.name(Operation.GET, "o"),
                                GET,
                                SignedCaches.begin("o"),
                                GET),
                        "");
        SignedCaches there = SignedCaches.read(caches.json());

        assertThat(there).isEqualTo(caches);
        assertThat(there.sign(Operation.GET, "o", "key", Duration.ZERO)).isEqualTo(GET);
        assertThat(there.sign(new PartStep.Begin(), "o", "key", Duration.ZERO)).isEqualTo(GET);
        assertThat(there.isNone()).isFalse();
        assertThat(SignedCaches.read(SignedCaches.NONE.json()).isNone()).isTrue();
    }

    @Test
    void partsThatWereSignedArriveAsTheyWereAndTellNobodyTheirSignatures() throws Exception {
        PartsSigned signed =
                new PartsSigned(
                        new PartsWanted("o", "u/1+2=", 201, 2),
                        List.of(GET, GET),
                        List.of(GET, GET),
                        "");

        assertThat(PartsSigned.read(signed.json())).isEqualTo(signed);
        assertThat(signed.toString()).doesNotContain("X=1");
        PartsSigned refused = PartsSigned.refused(signed.wanted(), "not its own");
        assertThat(PartsSigned.read(refused.json())).isEqualTo(refused);
    }

    @Test
    void whatWasNotSignedIsRefusedInTheSignersWords() {
        SignedCaches caches =
                new SignedCaches(
                        "", false, 0, RemoteCache.Limits.NONE, Map.of(), "no keys for bucket b");

        assertThat(SignedCaches.read(caches.json()).isNone()).isFalse();
        assertThatThrownBy(() -> caches.sign(Operation.PUT, "o", "key", Duration.ZERO))
                .isInstanceOf(IOException.class)
                .hasMessage("no keys for bucket b");
    }
}
