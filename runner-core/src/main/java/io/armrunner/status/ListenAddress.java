package io.armrunner.status;

import java.net.InetSocketAddress;

/**
 * Where the service listens: {@code listen_address} of the configuration, which may leave out host
 * or port (job-semantics §10.1).
 *
 * @param host empty for all addresses of the machine
 * @param port 0 takes a free one
 */
public record ListenAddress(String host, int port) {
    /** GitLab Runner's. */
    public static final int DEFAULT_PORT = 9252;

    /**
     * Reads {@code localhost}, {@code :9252}, {@code 10.0.0.1:9252} or {@code [::1]:9252}.
     *
     * @throws IllegalArgumentException with a line for the user
     */
    public static ListenAddress parse(String text) {
        String host = text;
        String port = "";
        int colon = text.lastIndexOf(':');
        if (text.startsWith("[")) {
            int end = text.indexOf(']');
            host = end < 0 ? "" : text.substring(1, end);
            port = end < 0 ? "?" : text.substring(end + 1);
            if (port.startsWith(":")) {
                port = port.substring(1);
            } else if (!port.isEmpty()) {
                port = "?";
            }
        } else if (colon >= 0) {
            host = text.substring(0, colon);
            port = text.substring(colon + 1);
        }
        try {
            int number = port.isEmpty() ? DEFAULT_PORT : Integer.parseInt(port);
            if (number >= 0 && number <= 65535 && !(host.contains(":") && !text.startsWith("["))) {
                return new ListenAddress(host, number);
            }
        } catch (NumberFormatException _) {
            // Said below.
        }
        throw new IllegalArgumentException(
                "listen_address must be HOST:PORT, HOST or :PORT, such as localhost:9252, but is "
                        + text);
    }

    /** To bind; the host's name is looked up here. */
    InetSocketAddress socket() {
        return host.isEmpty() ? new InetSocketAddress(port) : new InetSocketAddress(host, port);
    }

    /** Whether only this machine reaches it. */
    public boolean isLoopback() {
        InetSocketAddress socket = socket();
        return socket.getAddress() != null && socket.getAddress().isLoopbackAddress();
    }

    ListenAddress withPort(int bound) {
        return new ListenAddress(host, bound);
    }

    @Override
    public String toString() {
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
}
