#!/bin/sh
# Starts the agent in a build. What it says is seen by whoever may look at builds, so it says nothing of the job.
# Exit codes: 0 the job was delivered, 75 the manager has to finish it, 78 the agent cannot start.
# Uses what the shell itself has: a small image may have nothing else.
set -u
here=$(CDPATH='' cd -- "${0%/*}" && pwd -P) || exit 78
say() { printf 'armrunner agent: %s\n' "$1"; }

# Sets $version to the number of the Java in a directory, 0 if there is none.
look() {
  version=
  [ -n "$1" ] && [ -x "$1/bin/java" ] || { version=0; return; }
  if [ -r "$1/release" ]; then
    while IFS= read -r line; do
      case $line in JAVA_VERSION=*) version=${line#JAVA_VERSION=}; version=${version#\"} ;; esac
    done < "$1/release"
  fi
  if [ -z "$version" ]; then
    told=$("$1/bin/java" --version 2>/dev/null) || told=
    version=${told#* }
  fi
  version=${version%%[!0-9]*}
  version=${version:-0}
}

java=
path=$(command -v java 2>/dev/null) || path=
for home in "${JAVA_25_HOME:-}" "${JAVA_HOME:-}" "${path%/bin/java}"; do
  look "$home"
  if [ "$version" -ge 25 ]; then
    java=$home/bin/java
    break
  fi
done

# AWS has put a Java of ours beside the agent where the image is not known to have one.
if [ -z "$java" ]; then
  runtime=${CODEBUILD_SRC_DIR_runtime:-}
  libc=glibc
  for loader in /lib/ld-musl-*.so.1; do
    [ ! -e "$loader" ] || libc=musl
  done
  if [ -z "$runtime" ]; then
    say "this image has no Java 25, and this armrunner brings none for it: take an image with Java 25, a curated one of CodeBuild, or placement = \"host\""
    exit 78
  fi
  if [ ! -f "$runtime/$libc/bin/java" ]; then
    say "this image has $libc and no Java 25, and armrunner brings no Java for $libc: take an image with Java 25 or another libc, or placement = \"host\""
    exit 78
  fi
  java=$runtime/$libc/bin/java
  # Unpacking may have lost the right to execute.
  [ -x "$java" ] || chmod -R u+rx "$runtime/$libc/bin" "$runtime/$libc/lib"
  if ! why=$("$java" --version 2>&1); then
    case $why in
      *GLIBC_* | *GLIBCXX_*) why="its C library is older than armrunner's Java needs" ;;
      *) why=${why%%
*} ;;
    esac
    say "armrunner's Java does not run in this image ($why): take an image with Java 25 or a newer one, or placement = \"host\""
    exit 78
  fi
fi

# On the class path of the boot loader, whose classes the JVM finds and reads by itself and does not verify; these are the bytes
# that the runner put there. It is a third of all work until the first line. What the application's own path has is never used.
jars=
for jar in @JARS@; do
  jars=$jars:$jar
done

# As in the launcher: less work for what runs a few times only. Xmn: without it new objects spread over 64 MB before any is
# collected, and the job has that memory more.
exec "$java" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx192m -Xmn24m -XX:-UsePerfData --enable-native-access=ALL-UNNAMED \
  --sun-misc-unsafe-memory-access=allow -Dio.netty.noUnsafe=false -Djdk.reflect.useNativeAccessorOnly=true \
  -Xlog:disable -Xlog:all=error:stderr "-Xbootclasspath/a$jars" -cp "$here/lib" @MAIN@
