/**
 * Caches of jobs: what a job leaves for later ones is packed and kept, on this machine and where
 * configured in an object store, and put back over the project of the next job (job-semantics §7).
 *
 * <p>{@link io.armrunner.cache.CacheStages} does the two stages for the engine. {@code CacheKey}
 * turns what the job calls its cache into a path that leads nowhere else, {@code CacheKeys} says
 * which of them a stage uses; {@code LocalCache} is the directory of one key on this machine.
 * {@code CacheRestore} brings an archive and extracts it, {@code CacheSave} packs one and sends it.
 * Whoever knows the object store implements {@link io.armrunner.cache.RemoteCache}: it only signs
 * requests, and {@code RemoteArchive} sends them; {@link io.armrunner.cache.CacheRequests} tells
 * beforehand which they are. A cache that cannot be had or kept is a line in the log, never the end
 * of a job.
 */
@NullMarked
package io.armrunner.cache;

import org.jspecify.annotations.NullMarked;
