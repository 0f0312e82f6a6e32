/**
 * Secrets of a job that other servers keep (runner-protocol §3.8.14, job-semantics §2.6).
 *
 * <p>A payload names them by variable: a provider, where in it, and how to log in, mostly with an
 * ID token that GitLab made for the job. {@link io.armrunner.secrets.SecretResolver} goes through
 * them and makes masked variables; each {@link io.armrunner.secrets.SecretProvider} fetches from
 * one kind of server. {@link io.armrunner.secrets.VaultProvider} is HashiCorp Vault; AWS Secrets
 * Manager is where AWS is. A {@link io.armrunner.secrets.SecretRequest} gives a provider its part
 * of the payload, with the job's variables put in.
 */
@NullMarked
package io.armrunner.secrets;

import org.jspecify.annotations.NullMarked;
