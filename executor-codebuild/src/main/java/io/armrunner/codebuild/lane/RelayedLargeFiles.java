package io.armrunner.codebuild.lane;

import io.armrunner.plan.GitUrl;
import io.armrunner.spec.JobFailure;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Fetches the files that Git LFS keeps for a commit, into the repository that goes to the build:
 * git-lfs there takes them out of it as out of any other directory.
 */
final class RelayedLargeFiles {
    private final RelayGit git;

    RelayedLargeFiles(RelayGit git) {
        this.git = git;
    }

    /** What came of it. */
    sealed interface Outcome {}

    /** The commit has no large files. */
    record None() implements Outcome {}

    /**
     * They are in the repository.
     *
     * @param address where git-lfs would look for them
     */
    record Fetched(String address) implements Outcome {}

    /**
     * They are not; the build has only pointers to them.
     *
     * @param why for the job's log
     */
    record Left(String why) implements Outcome {}

    /**
     * Fetches them.
     *
     * @param url of the repository, without credentials
     * @param isOurs whether the runner is to fetch from an address
     */
    Outcome fetch(Path bare, String url, String commit, Predicate<String> isOurs)
            throws JobFailure, IOException, InterruptedException {
        List<String> look =
                List.of("grep", "-q", "-e", "filter=lfs", commit, "--", ":(glob)**/.gitattributes");
        if (git.tried(bare, look).isEmpty()) {
            return new None();
        }
        String address = address(bare, url, commit);
        if (!isOurs.test(address) || address.chars().anyMatch(Character::isISOControl)) {
            return new Left(
                    "the large files of %s are at %s: they are for the build to fetch"
                            .formatted(url, GitUrl.clean(address)));
        }
        if (git.tried(bare, List.of("lfs", "version")).isEmpty()) {
            return new Left(
                    "the large files of %s stay pointers: the runner's machine has no git-lfs to fetch them; install it there, or set GIT_LFS_SKIP_SMUDGE: \"1\""
                            .formatted(url));
        }
        RelayGit.Ended ended =
                git.run(
                        bare,
                        List.of(
                                "-c",
                                "remote.origin.url=" + url,
                                "-c",
                                "lfs.url=" + address,
                                "lfs",
                                "fetch",
                                "origin",
                                commit));
        return ended.code() == 0
                ? new Fetched(address)
                : new Left(
                        "the runner could not fetch all large files of %s: %s"
                                .formatted(url, ended.errors().strip()));
    }

    /** Where git-lfs looks for them. */
    private String address(Path bare, String url, String commit)
            throws JobFailure, IOException, InterruptedException {
        Optional<String> told =
                git.tried(
                        bare,
                        List.of("config", "--blob", commit + ":.lfsconfig", "--get", "lfs.url"));
        String usual = (url.endsWith(".git") ? url : url + ".git") + "/info/lfs";
        return told.map(String::strip).filter(text -> !text.isEmpty()).orElse(usual);
    }
}
