package io.armrunner.cache;

/** Status codes of object stores as the log shows them, {@code 403 Forbidden}. */
final class HttpStatus {
    private HttpStatus() {}

    static String of(int status) {
        String word =
                switch (status) {
                    case 301 -> "Moved Permanently";
                    case 307 -> "Temporary Redirect";
                    case 400 -> "Bad Request";
                    case 401 -> "Unauthorized";
                    case 403 -> "Forbidden";
                    case 404 -> "Not Found";
                    case 405 -> "Method Not Allowed";
                    case 408 -> "Request Timeout";
                    case 409 -> "Conflict";
                    case 411 -> "Length Required";
                    case 412 -> "Precondition Failed";
                    case 413 -> "Request Entity Too Large";
                    case 429 -> "Too Many Requests";
                    case 500 -> "Internal Server Error";
                    case 501 -> "Not Implemented";
                    case 502 -> "Bad Gateway";
                    case 503 -> "Service Unavailable";
                    case 504 -> "Gateway Timeout";
                    default -> "";
                };
        return word.isEmpty() ? Integer.toString(status) : status + " " + word;
    }
}
