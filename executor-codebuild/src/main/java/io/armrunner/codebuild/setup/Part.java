package io.armrunner.codebuild.setup;

/** One resource of an installation. Used by one thread. */
interface Part {
    /** What it is, such as {@code bucket armrunner-main-…}. */
    String title();

    /**
     * What is to be done about it; changes nothing.
     *
     * @throws SetupException when something with its name is there that is not ours
     */
    Change look() throws SetupException;

    /** Creates it or brings it up to date. */
    void make() throws SetupException, InterruptedException;

    /**
     * Whether it is there and carries our tag; without the tag it is left alone.
     *
     * @throws SetupException when it is in use
     */
    Presence presence() throws SetupException;

    /** Takes it away. */
    void remove();

    /** Whether something is there, and ours. */
    enum Presence {
        ABSENT,
        FOREIGN,
        OURS
    }

    /**
     * A line of the plan.
     *
     * @param kind what happens
     * @param what the settings that change
     */
    record Change(Kind kind, String what) {
        enum Kind {
            CREATE,
            UPDATE,
            KEEP
        }

        static Change create() {
            return new Change(Kind.CREATE, "");
        }

        static Change keep() {
            return new Change(Kind.KEEP, "");
        }

        static Change update(java.util.List<String> what) {
            return what.isEmpty() ? keep() : new Change(Kind.UPDATE, String.join(", ", what));
        }
    }
}
