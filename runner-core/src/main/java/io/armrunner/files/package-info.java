/**
 * Files of a job in and out of archives: what artifacts and caches share (job-semantics §6.3, §6.4,
 * §6.7).
 *
 * <p>{@link io.armrunner.files.ShellExpansion} puts variables into a configured path; {@link
 * io.armrunner.files.FileFinder} turns paths, excludes and {@code untracked} into a sorted list of
 * files and says in the log what it found; {@link io.armrunner.files.ZipPacker} and {@link
 * io.armrunner.files.GzipMembers} write them to a stream while it is sent; {@link
 * io.armrunner.files.ZipExtractor} puts an archive over a directory and nowhere else. {@link
 * io.armrunner.files.PackingThreads} are the few threads on which all jobs compress. {@link
 * io.armrunner.files.HelperLines} writes the lines that users know from GitLab Runner's helper
 * tool. Nothing here holds a whole file or archive in memory.
 */
@NullMarked
package io.armrunner.files;

import org.jspecify.annotations.NullMarked;
