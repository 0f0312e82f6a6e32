package io.armrunner.cache;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CacheKeyTest {
    @Tag("JS-143")
    @ParameterizedTest
    @CsvSource(
            value = {
                "k-non_protected | k-non_protected",
                "a/../../b       | b",
                "a/../b          | b",
                "..%2F..%2Fx     | x",
                "%2E%2e/x        | x",
                "a\\b            | a/b",
                "a//b/./c/       | a/b/c",
                "' k '           | ' k'",
                "'a/b/   '       | a/b",
                "'a/b/.. '       | a",
                "'a/.. /'        | ''",
                "/etc/passwd     | etc/passwd",
                "a%252fb         | a%252fb",
                "Ключ/été        | Ключ/été",
            },
            delimiter = '|')
    void aKeyBecomesAPathThatStaysWhereItBelongs(String raw, String expected) {
        String path = CacheKey.sanitized(raw).map(CacheKey::path).orElse("");

        assertThat(path).isEqualTo(expected == null ? "" : expected);
    }

    @Tag("JS-143")
    @ParameterizedTest
    @ValueSource(strings = {"..", ".", "/", "", "  ", "../..", "%2e%2e", "\\", " / \t", "a/../ "})
    void nothingIsLeftOfTheseKeys(String raw) {
        assertThat(CacheKey.sanitized(raw)).isEmpty();
    }

    @Test
    void aHashedKeyIsNamedByItsSha256AndShownAsItIs() {
        CacheKey key = CacheKey.hashed("../abc");

        assertThat(key.human()).isEqualTo("../abc");
        assertThat(CacheKey.hashed("abc").path())
                .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assertThat(key.path()).hasSize(64);
    }
}
