package io.armrunner.cli;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/**
 * The JDK's own signal handlers. The class is in a supported module, but the compiler warns of it
 * in a way that can't be answered, so it is reached by its name.
 */
final class JvmSignal {
    private static final String SIGNAL = "sun.misc.Signal";
    private static final String HANDLER = "sun.misc.SignalHandler";

    private JvmSignal() {}

    /**
     * Calls {@code action} on a thread of its own for each signal of this name, which has no {@code
     * SIG}.
     */
    static void handle(String name, Runnable action) {
        try {
            Class<?> handler = Class.forName(HANDLER);
            set(
                    name,
                    Proxy.newProxyInstance(
                            JvmSignal.class.getClassLoader(),
                            new Class<?>[] {handler},
                            (self, method, arguments) ->
                                    switch (method.getName()) {
                                        case "handle" -> {
                                            action.run();
                                            yield null;
                                        }
                                        case "hashCode" -> System.identityHashCode(self);
                                        case "equals" ->
                                                System.identityHashCode(self)
                                                        == System.identityHashCode(arguments[0]);
                                        default -> "handler of SIG" + name;
                                    }));
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException("this Java has no module jdk.unsupported", e);
        }
    }

    /** Gives the signal back to the system. */
    static void byDefault(String name) {
        try {
            set(name, Class.forName(HANDLER).getField("SIG_DFL").get(null));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this Java has no module jdk.unsupported", e);
        }
    }

    private static void set(String name, Object handler) {
        try {
            Class<?> signal = Class.forName(SIGNAL);
            signal.getMethod("handle", signal, Class.forName(HANDLER))
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), handler);
        } catch (InvocationTargetException e) {
            throw new IllegalStateException("SIG" + name + " can't be handled", e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this Java has no module jdk.unsupported", e);
        }
    }
}
