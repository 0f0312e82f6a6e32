package io.armrunner.config;

/** What a key's value may be. */
public enum KeyType {
    STRING("a string"),
    SECRET("a string"),
    INTEGER("a whole number"),
    BOOLEAN("true or false"),
    DURATION("a duration such as \"10m\""),
    TIME("a date and time"),
    STRINGS("a list of strings"),
    /** GitLab Runner takes one string or several. */
    STRING_OR_STRINGS("a string or a list of strings"),
    STRING_MAP("a table of strings"),
    BOOLEAN_MAP("a table of true and false"),
    TABLE("a table"),
    TABLES("an array of tables"),
    /** A table of something that armrunner does not have; what is in it is not looked at. */
    FOREIGN("a table");

    private final String text;

    KeyType(String text) {
        this.text = text;
    }

    /** For an error's text. */
    String text() {
        return text;
    }

    boolean holdsKeys() {
        return this == TABLE || this == TABLES;
    }
}
