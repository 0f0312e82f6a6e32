package io.armrunner.codebuild.handover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.armrunner.cache.RemoteCache;
import io.armrunner.cache.RemoteCache.Operation;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class SignedCachesTest {
    private static final RemoteCache.Request GET =
            new RemoteCache.Request(URI.create("https://s3/b/o?X=1"), Map.of("a", "b"));

    @Test
    void whatWasSignedArrivesAsItWas() throws Exception {
        SignedCaches caches =
                new SignedCaches(
                        "cache", true, 5, Map.of(SignedCaches.name(Operation.GET, "o"), GET), "");
        SignedCaches there = SignedCaches.read(caches.json());

        assertThat(there).isEqualTo(caches);
        assertThat(there.sign(Operation.GET, "o", "key", Duration.ZERO)).isEqualTo(GET);
        assertThat(there.isNone()).isFalse();
        assertThat(SignedCaches.read(SignedCaches.NONE.json()).isNone()).isTrue();
    }

    @Test
    void whatWasNotSignedIsRefusedInTheSignersWords() {
        SignedCaches caches = new SignedCaches("", false, 0, Map.of(), "no keys for bucket b");

        assertThat(SignedCaches.read(caches.json()).isNone()).isFalse();
        assertThatThrownBy(() -> caches.sign(Operation.PUT, "o", "key", Duration.ZERO))
                .isInstanceOf(IOException.class)
                .hasMessage("no keys for bucket b");
    }
}
