#!/bin/sh
# Gets what the tests need beyond Python: Java 17+ with Kafka's jars, Prometheus with promtool, and
# Alertmanager with amtool.
# Does nothing, quickly, when all is there. Starts no service. `make test` calls it.
set -eu
cd "$(dirname "$0")/.."

pom=tests/support/kafka/pom.xml
kafka_version=$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$pom")
kafka_jars=.cache/kafka/$kafka_version
prometheus=.cache/prometheus
alertmanager=.cache/alertmanager
templates=/usr/share/prometheus/alertmanager

have() { command -v "$1" >/dev/null 2>&1; }

# Installs Debian packages if we may, else prints one line that says how.
install() {
    if ! have apt-get; then
        echo "setup-tests: no apt-get here; install by hand: $*" >&2
        return 1
    fi
    if [ "$(id -u)" -eq 0 ]; then
        root=
    elif have sudo && sudo -n true 2>/dev/null; then
        root=sudo
    else
        echo "setup-tests: run as root: apt-get install --no-install-recommends $*" >&2
        return 1
    fi
    $root apt-get update -qq &&
        $root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

# Unpacks a Debian package below .cache: $1 its folder there, $2 its name, $3 its programs. Not
# installed: Debian's packages would start services on ports 9090 and 9093.
unpack() {
    if ! have apt-get || ! have dpkg-deb; then
        echo "setup-tests: no apt-get here; put $3 on the PATH" >&2
        return 1
    fi
    rm -rf "$1" "$1.part"
    mkdir -p "$1.part/deb"
    if [ "$(id -u)" -eq 0 ]; then
        chmod a+rwx "$1.part/deb" # apt fetches as its own user
        apt-get update -qq || return 1
    fi
    (cd "$1.part/deb" && apt-get download -qq "$2") &&
        dpkg-deb -x "$1.part"/deb/"$2"_*.deb "$1.part" &&
        rm -r "$1.part/deb" &&
        mv "$1.part" "$1"
}

copy_kafka_jars() {
    have java || install default-jre-headless || return 1
    have mvn || install maven || return 1
    rm -rf "$kafka_jars" "$kafka_jars.part"
    mkdir -p "$kafka_jars.part"
    mvn -q -B -f "$pom" dependency:copy-dependencies -DincludeScope=runtime \
        -DoutputDirectory="$PWD/$kafka_jars.part" >"$kafka_jars.log" || {
        cat "$kafka_jars.log" >&2
        return 1
    }
    mv "$kafka_jars.part" "$kafka_jars"
}

# What is brought gets its name only when it is whole, so an interrupted run leaves no half of it.
missing=
if [ ! -d "$kafka_jars" ] || ! have java; then copy_kafka_jars || missing="$missing Kafka"; fi
if ! { have prometheus && have promtool; } && [ ! -x "$prometheus/usr/bin/promtool" ]; then
    unpack "$prometheus" prometheus "prometheus and promtool" || missing="$missing Prometheus"
fi
if ! { have prometheus-alertmanager && have amtool; } && [ ! -x "$alertmanager/usr/bin/amtool" ]; then
    unpack "$alertmanager" prometheus-alertmanager "prometheus-alertmanager and amtool" ||
        missing="$missing Alertmanager"
fi
# Debian's program reads its templates from this one place and does not start without them.
if [ ! -e "$templates/default.tmpl" ] && [ -d "$alertmanager$templates" ]; then
    { mkdir -p "$templates" && cp "$alertmanager$templates"/*.tmpl "$templates"; } ||
        missing="$missing Alertmanager's-templates-in-$templates"
fi

if [ -n "$missing" ]; then
    echo "setup-tests: without$missing the tests that need it are skipped (with CI set: fail)" >&2
fi
