package io.armrunner.http;

import io.netty.resolver.AddressResolver;
import io.netty.resolver.AddressResolverGroup;
import io.netty.resolver.InetNameResolver;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Promise;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;

/**
 * Finds addresses the way the machine is set up to: {@code /etc/hosts}, {@code nsswitch.conf},
 * search domains, and the JDK's short cache. The library's own resolver knows less and costs
 * memory.
 *
 * <p>A look-up blocks its thread in the C library. That is neither an event loop nor a carrier of
 * virtual threads, of which there are as few as cores, but a thread of its own; connections are
 * made seldom.
 */
final class SystemResolver extends AddressResolverGroup<InetSocketAddress> {
    static final SystemResolver INSTANCE = new SystemResolver();

    private interface Lookup<T> {
        T run() throws UnknownHostException;
    }

    private SystemResolver() {}

    @Override
    protected AddressResolver<InetSocketAddress> newResolver(EventExecutor executor) {
        return new Names(executor).asAddressResolver();
    }

    private static final class Names extends InetNameResolver {
        Names(EventExecutor executor) {
            super(executor);
        }

        @Override
        protected void doResolve(String host, Promise<InetAddress> promise) {
            look(host, () -> InetAddress.getByName(host), promise);
        }

        @Override
        protected void doResolveAll(String host, Promise<List<InetAddress>> promise) {
            look(host, () -> List.of(InetAddress.getAllByName(host)), promise);
        }

        private static <T> void look(String host, Lookup<T> lookup, Promise<T> promise) {
            if (NetUtil.isValidIpV4Address(host) || NetUtil.isValidIpV6Address(host)) {
                answer(lookup, promise);
            } else {
                Thread.ofPlatform()
                        .daemon()
                        .name("http-resolve-" + host)
                        .start(() -> answer(lookup, promise));
            }
        }

        private static <T> void answer(Lookup<T> lookup, Promise<T> promise) {
            try {
                promise.setSuccess(lookup.run());
            } catch (UnknownHostException | RuntimeException e) {
                promise.setFailure(e);
            }
        }
    }
}
