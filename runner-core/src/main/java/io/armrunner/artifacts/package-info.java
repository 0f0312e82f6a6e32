/**
 * Artifacts of jobs: what a job leaves is found, packed and sent; what earlier jobs left is fetched
 * and unpacked (job-semantics §6, runner-protocol §7).
 *
 * <p>{@link io.armrunner.artifacts.ArtifactStages} does the two stages for the engine. {@code
 * ArtifactUpload} sends one entry of the payload, packing it while it is sent and once more for
 * each try; {@code ArtifactDownload} brings one archive into a file beside the project and takes up
 * a transfer that broke off. {@code ArchCheck} is our own: it reads which machine the native files
 * in an artifact are for, in archives within it too, and says so at the end of the log. {@code
 * Provenance} writes the statement that GitLab Runner calls artifacts metadata.
 */
@NullMarked
package io.armrunner.artifacts;

import org.jspecify.annotations.NullMarked;
