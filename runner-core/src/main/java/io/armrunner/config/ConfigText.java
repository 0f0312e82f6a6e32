package io.armrunner.config;

import io.armrunner.config.TomlOutline.Item;
import java.util.ArrayList;
import java.util.List;

/**
 * The text of a {@code config.toml} and edits of it. An edit touches its own runner only: comments,
 * order and layout of the rest stay byte for byte. Immutable; {@link ConfigFile#save} brings it to
 * disk.
 */
public final class ConfigText {
    private static final String FRESH =
            "concurrent = 1\ncheck_interval = 0\nshutdown_timeout = 0\n";

    private final String origin;
    private final String text;

    ConfigText(String origin, String text) {
        this.origin = origin;
        this.text = text;
    }

    /** A configuration with nothing in it yet; {@code origin} is what errors call it. */
    public static ConfigText empty(String origin) {
        return new ConfigText(origin, "");
    }

    /** This text, as it would be in the file {@code origin}. */
    public static ConfigText of(String origin, String text) {
        return new ConfigText(origin, text);
    }

    /** The text as it is. */
    public String text() {
        return text;
    }

    /**
     * This text with one more {@code [[runners]]} at its end; an empty text gets the global keys
     * first.
     */
    public ConfigText withRunner(RunnerEntry entry) throws ConfigException {
        refuseInline();
        StringBuilder edited = new StringBuilder(text.isBlank() ? FRESH : text);
        if (edited.charAt(edited.length() - 1) != '\n') {
            edited.append('\n');
        }
        edited.append('\n').append(entry.toml());
        return checked(edited.toString());
    }

    /** This text without the runner at {@code index}, counted from 0 in the order of the file. */
    public ConfigText withoutRunner(int index) throws ConfigException {
        refuseInline();
        List<Item> items = TomlOutline.of(text).items();
        String path = "runners[" + index + "]";
        StringBuilder kept = new StringBuilder();
        int from = 0;
        for (int i = 0; i < items.size(); i++) {
            if (!items.get(i).header() || !items.get(i).within(path)) {
                continue;
            }
            int next = i + 1;
            while (next < items.size()
                    && (!items.get(next).header() || items.get(next).within(path))) {
                next++;
            }
            kept.append(text, from, sectionStart(items.get(i).start()));
            from = next < items.size() ? sectionStart(items.get(next).start()) : text.length();
            i = next - 1;
        }
        kept.append(text, from, text.length());
        return checked(kept.toString());
    }

    /**
     * This text with other values of the runner at {@code index}; keys it does not have are added
     * below its header.
     */
    public ConfigText withRunnerValues(int index, RunnerEntry changes) throws ConfigException {
        refuseInline();
        String path = "runners[" + index + "]";
        StringBuilder edited = new StringBuilder(text);
        List<Item> items = new ArrayList<>(TomlOutline.of(text).items());
        Item header =
                items.stream()
                        .filter(item -> item.header() && item.path().equalsIgnoreCase(path))
                        .findFirst()
                        .orElseThrow(() -> new ConfigException(origin + ": has no " + path));
        StringBuilder added = new StringBuilder();
        // From the end to the start, so that offsets stay true.
        for (Item item : items.reversed()) {
            if (!item.header() && item.path().startsWith(path)) {
                changes.valueOf(item.path().substring(path.length() + 1))
                        .ifPresent(
                                value -> edited.replace(item.valueStart(), item.valueEnd(), value));
            }
        }
        for (String key : changes.ownKeys()) {
            boolean present =
                    items.stream().anyMatch(item -> item.path().equalsIgnoreCase(path + "." + key));
            if (!present) {
                changes.valueOf(key)
                        .ifPresent(value ->
                                added.append("\n  ").append(key).append(" = ").append(value));
            }
        }
        edited.insert(header.valueEnd(), added);
        return checked(edited.toString());
    }

    /** A comment right above a header belongs to it, unless it opens the file. */
    private int sectionStart(int header) {
        int start = lineStart(header);
        int section = start;
        while (section > 0) {
            int above = lineStart(section - 1);
            if (!text.substring(above, section).strip().startsWith("#")) {
                return section;
            }
            section = above;
        }
        return start;
    }

    private int lineStart(int offset) {
        return text.lastIndexOf('\n', offset - 1) + 1;
    }

    private void refuseInline() throws ConfigException {
        if (TomlOutline.of(text).items().stream()
                .anyMatch(item -> !item.header() && item.path().equalsIgnoreCase("runners"))) {
            throw new ConfigException(
                    origin
                            + ": has its runners in one line (runners = [...]); write them as [[runners]] tables first");
        }
    }

    private ConfigText checked(String edited) throws ConfigException {
        ConfigReader.parse(edited, origin);
        return new ConfigText(origin, edited);
    }
}
