package io.armrunner.manager;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * The numbers that keep the directories of one runner's jobs apart: for each job the lowest that is
 * free among all its running jobs, and among those of the same project (job-semantics §9.2).
 * Thread-safe.
 */
final class ConcurrentIds {
    private final BitSet runner = new BitSet();
    private final Map<Long, BitSet> projects = new HashMap<>();

    /** A running job's numbers; closing gives them back. */
    record Ids(int concurrentId, int concurrentProjectId, long project, ConcurrentIds owner)
            implements AutoCloseable {
        @Override
        public void close() {
            owner.release(this);
        }
    }

    synchronized Ids take(long project) {
        BitSet ofProject = projects.computeIfAbsent(project, _ -> new BitSet());
        int id = runner.nextClearBit(0);
        int projectId = ofProject.nextClearBit(0);
        runner.set(id);
        ofProject.set(projectId);
        return new Ids(id, projectId, project, this);
    }

    /**
     * Takes the numbers that a job has had before a restart; before any other job takes its own.
     */
    synchronized Ids take(long project, int id, int projectId) {
        runner.set(id);
        projects.computeIfAbsent(project, _ -> new BitSet()).set(projectId);
        return new Ids(id, projectId, project, this);
    }

    private synchronized void release(Ids ids) {
        runner.clear(ids.concurrentId());
        BitSet ofProject = projects.get(ids.project());
        if (ofProject != null) {
            ofProject.clear(ids.concurrentProjectId());
            if (ofProject.isEmpty()) {
                projects.remove(ids.project());
            }
        }
    }
}
