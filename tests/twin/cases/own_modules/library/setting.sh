#!/bin/sh
# Sets the value of a name in a folder; its arguments come as key=value.
. "$1"
file=/etc/settings/$name
now=$(cat "$file" 2>/dev/null)
case $_deploy_tasks_undo in
look)
    if [ -e "$file" ]; then printf '{"_deploy_tasks_state": "%s"}' "$now"; else echo '{"_deploy_tasks_state": null}'; fi
    exit
    ;;
restore)
    if [ -n "$_deploy_tasks_state" ]; then printf '%s' "$_deploy_tasks_state" > "$file"; else rm -f "$file"; fi
    echo '{}'
    exit
    ;;
esac
if [ "$now" = "$value" ]; then
    echo '{"changed": false}'
    exit
fi
if [ "$_ansible_check_mode" != True ]; then
    printf '%s' "$value" > "$file"
fi
if [ "$value" = half ]; then
    echo 'no answer at all'
    exit 3
fi
printf '{"changed": true, "diff": {"before": "%s\\n", "after": "%s\\n"}, "msg": "set %s", "stdout": "one\\ntwo\\n"}\n' "$now" "$value" "$name"
