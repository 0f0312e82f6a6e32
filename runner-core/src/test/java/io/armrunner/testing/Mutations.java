package io.armrunner.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/** Breaks documents at random, from a seed: the same seed breaks them in the same way. */
public final class Mutations {
    private static final List<String> ODD_TEXTS =
            List.of(
                    "",
                    " ",
                    "\0",
                    "a\0b",
                    "\n",
                    "\r\n\t",
                    "'",
                    "\"",
                    "`id`",
                    "$(id)",
                    "${",
                    "$",
                    "$$",
                    "${x",
                    "$${{ job.inputs.x }}",
                    "${{ job.inputs.x }}",
                    "../../../../etc/passwd",
                    "/",
                    "-",
                    "--help",
                    "*",
                    "[",
                    "{a,b",
                    "**/**/**",
                    "\uD800",
                    "\uDFFFx",
                    "\u202E\uFEFF\u0085\u2028",
                    "\uD83E\uDD80",
                    "e\u0301",
                    "\u001b[2J",
                    "NaN",
                    "1e999",
                    "-1",
                    "99999999999999999999999999",
                    "true",
                    "null",
                    "%s%n%d",
                    "\\",
                    "a=b",
                    "http://",
                    "http://[::1",
                    "https://user:pass@host:99999/x.git?y#z",
                    "file:///",
                    "1h",
                    "-5m",
                    "9223372036854775807h");

    private final RandomGenerator random;

    public Mutations(RandomGenerator random) {
        this.random = random;
    }

    /** A text that nobody expects. */
    public String oddText() {
        return random.nextInt(20) == 0
                ? ODD_TEXTS.get(random.nextInt(ODD_TEXTS.size())).repeat(20_000)
                : ODD_TEXTS.get(random.nextInt(ODD_TEXTS.size()));
    }

    /** Changes some places of a tree. */
    public void change(ObjectNode tree, int times) {
        for (int i = 0; i < times; i++) {
            List<Place> places = new ArrayList<>();
            collect(tree, places);
            if (places.isEmpty()) {
                return;
            }
            Place place = places.get(random.nextInt(places.size()));
            Place other = places.get(random.nextInt(places.size()));
            change(place, other);
        }
    }

    /** A place of a tree whose value can be replaced. */
    private record Place(JsonNode parent, String key, int index) {
        JsonNode value() {
            return parent.isObject() ? parent.path(key) : parent.path(index);
        }

        void set(JsonNode value) {
            switch (parent) {
                case ObjectNode object -> object.set(key, value);
                case ArrayNode array -> array.set(index, value);
                default -> throw new IllegalStateException("no container");
            }
        }

        void remove() {
            switch (parent) {
                case ObjectNode object -> object.remove(key);
                case ArrayNode array -> array.remove(index);
                default -> throw new IllegalStateException("no container");
            }
        }
    }

    private static void collect(JsonNode node, List<Place> places) {
        if (node instanceof ObjectNode object) {
            for (Map.Entry<String, JsonNode> entry : object.properties()) {
                places.add(new Place(object, entry.getKey(), -1));
                collect(entry.getValue(), places);
            }
        } else if (node instanceof ArrayNode array) {
            for (int i = 0; i < array.size(); i++) {
                places.add(new Place(array, "", i));
                collect(array.get(i), places);
            }
        }
    }

    private void change(Place place, Place other) {
        JsonNodeFactory make = JsonNodeFactory.instance;
        switch (random.nextInt(14)) {
            case 0 -> place.set(make.nullNode());
            case 1 -> place.remove();
            case 2, 3, 4 -> place.set(make.textNode(oddText()));
            case 5 -> place.set(make.numberNode(random.nextLong()));
            case 6 -> place.set(make.numberNode(random.nextInt(-3, 4)));
            case 7 -> place.set(make.numberNode(BigInteger.TEN.pow(random.nextInt(19, 400))));
            case 8 -> place.set(make.numberNode(random.nextDouble() * 1e300));
            case 9 -> place.set(make.booleanNode(random.nextBoolean()));
            case 10 -> place.set(nested(random.nextInt(1, 300)));
            case 11 -> {
                JsonNode value = place.value().deepCopy();
                place.set(other.value().deepCopy());
                other.set(value);
            }
            case 12 -> {
                if (place.parent() instanceof ObjectNode object) {
                    object.set(oddText(), place.value().deepCopy());
                } else if (place.parent() instanceof ArrayNode array) {
                    for (int i = 0; i < random.nextInt(1, 50); i++) {
                        array.add(place.value().deepCopy());
                    }
                }
            }
            default -> {
                ArrayNode array = make.arrayNode();
                array.add(place.value().deepCopy());
                place.set(array);
            }
        }
    }

    private JsonNode nested(int depth) {
        JsonNode node = JsonNodeFactory.instance.textNode(oddText());
        for (int i = 0; i < depth; i++) {
            node =
                    random.nextBoolean()
                            ? JsonNodeFactory.instance.arrayNode().add(node)
                            : JsonNodeFactory.instance.objectNode().set("a", node);
        }
        return node;
    }

    /** Changes a text with no regard to what it means. */
    public String changeText(String text) {
        if (text.isEmpty()) {
            return oddText();
        }
        int from = random.nextInt(text.length());
        int to = Math.min(text.length(), from + random.nextInt(1, 60));
        return switch (random.nextInt(6)) {
            case 0 -> text.substring(0, from);
            case 1 -> text.substring(0, from) + text.substring(to);
            case 2 -> text.substring(0, to) + text.substring(from);
            case 3 -> text.substring(0, from) + oddText() + text.substring(to);
            case 4 ->
                    text.substring(0, from)
                            + (char) random.nextInt(1, 0x2FFF)
                            + text.substring(from);
            default -> "[{(".substring(random.nextInt(3)).repeat(random.nextInt(1, 3000)) + text;
        };
    }

    /** Changes whole lines of a text: repeats, leaves out, swaps, and gives them odd values. */
    public String changeLines(String text) {
        List<String> lines = new ArrayList<>(text.lines().toList());
        int one = random.nextInt(lines.size());
        int other = random.nextInt(lines.size());
        String line = lines.get(one);
        int equals = line.indexOf('=');
        switch (random.nextInt(6)) {
            case 0 -> lines.add(other, line);
            case 1 -> lines.remove(one);
            case 2 -> {
                lines.set(one, lines.get(other));
                lines.set(other, line);
            }
            case 3 -> {
                if (equals > 0) {
                    lines.set(one, line.substring(0, equals + 1) + " " + value());
                }
            }
            case 4 -> {
                int its = lines.get(other).indexOf('=');
                if (equals > 0 && its > 0) {
                    lines.set(one, line.substring(0, equals) + lines.get(other).substring(its));
                }
            }
            default -> {
                if (equals > 0) {
                    lines.set(one, changeText(line.substring(0, equals)) + line.substring(equals));
                }
            }
        }
        return String.join("\n", lines) + "\n";
    }

    /** A value as TOML has it. */
    private String value() {
        return switch (random.nextInt(9)) {
            case 0 -> Long.toString(random.nextLong());
            case 1 -> "-0.5e300";
            case 2 -> Boolean.toString(random.nextBoolean());
            case 3 -> "[" + "[".repeat(random.nextInt(200)) + "]".repeat(random.nextInt(200)) + "]";
            case 4 -> "{ a = 1, b.c = \"x\" }";
            case 5 -> "1979-05-27T07:32:00Z";
            case 6 -> "\"\"\"\n" + oddText() + "\"\"\"";
            case 7 -> "'" + oddText() + "'";
            default -> "\"" + oddText().replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
        };
    }
}
