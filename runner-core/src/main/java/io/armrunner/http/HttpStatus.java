package io.armrunner.http;

/** Status codes as a job's log shows them, {@code 403 Forbidden}. */
public final class HttpStatus {
    private HttpStatus() {}

    /** The code with its word; without one where it has none that is usual. */
    public static String of(int status) {
        String word =
                switch (status) {
                    case 200 -> "OK";
                    case 201 -> "Created";
                    case 206 -> "Partial Content";
                    case 301 -> "Moved Permanently";
                    case 307 -> "Temporary Redirect";
                    case 308 -> "Permanent Redirect";
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
                    case 416 -> "Requested Range Not Satisfiable";
                    case 422 -> "Unprocessable Entity";
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
