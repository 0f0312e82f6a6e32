#!/bin/sh
# Starts the agent in a build. What it says is seen by whoever may look at builds, so it says nothing of the job.
# Exit codes: 0 the job was delivered, 75 the manager has to finish it, 78 the agent cannot start.
set -u
here=$(CDPATH='' cd -- "${0%/*}" && pwd -P) || exit 78
say() { printf 'armrunner agent: %s\n' "$1"; }

java=
for home in "${JAVA_25_HOME:-}" "$here/runtime" "${JAVA_HOME:-}"; do
  if [ -n "$home" ] && [ -f "$home/bin/java" ]; then
    # Unpacking may have lost the right to execute.
    [ -x "$home/bin/java" ] || chmod -R u+rx "$home/bin" "$home/lib" 2>/dev/null
    if "$home/bin/java" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 --version 2>/dev/null | grep -q ' 2[5-9]\.\| 2[5-9] '; then
      java=$home/bin/java
      break
    fi
  fi
done
if [ -z "$java" ]; then
  say "this image has no Java 25 that runs: use a curated image of CodeBuild, or placement = \"host\""
  exit 78
fi
exec "$java" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx192m -XX:-UsePerfData --enable-native-access=ALL-UNNAMED \
  -Xlog:disable -Xlog:all=error:stderr -cp "@CLASS_PATH@" @MAIN@
