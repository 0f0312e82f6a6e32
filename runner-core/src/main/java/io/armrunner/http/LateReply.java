package io.armrunner.http;

import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;

/**
 * Lets a reply be read that came while the request was still being sent.
 *
 * <p>A server that refuses an upload (413) answers and closes; the next write then fails before the
 * reply, which is already here, is read. So a failed write counts as done: either the reply is read
 * next, or the end of the connection is, and that is the error. Needs {@code AUTO_CLOSE} off.
 */
@Sharable
final class LateReply extends ChannelOutboundHandlerAdapter {
    static final LateReply INSTANCE = new LateReply();

    private LateReply() {}

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        var _ =
                context.write(message)
                        .addListener(_ -> {
                            if (!promise.isVoid()) {
                                promise.trySuccess();
                            }
                        });
    }
}
