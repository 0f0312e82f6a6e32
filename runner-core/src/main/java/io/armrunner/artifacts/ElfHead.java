package io.armrunner.artifacts;

import java.util.Optional;

/** Reads for which machine a native file is, from its first bytes. Pure. */
final class ElfHead {
    /** How many bytes of a file are needed. */
    static final int LENGTH = 20;

    static final String AARCH64 = "aarch64";

    private ElfHead() {}

    /** The machine's name, if the bytes are the beginning of a native file (ELF). */
    static Optional<String> machine(byte[] head, int length) {
        if (length < LENGTH
                || head[0] != 0x7f
                || head[1] != 'E'
                || head[2] != 'L'
                || head[3] != 'F') {
            return Optional.empty();
        }
        boolean bigEndian = head[5] == 2;
        int low = head[bigEndian ? 19 : 18] & 0xff;
        int high = head[bigEndian ? 18 : 19] & 0xff;
        return Optional.of(name(high << 8 | low));
    }

    private static String name(int machine) {
        return switch (machine) {
            case 3 -> "i386";
            case 8 -> "mips";
            case 20 -> "powerpc";
            case 21 -> "powerpc64";
            case 22 -> "s390x";
            case 40 -> "arm (32 bit)";
            case 62 -> "x86-64";
            case 183 -> AARCH64;
            case 243 -> "riscv";
            case 247 -> "bpf";
            case 258 -> "loongarch";
            default -> "machine " + machine;
        };
    }

    /** The name under which we know a word of a user: {@code arm64} is {@code aarch64}. */
    static String canonical(String word) {
        return switch (word) {
            case "arm64" -> AARCH64;
            case "amd64", "x86_64" -> "x86-64";
            case "386", "i686", "x86" -> "i386";
            case "arm", "armhf" -> "arm (32 bit)";
            case "riscv64" -> "riscv";
            case "ppc64le", "ppc64" -> "powerpc64";
            default -> word;
        };
    }
}
