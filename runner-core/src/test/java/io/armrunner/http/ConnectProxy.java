package io.armrunner.http;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A proxy on a real socket that opens tunnels, to one place whatever it is asked for, so that names
 * work which nobody can look up. Strict: wrong credentials are a 407, other methods a 405.
 */
final class ConnectProxy implements AutoCloseable {
    private final ServerSocket socket;
    private final int target;
    private final String authorization;
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private final List<Socket> open = new CopyOnWriteArrayList<>();

    /** A proxy to {@code target} on this machine for whoever shows {@code authorization}. */
    ConnectProxy(int target, String authorization) throws IOException {
        this.target = target;
        this.authorization = authorization;
        socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().name("proxy-accept").start(this::accept);
    }

    String url(String user) {
        return "http://" + user + "127.0.0.1:" + socket.getLocalPort();
    }

    /** The request lines of the tunnels that were opened. */
    List<String> asked() {
        return List.copyOf(asked);
    }

    private void accept() {
        try {
            while (true) {
                Socket client = socket.accept();
                open.add(client);
                Thread.ofVirtual().name("proxy-tunnel").start(() -> serve(client));
            }
        } catch (IOException _) {
            // Closed.
        }
    }

    private void serve(Socket client) {
        try (client) {
            InputStream in = new BufferedInputStream(client.getInputStream());
            String request = line(in);
            String given = "";
            String header = line(in);
            while (!header.isEmpty()) {
                if (header.toLowerCase(Locale.ROOT).startsWith("proxy-authorization:")) {
                    given = header.substring(header.indexOf(':') + 1).strip();
                }
                header = line(in);
            }
            if (!request.startsWith("CONNECT ")) {
                say(client, "405 Method Not Allowed");
            } else if (!given.equals(authorization)) {
                say(client, "407 Proxy Authentication Required");
            } else {
                asked.add(request);
                tunnel(client, in);
            }
        } catch (IOException _) {
            // The other side has gone, which ends the tunnel.
        }
    }

    private void tunnel(Socket client, InputStream in) throws IOException {
        try (Socket server = new Socket(InetAddress.getLoopbackAddress(), target)) {
            open.add(server);
            client.getOutputStream()
                    .write(
                            "HTTP/1.1 200 Connection established\r\n\r\n"
                                    .getBytes(StandardCharsets.US_ASCII));
            Thread back =
                    Thread.ofVirtual().name("proxy-back").start(() -> copyBack(server, client));
            in.transferTo(server.getOutputStream());
            server.shutdownOutput();
            back.join();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private static void copyBack(Socket server, Socket client) {
        try {
            server.getInputStream().transferTo(client.getOutputStream());
            client.shutdownOutput();
        } catch (IOException _) {
            // The client has gone.
        }
    }

    private static void say(Socket client, String status) throws IOException {
        OutputStream out = client.getOutputStream();
        out.write(
                ("HTTP/1.1 " + status + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        int next = in.read();
        while (next >= 0 && next != '\n') {
            if (next != '\r') {
                line.append((char) next);
            }
            next = in.read();
        }
        return line.toString();
    }

    @Override
    public void close() throws IOException {
        socket.close();
        for (Socket each : open) {
            each.close();
        }
    }
}
