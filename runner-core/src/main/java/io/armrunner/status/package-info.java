/**
 * What the operator sees of the service: books of jobs, health, metrics, a page.
 *
 * <p>The manager tells what happens through {@link io.armrunner.status.JobEvents}. {@link
 * io.armrunner.status.Operations} is the listener of a service: it keeps the {@link
 * io.armrunner.status.JobBook}, which is what runs now and the last hundred jobs, in memory and in
 * small files of the state directory ({@link io.armrunner.status.StateView} reads them for the
 * command line), keeps the logs of ended jobs for a while ({@code KeptLogs}), and knows in {@link
 * io.armrunner.status.ServiceHealth} what is wrong. Only where a listen address is set are there
 * {@code Metrics} and the {@code StatusServer}; neither is loaded otherwise. Nothing here ever sees
 * a token or the value of a variable: logs are read from their files, where they are masked. Facts:
 * job-semantics §11.4, §11.5.
 */
@NullMarked
package io.armrunner.status;

import org.jspecify.annotations.NullMarked;
