package io.armrunner.artifacts;

/** Status codes as the log shows them, {@code 201 Created}. */
final class HttpWords {
    private HttpWords() {}

    static String of(int status) {
        String word =
                switch (status) {
                    case 200 -> "OK";
                    case 201 -> "Created";
                    case 206 -> "Partial Content";
                    case 307 -> "Temporary Redirect";
                    case 308 -> "Permanent Redirect";
                    case 400 -> "Bad Request";
                    case 401 -> "Unauthorized";
                    case 403 -> "Forbidden";
                    case 404 -> "Not Found";
                    case 405 -> "Method Not Allowed";
                    case 408 -> "Request Timeout";
                    case 409 -> "Conflict";
                    case 413 -> "Request Entity Too Large";
                    case 416 -> "Requested Range Not Satisfiable";
                    case 422 -> "Unprocessable Entity";
                    case 429 -> "Too Many Requests";
                    case 500 -> "Internal Server Error";
                    case 502 -> "Bad Gateway";
                    case 503 -> "Service Unavailable";
                    case 504 -> "Gateway Timeout";
                    default -> "";
                };
        return word.isEmpty() ? Integer.toString(status) : status + " " + word;
    }
}
