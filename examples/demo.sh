#!/bin/bash
# The whole way on this machine: 10 SSH hosts, a deployment through real Celery workers, a broken version that is rolled
# back. Leaves nothing running; Ctrl-C too.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 4
export PATH="$PWD/.venv/bin:$PATH"
HOSTS=${HOSTS:-10}
export DEPLOY_TASKS_STATE_DIR=$PWD/.state/demo
export DEPLOY_TASKS_CACHE_DIR=$PWD/.state/cache
inventory=$DEPLOY_TASKS_STATE_DIR/fleet/inventory.ini
service=

title() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] && [ -z "${NO_COLOR:-}" ] || title() { printf '\n%s\n' "$*"; }
show() { # the command as one would type it, then the command
    printf '$'
    for word in "$@"; do
        case $word in
            *[!A-Za-z0-9_./:@=,-]*) printf " '%s'" "$word" ;;
            *) printf ' %s' "$word" ;;
        esac
    done
    printf '\n'
    "$@"
}

leave() {
    status=$?
    trap '' INT TERM
    if [ -n "$service" ]; then
        kill -TERM "$service" 2>/dev/null
        wait "$service" 2>/dev/null
    fi
    deploy-tasks fleet down >/dev/null 2>&1
    rm -rf "$DEPLOY_TASKS_STATE_DIR"
    exit "$status"
}
trap leave EXIT
trap 'exit 130' INT TERM

must() { # STATUS COMMAND…: it has to end with this status
    wanted=$1
    shift
    show "$@"
    got=$?
    if [ "$got" != "$wanted" ]; then
        printf 'error: ended with %s instead of %s\n' "$got" "$wanted" >&2
        exit 1
    fi
}

deploy-tasks fleet down >/dev/null 2>&1
rm -rf "$DEPLOY_TASKS_STATE_DIR"
mkdir -p "$DEPLOY_TASKS_STATE_DIR"

title "1. $HOSTS SSH servers on this machine"
must 0 deploy-tasks fleet up "$HOSTS"
root=()
if [ "$(id -u)" != 0 ]; then # without root the hosts share this machine's files: a folder for each
    root=(-e 'web_root={{ deploy_tasks_state_dir }}/web')
fi

title "2. Redis and Celery workers"
printf '$ deploy-tasks up &\n'
deploy-tasks up --no-beat --no-flower &
service=$!
deploy-tasks doctor --wait 30 >/dev/null || exit 4

title "3. Deploy version 1.0.0 and verify it on every host"
must 0 deploy-tasks deploy examples/web/web.json -i "$inventory" --verify "${root[@]}"

title "4. Deploy version 2.0.0, whose health check fails"
must 1 deploy-tasks deploy examples/web/web-broken.json -i "$inventory" --verify "${root[@]}"

title "5. Every host is back on version 1.0.0"
must 0 deploy-tasks list -i "$inventory"
must 0 deploy-tasks status
read -r address port user < <(sed -n 's/.*ansible_host=\([^ ]*\) ansible_port=\([^ ]*\) ansible_user=\([^ ]*\).*/\1 \2 \3/p' "$inventory" | head -n 1)
web=/opt/web
if [ "$(id -u)" != 0 ]; then
    web=$(sed -n 's/.*deploy_tasks_state_dir=\([^ ]*\).*/\1/p' "$inventory" | head -n 1)/web
fi
fleet=$DEPLOY_TASKS_STATE_DIR/fleet
must 0 ssh -q -p "$port" -i "$fleet/id_ed25519" -o UserKnownHostsFile="$fleet/known_hosts" "$user@$address" cat "$web/run/web.conf"

title "Now yours: README.md, \"Your own plan\""
