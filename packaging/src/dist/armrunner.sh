#!/bin/sh
# Starts armrunner. ARMRUNNER_JAVA_OPTS adds options for the JVM; ARMRUNNER_JAVA names another JVM (25 or newer).

self=$0
while [ -L "$self" ]; do
  link=$(readlink "$self")
  case $link in
    /*) self=$link ;;
    *) self=${self%/*}/$link ;;
  esac
done
case $self in
  */*) home=${self%/*}/.. ;;
  *) home=.. ;;
esac
home=$(CDPATH='' cd -- "$home" && pwd -P) || exit 1
lib=$home/lib

java=${ARMRUNNER_JAVA:-$home/runtime/bin/java}
if [ ! -x "$java" ]; then
  echo "armrunner: there is no Java at $java; unpack the distribution again, or set ARMRUNNER_JAVA to a java of version 25 or newer" >&2
  exit 1
fi

# The cache holds classes already read and linked. The JVM takes it only with the class path and the flags it was made with.
# It is for our own runtime alone. The service has one of its own, without what only other commands need.
cache=
if [ -z "${ARMRUNNER_NO_AOT:-}${ARMRUNNER_JAVA:-}" ]; then
  name=armrunner
  for word; do
    case $word in
      run) name=run; break ;;
      exec | benchmark) break ;;
    esac
  done
  [ ! -f "$lib/$name.aot" ] || cache=-XX:AOTCache=$lib/$name.aot
fi

# One allocation arena: glibc's default of eight a core costs tens of megabytes. Jobs must not inherit it, so the mark says
# that it is ours and the program takes both out of what it hands on.
if [ -z "${MALLOC_ARENA_MAX:-}" ]; then
  export MALLOC_ARENA_MAX=1 ARMRUNNER_ARENA=1
fi

# What few commands need stands behind the usual class path, which the cache was made for, and only when they are called.
path=@CLASS_PATH@
for word; do
  case $word in
    codebuild) path=$path:@AWS_CLASS_PATH@ ;;
    --fake-aws) path=$path:@AWS_CLASS_PATH@:@FAKE_AWS_CLASS_PATH@ ;;
  esac
done

# Descriptor 3 is kept free for the program: it is how SIGQUIT reaches it.
# Serial collector and C1 only: a runner waits most of the time, so memory and start-up count and peak speed does not.
# CompileThresholdScaling: most code runs a few times only, so compiling at the usual threshold takes a third of all start-up work.
# CompileCommand: what runs thousands of times for one archive, packing and sending it, is compiled early all the same.
# useNativeAccessorOnly: reading a payload calls each record's constructor once or twice; a method handle for each is 90 classes.
# Netty frees its buffers through Unsafe: its other way links four C functions at start, which is 60 classes more.
# ArchiveRelocationMode=0 maps the cache where it wants to be, so that its pages stay shared with the file.
# shellcheck disable=SC2086 # ARMRUNNER_JAVA_OPTS is a list of options
exec "$java" \
  -XX:+UseSerialGC \
  -XX:+UseCompactObjectHeaders \
  -XX:TieredStopAtLevel=1 \
  -XX:CompileThresholdScaling=5 \
  -XX:CICompilerCount=1 \
  -XX:CompileCommand=quiet \
  '-XX:CompileCommand=CompileThresholdScaling,io.armrunner.files.*::*,0.1' \
  '-XX:CompileCommand=CompileThresholdScaling,sun.nio.fs.*::*,0.1' \
  '-XX:CompileCommand=CompileThresholdScaling,sun.nio.ch.*::*,0.1' \
  '-XX:CompileCommand=CompileThresholdScaling,reactor.netty.channel.MonoSend*::*,0.1' \
  '-XX:CompileCommand=CompileThresholdScaling,io.netty.channel.*::*,0.1' \
  '-XX:CompileCommand=CompileThresholdScaling,io.netty.buffer.*::*,0.1' \
  '-XX:CompileCommand=CompileThresholdScaling,io.netty.handler.codec.*::*,0.1' \
  -XX:ReservedCodeCacheSize=24m \
  -Xss256k \
  -Xms6m \
  -Xmx256m \
  -XX:MinHeapFreeRatio=5 \
  -XX:MaxHeapFreeRatio=10 \
  -XX:-UsePerfData \
  -XX:+UnlockDiagnosticVMOptions \
  -XX:ArchiveRelocationMode=0 \
  -XX:TrimNativeHeapInterval=5000 \
  -Xlog:disable \
  -Xlog:all=error:stderr \
  -XX:+ExitOnOutOfMemoryError \
  --enable-native-access=ALL-UNNAMED \
  --sun-misc-unsafe-memory-access=allow \
  -Dio.netty.noUnsafe=false \
  -Djdk.reflect.useNativeAccessorOnly=true \
  -Darmrunner.launcher="$home/bin/armrunner" \
  ${cache:+"$cache"} \
  ${ARMRUNNER_JAVA_OPTS:-} \
  -cp "$path" \
  io.armrunner.cli.Main "$@" 3</dev/null
