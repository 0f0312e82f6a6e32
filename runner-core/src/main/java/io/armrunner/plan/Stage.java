package io.armrunner.plan;

import io.armrunner.spec.Artifacts;
import io.armrunner.spec.Dependency;
import java.util.List;
import java.util.Locale;

/** One part of a job with its own section in the log, in GitLab's words (job-semantics §1.2). */
public sealed interface Stage {
    /** GitLab's id, which is also the section's name. */
    String id();

    /** The line that opens the stage in the log, without colours. */
    String header();

    /** Which container runs it. */
    Place place();

    /** Which container runs a stage; on a host shell both are the same. */
    enum Place {
        /** Sources, caches, artifacts: the tools are the runner's. */
        HELPER,
        /** The user's scripts: the tools are the image's. */
        BUILD
    }

    /** The result of the job so far that an archive or upload stage waits for. */
    enum When {
        /** All went well. */
        SUCCESS,
        /** Something before has failed. */
        FAILURE;

        /** Whether an entry with this {@code when} of the payload belongs here. */
        boolean takes(String when) {
            return switch (when) {
                case "always" -> true;
                case "", "on_success" -> this == SUCCESS;
                case "on_failure" -> this == FAILURE;
                default -> false;
            };
        }
    }

    /** Says where the job runs. */
    record PrepareScript() implements Stage {
        @Override
        public String id() {
            return "prepare_script";
        }

        @Override
        public String header() {
            return "Preparing environment";
        }

        @Override
        public Place place() {
            return Place.HELPER;
        }
    }

    /** Brings the sources; its data is {@link JobPlan#sources()}. */
    record GetSources() implements Stage {
        @Override
        public String id() {
            return "get_sources";
        }

        @Override
        public String header() {
            return "Getting source from Git repository";
        }

        @Override
        public Place place() {
            return Place.HELPER;
        }
    }

    /**
     * Empties the project directory; the engine runs it once, before the second attempt of {@link
     * GetSources}.
     */
    record ClearWorktree() implements Stage {
        @Override
        public String id() {
            return "clear_worktree";
        }

        @Override
        public String header() {
            return "Deleting all tracked and untracked files due to source fetch failure";
        }

        @Override
        public Place place() {
            return Place.HELPER;
        }
    }

    /** Extracts the caches, in order. */
    record RestoreCache(List<CacheEntry> entries) implements Stage {
        public RestoreCache {
            entries = List.copyOf(entries);
        }

        @Override
        public String id() {
            return "restore_cache";
        }

        @Override
        public String header() {
            return "Restoring cache";
        }

        @Override
        public Place place() {
            return Place.HELPER;
        }
    }

    /** Fetches the artifacts of earlier jobs, in order, each with its own token. */
    record DownloadArtifacts(List<Dependency> dependencies) implements Stage {
        public DownloadArtifacts {
            dependencies = List.copyOf(dependencies);
        }

        @Override
        public String id() {
            return "download_artifacts";
        }

        @Override
        public String header() {
            return "Downloading artifacts";
        }

        @Override
        public Place place() {
            return Place.HELPER;
        }
    }

    /**
     * One step of the user's job.
     *
     * @param name the payload's name in lower case: {@code script}, {@code release}
     * @param commands the list as the shell gets it; those of {@code release} are already expanded
     */
    record Step(String name, List<String> commands) implements Stage {
        public Step {
            name = name.toLowerCase(Locale.ROOT);
            commands = List.copyOf(commands);
        }

        @Override
        public String id() {
            return "step_" + name;
        }

        @Override
        public String header() {
            return "Executing \"" + id() + "\" stage of the job script";
        }

        @Override
        public Place place() {
            return Place.BUILD;
        }
    }

    /** The user's after_script, once the steps were reached. */
    record AfterScript(List<String> commands) implements Stage {
        public AfterScript {
            commands = List.copyOf(commands);
        }

        @Override
        public String id() {
            return "after_script";
        }

        @Override
        public String header() {
            return "Running after_script";
        }

        @Override
        public Place place() {
            return Place.BUILD;
        }
    }

    /**
     * Saves the caches whose {@code when} fits; a plan has one for each {@link When} that has any.
     */
    record ArchiveCache(When when, List<CacheEntry> entries) implements Stage {
        public ArchiveCache {
            entries = List.copyOf(entries);
        }

        @Override
        public String id() {
            return switch (when) {
                case SUCCESS -> "archive_cache";
                case FAILURE -> "archive_cache_on_failure";
            };
        }

        @Override
        public String header() {
            return switch (when) {
                case SUCCESS -> "Saving cache for successful job";
                case FAILURE -> "Saving cache for failed job";
            };
        }

        @Override
        public Place place() {
            return Place.HELPER;
        }
    }

    /**
     * Uploads the artifacts whose {@code when} fits; a plan has one for each {@link When} that has
     * any.
     */
    record UploadArtifacts(When when, List<Artifacts> entries) implements Stage {
        public UploadArtifacts {
            entries = List.copyOf(entries);
        }

        @Override
        public String id() {
            return switch (when) {
                case SUCCESS -> "upload_artifacts_on_success";
                case FAILURE -> "upload_artifacts_on_failure";
            };
        }

        @Override
        public String header() {
            return switch (when) {
                case SUCCESS -> "Uploading artifacts for successful job";
                case FAILURE -> "Uploading artifacts for failed job";
            };
        }

        @Override
        public Place place() {
            return Place.HELPER;
        }
    }

    /**
     * Removes what must not outlive the job.
     *
     * @param files absolute paths that the engine deletes itself, missing ones passed over, on
     *     every way a job ends
     * @param script whether there is also a script to run ({@code StageScripts.render}); without,
     *     no process is needed
     */
    record Cleanup(List<String> files, boolean script) implements Stage {
        public Cleanup {
            files = List.copyOf(files);
        }

        @Override
        public String id() {
            return "cleanup_file_variables";
        }

        @Override
        public String header() {
            return "Cleaning up project directory and file based variables";
        }

        @Override
        public Place place() {
            return Place.HELPER;
        }
    }

    /**
     * One cache of the job, its variables expanded; keys are not sanitised yet (job-semantics
     * §7.1).
     *
     * @param key the key, or {@code <job name>/<ref>} if the payload's is empty
     * @param fallbackKeys keys to try after it, in order, without {@code CACHE_FALLBACK_KEY}
     * @param paths globs as sent: they are expanded where the files are looked for
     * @param untracked whether files that git does not track belong to it
     * @param policy {@code pull-push}, {@code pull} or {@code push}; any other word fails the stage
     *     that meets it
     */
    record CacheEntry(
            String key,
            List<String> fallbackKeys,
            List<String> paths,
            boolean untracked,
            String policy) {
        public CacheEntry {
            fallbackKeys = List.copyOf(fallbackKeys);
            paths = List.copyOf(paths);
        }
    }
}
