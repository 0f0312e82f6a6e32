package io.armrunner.http;

import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;

/**
 * Writes requests to a proxy for plain http the way RFC 9112 §3.2.2 wants them: {@code GET
 * http://host/path}. Many proxies refuse CONNECT to other ports than 443.
 */
@Sharable
final class AbsoluteForm extends ChannelOutboundHandlerAdapter {
    static final AbsoluteForm INSTANCE = new AbsoluteForm();

    private AbsoluteForm() {}

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (message instanceof HttpRequest request) {
            request.setUri("http://" + request.headers().get(HttpHeaderNames.HOST) + request.uri());
        }
        var _ = context.write(message, promise);
    }
}
